"""Samples by a column that people know their rows by, ``field:doc_id=KB-0003``, where one only has to look.

Sidecars do not keep columns that are no content, so the data itself is read, of every dataset of the revision. A
dataset whose data is not on this machine may have such a row, so the question is then not answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow.compute as pc

from provenance.errors import UnknownReferenceError
from provenance.identity import SampleBatch, Scan, scan
from provenance.identity.as_text import value_as_text
from provenance.ledger.contents import named_as, whole_data
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.missing import name_some
from provenance.ledger.row_places import identity_of_sidecar
from provenance.ledger.sidecars import Sidecars


def samples_where(ledger: Sidecars, field: str, value: str) -> list[str]:
    """The ids, in order, of the samples of all rows whose column ``field`` is ``value``, as text.

    Raises:
        UnknownReferenceError: no dataset of the revision has such a row.
        RepositoryError: the data of a dataset is not on this machine and cannot be fetched.
        SidecarError: a sidecar is of other data.
        DataError: data cannot be read.
    """
    if not (field and value):
        raise UnknownReferenceError(f"field:{field}: write field:NAME=VALUE, such as field:doc_id=KB-0003")
    found: set[str] = set()
    has_field = False
    columns: set[str] = set()
    for dataset in ledger.recorded:
        samples, has_it, theirs = _samples_of(ledger, dataset, field, value)
        found |= samples
        has_field |= has_it
        columns |= theirs
    if not found:
        problem = _why_none(field, value, has_field, columns)
        raise UnknownReferenceError(f"field:{field}={value}: {problem}{ledger.not_asked}")
    return sorted(found)


def _why_none(field: str, value: str, has_field: bool, columns: set[str]) -> str:
    if has_field:
        other = _as_compared(value)
        hint = "" if other == value else f"; a number or truth value is compared as {other}"
        return f"no row of this revision has this {field}{hint}"
    if field in columns:
        return f"the column {field} has no text, numbers or truth values to compare"
    return no_such_column(field, columns)


def no_such_column(field: str, columns: set[str]) -> str:
    """In words: none of the datasets, which have ``columns``, has this one."""
    return f"no dataset has the column {field}; known: {name_some(sorted(columns))}"


def _as_compared(value: str) -> str:
    """How ``value`` is spelt where a column of numbers or truth values has it: ``2.0`` is 2, ``True`` is true."""
    if value.lower() in ("true", "false"):
        return value.lower()
    try:
        number = float(value)
    except ValueError:
        return value
    return value_as_text(number) or value


def _samples_of(ledger: Sidecars, dataset: RecordedDataset, field: str, value: str) -> tuple[set[str], bool, set[str]]:
    """Those of one dataset, whether any of its rows has something to compare in the column, and its columns."""
    found: set[str] = set()
    has_field = False
    scanned, batches = read_with(ledger, dataset, [field])
    for batch in batches:
        assert batch.texts is not None
        values = batch.texts.values[field]
        has_field |= values.null_count < len(values)
        fits = pc.fill_null(pc.equal(values, value), False)
        found.update(sample_id.hex() for sample_id in batch.sample_ids.filter(fits).to_pylist())
    return found, has_field, {*scanned.fields, *scanned.beside}


def read_with(ledger: Sidecars, dataset: RecordedDataset, fields: Sequence[str]) -> tuple[Scan, Iterator[SampleBatch]]:
    """The scan of a dataset, and its rows with the text of what they have in ``fields``; none where samples are files.

    Raises:
        RepositoryError: the data is not on this machine and cannot be fetched.
        SidecarError: the sidecar is of other data.
        DataError: data cannot be read, when it comes to that.
    """
    dataset.require_current()
    data = whole_data(ledger, dataset)
    scanned = scan(data, identity_of_sidecar(ledger, dataset), texts_and=fields)

    def batches() -> Iterator[SampleBatch]:
        with named_as(dataset, data):
            for batch in scanned:
                if scanned.samples_are_files or batch.texts is None:
                    return
                yield batch

    return scanned, batches()
