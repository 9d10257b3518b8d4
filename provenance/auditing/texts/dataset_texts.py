"""The texts of a dataset, read once, for all measures that look at them.

They are kept in an Arrow file in the subject's folder, one row a row of the dataset: ``sample_id``, ``text``, ``words``
(hashes, see `words`), the part of the text that is compared with other rows' (``part``, ``part_words``: null where it
is all of the text) and a hash of it as people read it (``key``), and the values of the fields that are looked at.
Measures stream it, the columns that they need; nothing holds all of it. A dataset that several measures, or audits of
several datasets, ask for is read once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from provenance.auditing.measure import NotMeasured, Subject
from provenance.auditing.texts.normal import as_read_column
from provenance.auditing.texts.words import Words, words_as_read
from provenance.errors import RepositoryError
from provenance.identity import SampleBatch, scan
from provenance.identity.arrow_values import null_where
from provenance.identity.samples import BlockTexts
from provenance.ledger.contents import named_as, whole_data
from provenance.ledger.part import Part
from provenance.ledger.row_places import identity_of_sidecar

PART_COLUMNS = ("part", "text", "part_words", "words")
_WORDS = pa.large_list(pa.uint32())


@dataclass(frozen=True)
class Texts:
    """The texts of one dataset, in the Arrow file at ``path``."""

    path: Path

    def batches(self, *columns: str) -> Iterator[pa.RecordBatch]:
        """The dataset's rows in order, a few thousand at a time, with just these columns."""
        with pa.OSFile(str(self.path)) as file:
            names = pa.ipc.open_file(file).schema.names
        places = sorted(names.index(column) for column in columns)
        options = pa.ipc.IpcReadOptions(included_fields=places)
        with pa.OSFile(str(self.path)) as file, pa.ipc.open_file(file, options=options) as reader:
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

    def have_words(self) -> bool:
        """Whether any row has a word."""
        return any(len(words_of(batch).hashes) for batch in self.batches("words"))

    def find_parts(self, sample_ids: Iterable[bytes]) -> dict[bytes, str]:
        """Of the texts of these few samples, the part that is compared."""
        missing = set(sample_ids)
        found: dict[bytes, str] = {}
        for batch in self.batches("sample_id", "part", "text"):
            if not missing:
                break
            ids, parts = batch["sample_id"], part_of(batch)
            for row in np.flatnonzero(_are_in(ids, missing)).tolist():
                found.setdefault(ids[row].as_py(), parts[row].as_py())
            missing -= found.keys()
        return found


def texts_of(part: Part, subject: Subject) -> Texts | NotMeasured:
    """The texts of ``part``, with the values of the subject's fields; not measured where its data is not at hand.

    Raises:
        DataError: the data cannot be read.
        SidecarError: the sidecar is of other data.
    """
    part.dataset.require_current()
    fields = subject.fields_read
    named = repr((part.ledger.rev, part.dataset.path, part.dataset.md5, fields, subject.text))
    file = subject.folder / "texts" / f"{hashlib.sha256(named.encode()).hexdigest()[:16]}.arrow"
    if not file.exists():
        try:
            data = whole_data(part.ledger, part.dataset)
        except RepositoryError as error:
            return NotMeasured(str(error))
        file.parent.mkdir(parents=True, exist_ok=True)
        identity = identity_of_sidecar(part.ledger, part.dataset)
        scanned = scan(data, identity, texts_and=fields, texts_part=subject.text)
        unfinished = file.with_suffix(".part")
        with named_as(part.dataset, data):
            write_texts(unfinished, scanned, fields, part.dataset.sidecar.digest_size)
        if scanned.rows and scanned.samples_are_files:
            unfinished.unlink()
            return NotMeasured(f"{part.dataset.path}: its samples are files, which are not read as text")
        os.replace(unfinished, file)
    return Texts(file)


def column_of(field: str) -> str:
    """The name of the column that holds the values of ``field``."""
    return f"field {field}"


def words_of(batch: pa.RecordBatch) -> Words:
    """The words of a batch's rows."""
    return listed_words(batch["words"])


def part_of(batch: pa.RecordBatch) -> pa.LargeStringArray:
    """The part of a batch's texts that is compared; it needs the columns ``part`` and ``text``."""
    return pc.coalesce(batch["part"], batch["text"])


def part_words(batch: pa.RecordBatch) -> pa.LargeListArray:
    """The words of `part_of`, as lists; it needs the columns ``part_words`` and ``words``."""
    if batch["part_words"].null_count == batch.num_rows:
        return batch["words"]
    return pc.if_else(pc.is_valid(batch["part_words"]), batch["part_words"], batch["words"])


def listed_words(column: pa.LargeListArray) -> Words:
    """Words as they are listed in a column without nulls."""
    offsets = column.offsets.to_numpy()
    return Words(column.values.to_numpy()[offsets[0] : offsets[-1]], offsets - offsets[0])


def write_texts(file: Path, batches: Iterable[SampleBatch], fields: Sequence[str], id_size: int) -> None:
    """Write the scratch file of a dataset's ``batches``, which have texts and values of ``fields``."""
    schema = pa.schema(
        [
            ("sample_id", pa.binary(id_size)),
            ("text", pa.large_string()),
            ("words", _WORDS),
            ("part", pa.large_string()),
            ("part_words", _WORDS),
            ("key", pa.uint64()),
            *((column_of(field), pa.large_string()) for field in fields),
        ]
    )
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            assert batch.texts is not None
            values = [batch.texts.values[field] for field in fields]
            columns = [batch.sample_ids, *_text_columns(batch.texts), *values]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _text_columns(texts: BlockTexts) -> tuple[pa.Array, ...]:
    """``text``, ``words``, ``part``, ``part_words`` and ``key``."""
    text, part = texts.texts, texts.part
    read = as_read_column(text)
    found = _listed(words_as_read(read))
    if part is None or part.equals(text):
        return text, found, pa.nulls(len(text), text.type), pa.nulls(len(text), _WORDS), _keys(read)
    is_all = pc.equal(part, text)
    few = as_read_column(pc.if_else(is_all, pa.scalar("", text.type), part))
    of_part = _listed(words_as_read(few), mask=is_all)
    keys = _keys(pc.if_else(is_all, read, few))
    return text, found, null_where(is_all, part), of_part, keys


def _listed(found: Words, mask: pa.BooleanArray | None = None) -> pa.LargeListArray:
    return pa.LargeListArray.from_arrays(pa.array(found.offsets), pa.array(found.hashes), mask=mask)


def _keys(read: pa.LargeStringArray) -> pa.UInt64Array:
    """A hash of each text, which is as people read it."""
    digest = xxhash.xxh3_64_intdigest
    return pa.array([digest(text) for text in read.cast(pa.large_binary()).to_pylist()], pa.uint64())


def _are_in(ids: pa.FixedSizeBinaryArray, wanted: set[bytes]) -> list[bool]:
    return [value in wanted for value in ids.to_pylist()]
