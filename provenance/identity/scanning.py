"""Scanning a dataset: the ids of its samples, in order, a block of rows at a time."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter
from typing import TypeVar

from provenance.errors import DataError
from provenance.identity.blocks import EncodedBlock, encode_block
from provenance.identity.canonical import ContentError
from provenance.identity.digests import digest_function
from provenance.identity.field_names import RESERVED_COLUMNS, Form, counts
from provenance.identity.fields import Choice, Look, Rule, Selection, is_late, select
from provenance.identity.formats import open_reader
from provenance.identity.formats.interface import Block, Reader, RowError
from provenance.identity.looking import look_at
from provenance.identity.samples import BlockTexts, Found, Identity, SampleBatch, TextPart
from provenance.identity.texts import block_texts

# Arrow leaves Python's lock while it works, so two threads keep two cores busy with what little Python does between.
_THREADS = 2
_BLOCKS_IN_FLIGHT = 3

_Result = TypeVar("_Result")


class Scan:
    """The samples of a dataset, to be iterated over once.

    Afterwards: ``selection`` (which values are content) and its ``rule`` (how content fields were chosen), ``fields``
    (sorted: the content fields that held a value),
    ``beside`` (sorted: the other columns that did), ``text_beside`` (those of them that read like text in the first
    rows, unless it was known which columns count), ``settled_out`` (those that would count had nobody settled that they
    do not), ``numbers`` (columns without types that were taken for numbers),
    ``kept`` and ``left`` (columns that were settled in or out before),
    ``rows``, ``names`` (all columns), ``reserved`` (the reserved columns that the data has) and ``files``: of a
    directory, its files by their paths in it, each with the number of its first row; a file without rows may be
    missing. ``marks``: where a reader can begin, see `Block.mark`, each with the number of the row that is first there;
    of a directory, in the row's file.
    """

    selection: Selection
    rule: Rule
    fields: tuple[str, ...]
    beside: tuple[str, ...]
    text_beside: tuple[str, ...]
    settled_out: tuple[str, ...]
    numbers: tuple[str, ...]
    kept: tuple[str, ...]
    left: tuple[str, ...]
    samples_are_files = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        identity: Identity,
        progress: Callable[[int], None] | None = None,
        texts_and: Sequence[str] | None = None,
        texts_part: TextPart = "all",
        between: str = "\n",
        watch: Callable[[int], None] | None = None,
        texts_beside: bool = False,
        start: tuple[int, int] | None = None,
        only: Sequence[str] | None = None,
        choice: Choice | None = None,
    ) -> None:
        self.rows = 0 if start is None else start[0] - 1
        self._watch = watch
        self._start = start
        self._only = only
        self.reserved: set[str] = set()
        self.files: list[tuple[int, str]] = []
        self.marks: list[tuple[int, int]] = []
        self._path = path
        self._identity = identity
        self._progress = progress
        self._texts_and = texts_and
        self._texts_part = texts_part
        self._between = between
        self._texts_beside = texts_beside
        self.names: set[str] = set()
        self._forms: set[tuple[str, Form]] = set()
        self._choice = choice
        self._look: Look | None = None if choice is None else choice.look

    def __iter__(self) -> Iterator[SampleBatch]:
        digest_function(self._identity.digest)  # an unknown digest is refused before any work
        reader = open_reader(self._path, self._identity, self._only)
        reader.watch = self._watch
        reader.start = None if self._start is None else self._start[1]
        with self._located():
            selection, blocks = self._select(reader)
            self.selection, self.rule = selection, selection.rule
            self.samples_are_files = reader.samples_are_files
            for block, future in _in_order(blocks, lambda block: self._read(block, selection)):
                self.files.extend((self.rows + 1 + offset, name) for offset, name in block.starts)
                if block.mark is not None:
                    self.marks.append((self.rows + 1, block.mark))
                encoded, texts = future.result()
                if len(encoded.ids):
                    yield self._batch(encoded, texts, selection)
        self.names.update(reader.column_names() or ())
        if self._choice is None:
            self._conclude(selection)

    def choose(self) -> Choice:
        """What counts, of which the first rows decide; raises as iterating does."""
        reader = open_reader(self._path, self._identity)
        with self._located():
            selection, _ = self._select(reader)
        return Choice(selection, self._look)

    @property
    def found(self) -> Found:
        """What was met in the rows that were read."""
        return Found(self.rows, frozenset(self.names), frozenset(self._forms), frozenset(self.reserved))

    def take(self, found: Iterable[Found]) -> None:
        """Let what others have ``found`` in the dataset's files, by the choice that was given, be found by this scan.

        Raises:
            DataError: a content field was declared that is in no row.
        """
        assert self._choice is not None
        for each in found:
            self.rows += each.rows
            self.names |= each.names
            self._forms |= each.forms
            self.reserved |= each.reserved
        self.selection, self.rule = self._choice.selection, self._choice.selection.rule
        self._conclude(self.selection)

    @contextmanager
    def _located(self) -> Iterator[None]:
        """What is wrong is raised with its place."""
        try:
            yield
        except RowError as error:
            raise self.error(self.rows + error.offset + 1, error.problem) from None
        except ContentError as error:
            raise DataError(self._path, None, str(error)) from None

    def place(self, row: int) -> tuple[str | None, int | None]:
        """Where row ``row`` is: a file of the directory and the row in it (None: all of it); ``row`` in a mere file."""
        return place_in(self.files, row, samples_are_files=self.samples_are_files)

    def error(self, row: int, problem: str) -> DataError:
        """The error that row ``row`` of the dataset has a problem, which names the place as people call it."""
        file, row_of_file = self.place(row)
        return DataError(self._path if file is None else os.path.join(str(self._path), file), row_of_file, problem)

    def _read(self, block: Block, selection: Selection) -> tuple[EncodedBlock, BlockTexts | None]:
        encoded = encode_block(block, selection, self._identity)
        if self._texts_and is None:
            return encoded, None
        texts = block_texts(
            block, selection, self._texts_and, self._texts_part, self._between, beside=self._texts_beside
        )
        return encoded, texts

    def _batch(self, encoded: EncodedBlock, texts: BlockTexts | None, selection: Selection) -> SampleBatch:
        if selection.rule == "table" and (look := self._look) is not None:
            late = sorted(name for name, form in encoded.forms if is_late(name, form, look))
            if late:
                problem = f"{late[0]!r} appears only after rows without any text; declare the content fields"
                raise RowError(0, problem)
        self.names |= encoded.names
        self._forms |= encoded.forms
        self.reserved |= encoded.names & RESERVED_COLUMNS
        batch = SampleBatch(
            self.rows + 1,
            encoded.ids,
            encoded.content_bytes,
            encoded.tokens,
            encoded.parents,
            encoded.parent_roles,
            encoded.stated,
            texts,
        )
        self.rows += len(encoded.ids)
        if self._progress is not None:
            self._progress(len(encoded.ids))
        return batch

    def _select(self, reader: Reader) -> tuple[Selection, Iterator[Block]]:
        """The rule for content fields, for which the first block is looked at, and all blocks, also of other fields."""
        identity = self._identity
        if self._choice is not None:
            selection = self._choice.selection
            return selection, reader.blocks(self._projection(reader, selection))
        is_settled = identity.settled is not None and identity.settled.table is not None
        if reader.samples_are_files or is_settled:
            selection = select(identity.fields, identity.settled, Look())
            return selection, reader.blocks(self._projection(reader, selection))
        blocks = reader.blocks()
        first = next(blocks, None)
        if first is None:
            return select(identity.fields, identity.settled, Look()), iter(())
        self._look = look_at(first, None if reader.has_types else identity.column_types)
        selection = select(identity.fields, identity.settled, self._look)
        columns = self._projection(reader, selection)
        if columns is not None and len(columns) < len(reader.column_names() or ()):
            return selection, reader.blocks(columns)
        return selection, chain([first], blocks)

    def _projection(self, reader: Reader, selection: Selection) -> list[str] | None:
        """The columns worth reading; None: the format does not say which there are."""
        wanted = {*RESERVED_COLUMNS, *(self._texts_and or ()), self._identity.tokens_field}
        names = reader.column_names()
        if names is None or self._texts_beside:
            return None
        return [name for name in names if name in wanted or selection.may_include(name)]

    def _conclude(self, selection: Selection) -> None:
        look = self._look or Look()
        fields = {name for name, form in self._forms if selection.includes(name, form)}
        # Of columns that were not read, since nothing in them counts, the first rows are known.
        seen = {name for name, _ in self._forms} | look.names
        self.fields = tuple(sorted(fields))
        self.beside = tuple(sorted(seen - fields - RESERVED_COLUMNS))
        self.text_beside = tuple(sorted(look.prose - fields - RESERVED_COLUMNS))
        would_count = {name for name, form in self._forms | look.forms if counts(name, form)}
        self.settled_out = tuple(sorted(would_count - fields - look.numbers - selection.numbers))
        is_declared = selection.rule == "declared"
        self.kept = () if is_declared else tuple(sorted(selection.kept))
        self.left = tuple(sorted(selection.left))
        self.numbers = tuple(sorted(selection.numbers))
        self._check_declared()

    def _check_declared(self) -> None:
        if self._start is None and self._only is None:
            require_declared(self._path, self._identity, self.names, self.rows)


def place_in(files: Sequence[tuple[int, str]], row: int, *, samples_are_files: bool) -> tuple[str | None, int | None]:
    """`Scan.place`, by `Scan.files`."""
    found = bisect_right(files, row, key=itemgetter(0)) - 1
    if found < 0:
        return None, row
    first, file = files[found]
    return file, None if samples_are_files else row - first + 1


def require_declared(path: str | os.PathLike[str], identity: Identity, names: Set[str], rows: int) -> None:
    """Refuse the dataset at ``path``, of so many ``rows``, where none of its columns is a declared content field.

    Raises:
        DataError: a field that ``identity`` declares is not among the ``names`` of the columns.
    """
    missing = sorted(set(identity.fields or ()) - names)
    if missing and rows:
        raise DataError(path, None, f"the declared content field {missing[0]!r} is in no row")


def scan(
    path: str | os.PathLike[str],
    identity: Identity,
    *,
    progress: Callable[[int], None] | None = None,
    texts_and: Sequence[str] | None = None,
    texts_part: TextPart = "all",
    between: str = "\n",
    watch: Callable[[int], None] | None = None,
    texts_beside: bool = False,
    start: tuple[int, int] | None = None,
    only: Sequence[str] | None = None,
    choice: Choice | None = None,
) -> Scan:
    """The samples of the dataset at ``path``; nothing is read before the result is iterated over.

    ``progress`` is called after each batch with the number of rows in it. With ``texts_and``, batches also have their
    rows' texts, ``texts_part`` of them, ``between`` between the values of a row, and values of these fields (which may
    be none); with ``texts_beside``, also the texts of columns that do not count. ``watch`` is called with the number of
    bytes that were read of the file, each time, where it `is_read_as_it_is`. ``start``: one of `Scan.marks` of the same
    file, to begin there. ``only``: of a directory, its files of these names, some that follow one another; whether
    declared fields are in any row is then for `require_declared`. ``choice``: what `Scan.choose` has decided; what
    follows from all rows is then for `Scan.take`. Iterating raises DataError, which names the row, where the dataset
    cannot be read or a value has no canonical form, and ProvenanceError for an unknown digest.
    """
    return Scan(path, identity, progress, texts_and, texts_part, between, watch, texts_beside, start, only, choice)


def _in_order(blocks: Iterator[Block], work: Callable[[Block], _Result]) -> Iterator[tuple[Block, Future[_Result]]]:
    """Each block with the result of ``work`` on it, in threads; an error in reading comes after what precedes it."""
    pending: deque[tuple[Block, Future[_Result]]] = deque()
    failure: RowError | DataError | None = None
    exhausted = False
    with ThreadPoolExecutor(_THREADS) as pool:
        while pending or not exhausted:
            while not exhausted and len(pending) < _BLOCKS_IN_FLIGHT:
                try:
                    block = next(blocks)
                    pending.append((block, pool.submit(work, block)))
                except StopIteration:
                    exhausted = True
                except (RowError, DataError) as error:
                    failure, exhausted = error, True
            if pending:
                yield pending.popleft()
    if failure is not None:
        raise failure
