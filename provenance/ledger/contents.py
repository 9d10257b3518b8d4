"""What samples say: their rows, read back from a dataset that holds them."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import DataError, RepositoryError
from provenance.identity import Identity, read_row, scan
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.content_choice import identity_by


def identity_of_sidecar(ledger: Sidecars, dataset: RecordedDataset) -> Identity:
    """How the ids in the dataset's sidecar were made."""
    stated = dataset.sidecar.header.identity
    types = ledger.repository.settings(ledger.rev).for_dataset(dataset.path).types
    file_ids = ledger.repository.file_ids(dataset.path, ledger.rev)
    return identity_by(stated, column_types=types, file_ids=file_ids)


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
        raise RepositoryError(f"{dataset.path}: its data is not here; fetch it with `dvc pull{at} {dataset.path}`")
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

    A sidecar does not say in which row a sample is, so each dataset that holds some of the samples is scanned, the
    smallest first, until all are found.
    """
    missing = {bytes.fromhex(sample_id) for sample_id in sample_ids}
    found: dict[str, Content] = {}
    for dataset in _holders(ledger, missing):
        if not missing:
            break
        identity = identity_of_sidecar(ledger, dataset)
        try:
            file = local_data(ledger, dataset)
        except RepositoryError:
            continue
        with named_as(dataset, file):
            for sample_id, (inside, row) in _places(file, identity, missing).items():
                path = dataset.path if inside is None else f"{dataset.path}/{inside}"
                if row is None:
                    found[sample_id.hex()] = Content(path, {})
                else:
                    content = read_row(file if inside is None else file / inside, row, identity)
                    values = _values(content, dataset.sidecar.header.identity.fields)
                    found[sample_id.hex()] = Content(f"{path}:{row}", values)
                missing.discard(sample_id)
    return found


def texts(ledger: Sidecars, sample_ids: Iterable[str]) -> dict[str, str]:
    """The content of samples as one text each, see `contents`."""
    return {sample_id: content.text for sample_id, content in contents(ledger, sample_ids).items()}


def rows_of(ledger: Sidecars, dataset: RecordedDataset, sample_ids: Iterable[str], most_rows: int) -> dict[str, str]:
    """PATH:ROW of the first row that bears each of the samples, for people to look at (of a file that is one: PATH).

    Only data that lies in the workspace is looked at, and of it about ``most_rows`` rows: samples that are not there
    are left out. PATH is from the DVC root.
    """
    data = ledger.repository.root / dataset.path
    wanted = {bytes.fromhex(sample_id) for sample_id in sample_ids}
    if ledger.rev is not None or not wanted or not data.exists():
        return {}
    with named_as(dataset, data):
        places = _places(data, identity_of_sidecar(ledger, dataset), wanted, most_rows)
    named = {}
    for sample_id, (inside, row) in places.items():
        path = dataset.path if inside is None else f"{dataset.path}/{inside}"
        named[sample_id.hex()] = path if row is None else f"{path}:{row}"
    return named


def _holders(ledger: Sidecars, sample_ids: set[bytes]) -> list[RecordedDataset]:
    holders = [ledger.recorded[place] for place in ledger.engine.holders(sorted(sample_ids))]
    return sorted(holders, key=lambda dataset: (dataset.sidecar.header.dataset.size, dataset.path))


def _places(
    file: Path, identity: Identity, wanted: set[bytes], most_rows: int | None = None
) -> dict[bytes, tuple[str | None, int | None]]:
    """The first place, see `Scan.place`, of each of the ``wanted`` samples that the dataset at ``file`` has.

    ``most_rows``: no further batch is read once so many rows have been.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows: dict[bytes, int] = {}
    scanned = scan(file, identity)
    asked = pa.array(sorted(wanted), pa.binary(identity.digest_size))
    for batch in scanned:
        offsets = pc.indices_nonzero(pc.is_in(batch.sample_ids, asked))
        for offset, sample_id in zip(offsets.to_pylist(), batch.sample_ids.take(offsets).to_pylist(), strict=True):
            rows.setdefault(sample_id, batch.first_row + offset)
        if len(rows) == len(wanted) or (most_rows is not None and scanned.rows >= most_rows):
            break
    return {sample_id: scanned.place(row) for sample_id, row in rows.items()}


def _values(row: dict[str, object], fields: Collection[str]) -> dict[str, str]:
    return {name: _value(value) for name, value in row.items() if name in fields and value is not None}


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
