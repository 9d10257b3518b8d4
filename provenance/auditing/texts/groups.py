"""Which rows are compared with which: what models made against what they did not, and samples of both.

Compared are the audited dataset's synthetic and mixed rows or, where it has none, all of its rows. The reference is the
subject's reference dataset or, without one, the audited dataset's own real rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.chance.hashing import mixed, salt_of
from provenance.auditing.measure import NotMeasured, Subject
from provenance.auditing.texts.dataset_texts import PART_COLUMNS, Texts, column_of, part_of, part_words, texts_of
from provenance.ledger.part import Part
from provenance.lineage.records import Origin
from provenance.lineage.rules import MADE_BY_MODEL

# A longer text is never drawn: a few of its kind would be most of what is compared.
LONGEST_TEXT = 1 << 20

_MADE = frozenset(origin.value for origin in MADE_BY_MODEL)
_REAL = frozenset({"real"})
# As an engine numbers them.
_CODES = {origin.value: code for code, origin in enumerate(Origin)}
_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Group:
    """Some rows of a dataset: those whose origin, a byte for each row in the file ``origins``, is in ``codes``.

    ``origins`` is None where all rows are meant. ``called``: what they are, in words.
    """

    texts: Texts
    called: str
    origins: Path | None = None
    codes: tuple[int, ...] = ()

    def batches(self, *columns: str) -> Iterator[pa.RecordBatch]:
        """The group's rows in order."""
        if self.origins is None:
            yield from self.texts.batches(*columns)
            return
        with open(self.origins, "rb") as file:
            for batch in self.texts.batches(*columns):
                codes = np.frombuffer(file.read(batch.num_rows), np.uint8)
                yield batch.filter(pa.array(np.isin(codes, self.codes)))


@dataclass(frozen=True)
class Comparison:
    """Two groups to compare."""

    compared: Group
    reference: Group


def comparison(subject: Subject) -> Comparison | NotMeasured:
    """The groups to compare; not measured where there is nothing to compare with.

    Raises:
        DataError: data cannot be read.
        SidecarError: a sidecar is of other data.
    """
    present = _origins_present(subject.audited)
    path = subject.audited.dataset.path
    if not present:
        return NotMeasured(f"{path}: has no rows")
    if subject.reference is None and not (present & _MADE and present & _REAL):
        lacking = "real" if present & _MADE else "synthetic"
        return NotMeasured(f"{path}: has no {lacking} rows; name a dataset to compare it with as its reference")
    if subject.reference is not None and _is_same(subject.reference, subject.audited):
        return NotMeasured(f"{path}: is its own reference; name another, or none to compare with its own real rows")
    texts = texts_of(subject.audited, subject)
    if isinstance(texts, NotMeasured):
        return texts
    compared = Group(texts, f"{path}: all rows")
    if present & _MADE:
        compared = of_origins(subject, texts, _MADE)
        if subject.reference is None:
            return Comparison(compared, of_origins(subject, texts, _REAL))
    assert subject.reference is not None
    reference = texts_of(subject.reference, subject)
    if isinstance(reference, NotMeasured):
        return reference
    return Comparison(compared, Group(reference, f"{subject.reference.dataset.path}: all rows"))


def of_origins(subject: Subject, texts: Texts, origins: frozenset[str]) -> Group:
    """The audited dataset's rows of these origins; ``texts`` are the dataset's."""
    codes = tuple(sorted(_CODES[origin] for origin in origins))
    called = f"{subject.audited.dataset.path}: {' and '.join(sorted(origins, reverse=True))} rows"
    return Group(texts, called, _origins(subject, texts), codes)


@dataclass(frozen=True)
class Size:
    """How much is drawn at most: rows, and bytes of their texts."""

    rows: int
    bytes: int


@dataclass(frozen=True)
class Sample:
    """Rows of a group with different texts: ``rows`` with ``sample_id``, ``text``, ``words``, ``key`` and fields.

    ``of``: how many rows with words the group has, copies and all.
    """

    rows: pa.Table
    of: int


