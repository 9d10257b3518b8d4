"""References to samples: an id prefix, or a place in a dataset's file."""

from __future__ import annotations

import re
from collections.abc import Callable

from provenance.errors import DataError, RepositoryError, UnknownReferenceError
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.missing import name_some
from provenance.ledger.sidecars import Sidecars

_PREFIX = re.compile(r"[0-9a-fA-F]{6,128}")
_PLACE = re.compile(r"(?P<path>.+):(?P<row>[0-9]{1,18})", re.DOTALL)


FIELD = "field:"
_QUOTED_NAME = re.compile(r'"(?P<name>([^"]|"")+)"=(?P<value>.*)', re.DOTALL)


def is_prefix(reference: str) -> bool:
    """Whether it is written as a sample's id, or the beginning of one."""
    return _PREFIX.fullmatch(reference) is not None


def is_place(reference: str) -> bool:
    """Whether it is written as PATH:ROW."""
    return _PLACE.fullmatch(reference) is not None


def is_field(reference: str) -> bool:
    """Whether it is written as field:NAME=VALUE."""
    return reference.startswith(FIELD) and "=" in reference


def resolve(ledger: Sidecars, reference: str) -> str:
    """The id of the sample that ``reference`` names.

    It is six or more hex digits, PATH:ROW with rows from 1, ``field:NAME=VALUE`` where only one sample has that value
    in that column, or the path of a file that is a sample of a directory. PATH is a dataset's, or that of a file of a
    directory dataset.

    Raises:
        UnknownReferenceError: it names no sample, or more than one.
        SidecarError: the dataset at PATH has no sidecar.
        RepositoryError: the dataset at PATH is not on this machine.
        DataError: the row does not exist or cannot be read.
    """
    if is_field(reference):
        found = samples_of_field(ledger, reference.removeprefix(FIELD))
        return _only_one(reference, found, "take one of them", lambda sample_id: _with_datasets(ledger, sample_id))
    place = _PLACE.fullmatch(reference)
    if place:
        dataset = _around(ledger, place["path"]) or ledger.dataset(place["path"])
        return _by_place(ledger, dataset, place["path"], int(place["row"]))
    if is_prefix(reference):
        return _by_prefix(ledger, reference.lower())
    if (directory := _around(ledger, reference)) is not None:
        return _by_place(ledger, directory, reference, None)
    raise UnknownReferenceError(f"{reference}: neither a sample id (six or more hex digits) nor PATH:ROW")


def samples_of_field(ledger: Sidecars, condition: str) -> list[str]:
    """The ids of the samples that ``condition`` names by a column of the data.

    It is NAME=VALUE; a name with ``=`` in it stands in double quotes, as in SQL.
    """
    from provenance.ledger.rows_by_field import samples_where

    quoted = _QUOTED_NAME.fullmatch(condition)
    if quoted:
        return samples_where(ledger, quoted["name"].replace('""', '"'), quoted["value"])
    name, _, value = condition.partition("=")
    return samples_where(ledger, name, value)


def _around(ledger: Sidecars, path: str) -> RecordedDataset | None:
    """The directory dataset that ``path`` is in."""
    try:
        relative = ledger.repository.relative(path)
    except RepositoryError:
        return None
    return next((dataset for dataset in ledger.recorded if relative.startswith(f"{dataset.path}/")), None)


def _by_place(ledger: Sidecars, dataset: RecordedDataset, path: str, row: int | None) -> str:
    """The sample in row ``row`` of the file at ``path``, which is, or is in, the dataset; None: the file itself."""
    from provenance.identity import file_id, row_id
    from provenance.ledger.contents import named_as, whole_data
    from provenance.ledger.row_places import identity_of_sidecar, kept_places

    dataset.require_current()
    identity = identity_of_sidecar(ledger, dataset)
    places = None if row is None else kept_places(ledger, dataset)
    inside = ledger.repository.relative(path)[len(dataset.path) + 1 :]
    data = whole_data(ledger, dataset)
    with named_as(dataset, data):
        if row is None:
            found = file_id(data, inside, identity)
        elif places is not None and (number := places.row(inside, row)) is not None:
            from provenance.identity.picking import pick_rows

            (picked,) = pick_rows(data, identity, places, [number])
            found = picked.sample_id.hex()
        else:
            found = row_id(data / inside if inside else data, row, identity)
    if not ledger.occurrences(found):
        raise DataError(dataset.path, row, "has no record in the sidecar; `provenance verify` says what else differs")
    return found


def _by_prefix(ledger: Sidecars, prefix: str) -> str:
    found = ledger.lookups.beginning_with(prefix, most=11)
    if not found:
        raise UnknownReferenceError(f"{prefix}: no sample id in this revision starts with this{ledger.not_asked}")
    return _only_one(prefix, found, "give more digits")


def _only_one(reference: str, found: list[str], remedy: str, named: Callable[[str], str] = str) -> str:
    if len(found) > 1:
        # `name_some` names ten, and says that there are more if it is given more.
        some = name_some([*map(named, found[:10]), *found[10:11]])
        raise UnknownReferenceError(f"{reference}: fits more than one sample, {remedy}: {some}")
    return found[0]


def _with_datasets(ledger: Sidecars, sample_id: str) -> str:
    places = sorted({occurrence.dataset for occurrence in ledger.occurrences(sample_id)})
    return f"{sample_id} in {' and '.join(places)}" if places else sample_id
