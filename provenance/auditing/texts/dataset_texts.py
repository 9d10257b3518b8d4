"""The texts of a dataset, read once, for all measures that look at them.

They are kept in an Arrow file in the subject's folder, one row a row of the dataset: ``sample_id``, ``text``, ``words``
(hashes, see `words`) and the values of the fields that are compared. Measures stream it, the columns that they need;
nothing holds all of it. A dataset that several measures, or audits of several datasets, ask for is read once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from provenance.auditing.measure import NotMeasured, Subject
from provenance.auditing.texts.words import Words, words
from provenance.errors import RepositoryError
from provenance.identity import SampleBatch, scan
from provenance.ledger.contents import identity_of_sidecar, local_data, named_as
from provenance.ledger.part import Part

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

    def find(self, sample_ids: Iterable[bytes]) -> dict[bytes, str]:
        """The texts of these few samples."""
        missing = set(sample_ids)
        found: dict[bytes, str] = {}
        for batch in self.batches("sample_id", "text"):
            if not missing:
                break
            ids = batch["sample_id"]
            for row in np.flatnonzero(_are_in(ids, missing)).tolist():
                found.setdefault(ids[row].as_py(), batch["text"][row].as_py())
            missing -= found.keys()
        return found


def texts_of(part: Part, subject: Subject) -> Texts | NotMeasured:
    """The texts of ``part``, with the values of the subject's fields; not measured where its data is not at hand.

    Raises:
        DataError: the data cannot be read.
        SidecarError: the sidecar is of other data.
    """
    part.dataset.require_current()
    named = repr((part.ledger.rev, part.dataset.path, part.dataset.md5, subject.fields))
    file = subject.folder / "texts" / f"{hashlib.sha256(named.encode()).hexdigest()[:16]}.arrow"
    if not file.exists():
        try:
            data = local_data(part.ledger, part.dataset)
        except RepositoryError as error:
            return NotMeasured(str(error))
        file.parent.mkdir(parents=True, exist_ok=True)
        scanned = scan(data, identity_of_sidecar(part.ledger, part.dataset), texts_and=subject.fields)
        unfinished = file.with_suffix(".part")
        with named_as(part.dataset, data):
            write_texts(unfinished, scanned, subject.fields, part.dataset.sidecar.digest_size)
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
    column = batch["words"]
    offsets = column.offsets.to_numpy()
    return Words(column.values.to_numpy()[offsets[0] : offsets[-1]], offsets - offsets[0])


def write_texts(file: Path, batches: Iterable[SampleBatch], fields: Sequence[str], id_size: int) -> None:
    """Write the scratch file of a dataset's ``batches``, which have texts and values of ``fields``."""
    schema = pa.schema(
        [
            ("sample_id", pa.binary(id_size)),
            ("text", pa.large_string()),
            ("words", _WORDS),
            *((column_of(field), pa.large_string()) for field in fields),
        ]
    )
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            assert batch.texts is not None
            text = batch.texts.texts
            found = words(text)
            listed = pa.LargeListArray.from_arrays(pa.array(found.offsets), pa.array(found.hashes))
            values = [batch.texts.values[field] for field in fields]
            writer.write_batch(pa.record_batch([batch.sample_ids, text, listed, *values], schema=schema))


def _are_in(ids: pa.FixedSizeBinaryArray, wanted: set[bytes]) -> list[bool]:
    return [value in wanted for value in ids.to_pylist()]
