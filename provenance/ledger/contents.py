"""What samples say: their rows, read back from a dataset that holds them."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import DataError, RepositoryError
from provenance.identity import scan
from provenance.identity.names import is_read_by_ranges
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.row_places import first_rows, identity_of_sidecar, made_places
from provenance.ledger.sidecars import Sidecars
from provenance.stored import FolderElsewhere, StoredFile

if TYPE_CHECKING:
    from provenance.identity.row_places import RowPlaces


# Of more samples than these, it is worth to have the index built that says where they are.
_MOST_LOOKED_UP = 32


def whole_data(ledger: Sidecars, dataset: RecordedDataset) -> Path:
    """As `local_data`, for who reads rows alone: what is only on object storage is read there, if its format can be.

    Raises:
        RepositoryError: the data is not on this machine and cannot be fetched.
    """
    repository, path, rev = ledger.repository, dataset.path, ledger.rev
    file = repository.data_file(path, rev, in_place=is_read_by_ranges(path))
    if isinstance(file, StoredFile):
        return file.named(path)
    files = (repository.directory_files(path, rev, in_place=True) if file is None else None) or {}
    stored = {name: each.named(f"{path}/{name}") for name, each in files.items() if isinstance(each, StoredFile)}
    if stored and len(stored) == len(files) and all(map(is_read_by_ranges, stored)):
        return FolderElsewhere(path, stored)
    return local_data(ledger, dataset)


def local_data(ledger: Sidecars, dataset: RecordedDataset) -> Path:
    """A file or directory to read with the dataset's data, under names that tell formats.

    Raises:
        RepositoryError: the data is not on this machine and cannot be fetched.
    """
    name = Path(dataset.path).name
    file = ledger.repository.data_file(dataset.path, ledger.rev)
    if file is not None and file.name == name:
        return file
    # Objects of DVC's cache have no names.
    link = ledger.folder / str(dataset.place) / name
    if os.path.lexists(link):
        return link
    files = ledger.repository.directory_files(dataset.path, ledger.rev) if file is None else {"": file}
    if files is None:
        at = "" if ledger.rev is None else " --all-commits"
        pull = f"`dvc pull{at} {shlex.quote(dataset.path)}`"
        raise RepositoryError(f"{dataset.path}: its data is not here; fetch it with {pull}")
    for inside, target in files.items():
        (link / inside).parent.mkdir(parents=True, exist_ok=True)
        (link / inside).symlink_to(target.absolute())
    return link


@contextmanager
def named_as(dataset: RecordedDataset, data: Path) -> Iterator[None]:
    """Errors in the dataset, whose data is read at ``data``, name it by its path."""
    try:
        yield
    except DataError as error:
        raise error.renamed(data, dataset.path) from error


@dataclass(frozen=True)
class Content:
    """What a sample says. ``values``: its content fields, as text; of a file that is a sample: none.

    ``place``: a row that bears it, as PATH:ROW (of a file that is a sample: PATH), from the DVC root.
    """

    place: str
    values: Mapping[str, str]

    @property
    def text(self) -> str:
        """All of it as one text; of a file that is a sample, its path."""
        if not self.values:
            return self.place
        if len(self.values) == 1:
            return next(iter(self.values.values()))
        return "\n".join(f"{name}: {value}" for name, value in self.values.items())


def contents(ledger: Sidecars, sample_ids: Iterable[str]) -> dict[str, Content]:
    """The content of those samples that occur in a dataset whose data is here.

    A dataset of which it is not known which sample is in which row is read once as a whole; the smallest come first.
    """
    missing = {bytes.fromhex(sample_id) for sample_id in sample_ids}
    found: dict[str, Content] = {}
    for dataset in holders(ledger, missing):
        if not missing:
            break
        try:
            data = whole_data(ledger, dataset)
        except RepositoryError:
            continue
        with named_as(dataset, data):
            for sample_id, content in _contents_of(ledger, dataset, data, missing):
                found[sample_id.hex()] = content
                missing.discard(sample_id)
    return found


def _contents_of(
    ledger: Sidecars, dataset: RecordedDataset, data: Path, sample_ids: Collection[bytes]
) -> Iterator[tuple[bytes, Content]]:
    """Those of the samples that the dataset has, each with what it says."""
    from provenance.identity.picking import pick_rows

    places = made_places(ledger, dataset, data)
    if places is None:
        for sample_id, path in _files(ledger, dataset, data, sample_ids).items():
            yield sample_id, Content(path, {})
        return
    fields = dataset.sidecar.header.identity.fields
    rows = first_rows(ledger, dataset, places, data, sample_ids)
    for row in pick_rows(data, identity_of_sidecar(ledger, dataset), places, list(rows.values())):
        if row.sample_id in rows:
            place = named_row(dataset, places, row.number)
            yield row.sample_id, Content(place, _values(row.values, fields))


def texts(ledger: Sidecars, sample_ids: Iterable[str]) -> dict[str, str]:
    """The content of samples as one text each, see `contents`."""
    return {sample_id: content.text for sample_id, content in contents(ledger, sample_ids).items()}


def rows_of(ledger: Sidecars, dataset: RecordedDataset, sample_ids: Iterable[str]) -> dict[str, str]:
    """PATH:ROW of the first row that holds each of the samples, in the order of the rows (of a file that is one: PATH).

    Only data that lies in the workspace is looked at. PATH is from the DVC root.
    """
    data = ledger.repository.root / dataset.path
    wanted = {bytes.fromhex(sample_id) for sample_id in sample_ids}
    if ledger.rev is not None or not wanted or not data.exists():
        return {}
    with named_as(dataset, data):
        places = made_places(ledger, dataset, data)
        if places is None:
            named = _files(ledger, dataset, data, wanted)
        else:
            rows = first_rows(ledger, dataset, places, data, wanted)
            named = {sample_id: named_row(dataset, places, row) for sample_id, row in rows.items()}
    return {sample_id.hex(): name for sample_id, name in named.items()}


def named_row(dataset: RecordedDataset, places: RowPlaces, row: int) -> str:
    """Row ``row`` of the dataset as PATH:ROW, from the DVC root."""
    inside, in_file = places.place(row)
    return f"{dataset.path if inside is None else f'{dataset.path}/{inside}'}:{in_file}"


def holders(ledger: Sidecars, sample_ids: Collection[bytes]) -> list[RecordedDataset]:
    """The datasets that have rows of any of the samples, the smallest first."""
    if len(sample_ids) <= _MOST_LOOKED_UP:
        places = {place for sample_id in sample_ids for place in ledger.lookups.rows_of(sample_id.hex())}
    else:
        numbers = ledger.graph.numbers(sample_id.hex() for sample_id in sample_ids)
        counted = [ledger.graph.rows_of(number) for number in numbers.tolist() if number >= 0]
        places = {place for rows in counted for place, number in enumerate(rows) if number}
    found = [dataset for dataset in ledger.recorded if dataset.place in places]
    return sorted(found, key=lambda dataset: (dataset.rows, dataset.path))


def _files(ledger: Sidecars, dataset: RecordedDataset, data: Path, wanted: Collection[bytes]) -> dict[bytes, str]:
    """The place, as `Content.place`, of each of the ``wanted`` samples in data of which no row places are kept."""
    import pyarrow as pa
    import pyarrow.compute as pc

    identity = identity_of_sidecar(ledger, dataset)
    found: dict[bytes, str] = {}
    scanned = scan(data, identity)
    asked = pa.array(sorted(wanted), pa.binary(identity.digest_size))
    for batch in scanned:
        offsets = pc.indices_nonzero(pc.is_in(batch.sample_ids, asked))
        for offset, sample_id in zip(offsets.to_pylist(), batch.sample_ids.take(offsets).to_pylist(), strict=True):
            inside, row = scanned.place(batch.first_row + offset)
            path = dataset.path if inside is None else f"{dataset.path}/{inside}"
            found.setdefault(sample_id, path if row is None else f"{path}:{row}")
        if len(found) == len(wanted):
            break
    return found


def _values(row: dict[str, object], fields: Collection[str]) -> dict[str, str]:
    return {name: _value(value) for name, value in row.items() if name in fields and value is not None}


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