def draw(group: Group, size: Size, seed: int, fields: tuple[str, ...] = (), first: pa.Array | None = None) -> Sample:
    """The rows of least hash of their text and the seed: a sample that no order of rows, and nobody, chooses.

    Of copies only one is taken; texts without words and those longer than `LONGEST_TEXT` are not. Samples whose ids are
    among ``first`` are taken before others. Memory is bounded by ``size`` and a batch.
    """
    columns = ("sample_id", *PART_COLUMNS, "key", *map(column_of, fields))
    salt = salt_of(seed, "sample")
    kept: list[pa.Table] = []
    kept_bytes, seen, limit = 0, 0, np.iinfo(np.uint64).max
    for batch in group.batches(*columns):
        table, has_words = _rows_with_ranks(batch, salt, first)
        seen += int(has_words.sum())
        fits = pc.binary_length(table["text"]).to_numpy() <= LONGEST_TEXT
        table = table.filter(pa.array(has_words & fits & (table["rank"].to_numpy() <= limit)))
        kept.append(table)
        kept_bytes += int(_text_bytes(table).sum())
        if kept_bytes > 2 * size.bytes or sum(map(len, kept)) > 2 * size.rows:
            kept, full = _lowest(kept, size)
            kept_bytes = int(_text_bytes(kept[0]).sum())
            limit = kept[0]["rank"][-1].as_py() if full else limit
    if not kept:
        return Sample(pa.table({name: [] for name in ("sample_id", "text", "words", "key")}), 0)
    return Sample(_lowest(kept, size)[0][0].drop_columns("rank"), seen)


def _rows_with_ranks(
    batch: pa.RecordBatch, salt: int, first: pa.Array | None
) -> tuple[pa.Table, npt.NDArray[np.bool_]]:
    """The rows of a batch with the part of the text that is compared and a ``rank``; and which of them have words."""
    words = part_words(batch)
    others = [name for name in batch.schema.names if name not in PART_COLUMNS]
    # One bit is left for what comes first.
    rank = mixed(batch["key"].to_numpy(), salt) >> np.uint64(1)
    if first is not None:
        rank[~pc.is_in(batch["sample_id"], first).to_numpy(zero_copy_only=False)] |= np.uint64(1 << 63)
    columns = {name: batch[name] for name in others} | {"text": part_of(batch), "words": words, "rank": pa.array(rank)}
    return pa.table(columns), pc.list_value_length(words).to_numpy() > 0


def _lowest(tables: list[pa.Table], size: Size) -> tuple[list[pa.Table], bool]:
    """The rows of lowest rank, in its order, each text once; and whether ``size`` is full."""
    table = pa.concat_tables(tables).sort_by([("rank", "ascending"), ("sample_id", "ascending")])
    keys = table["key"].to_numpy()
    _, firsts = np.unique(keys, return_index=True)
    table = table.take(pa.array(np.sort(firsts)))
    before = np.cumsum(_text_bytes(table)) - _text_bytes(table)
    many = min(int(np.searchsorted(before, size.bytes)), size.rows)
    return [table.slice(0, many).combine_chunks()], many < len(table)


def _text_bytes(table: pa.Table) -> npt.NDArray[np.int64]:
    lengths: npt.NDArray[np.int64] = pc.binary_length(table["text"]).to_numpy().astype(np.int64)
    return lengths


def _is_same(one: Part, other: Part) -> bool:
    """Whether both are the same data, under whatever name or revision."""
    stated, others = one.dataset.sidecar.header.dataset, other.dataset.sidecar.header.dataset
    return stated.md5 is not None and stated.md5 == others.md5


def _origins_present(part: Part) -> set[str]:
    """The origins that a row of the dataset has, if only possibly."""
    return {born.origin for born in part.rows.births}


def _origins(subject: Subject, texts: Texts) -> Path:
    """A file with the code of each audited row's origin, in the order of rows."""
    file = texts.path.with_suffix(".origins")
    if file.exists():
        return file
    unfinished = file.with_suffix(".part")
    with open(unfinished, "wb") as sink:
        for batch in subject.audited.questions.origins(texts.batches("sample_id"), _BATCH_ROWS):
            sink.write(batch["code"].to_numpy().tobytes())
    return unfinished.replace(file)
