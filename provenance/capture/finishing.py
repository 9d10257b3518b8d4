"""From a journal to the dataset and its sidecar."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.capture.identities import tokenizer_of
from provenance.capture.rejections import counted_reasons
from provenance.errors import DataError
from provenance.files import whole_file
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.completion import complete
from provenance.lineage.records import Activity
from provenance.lineage.schema import birth_schema
from provenance.lineage.sidecar import sidecar_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from provenance.capture.declaration import Declaration
    from provenance.capture.journal import Journal
    from provenance.identity import Identity
    from provenance.repository import Repository

_BATCH_ROWS = 8192


def finish(
    journal: Journal,
    repository: Repository,
    dataset: str,
    *,
    identity: Identity,
    declaration: Declaration,
    dependencies: Sequence[Dependency],
) -> None:
    """Write what ``journal`` holds as the dataset at ``dataset`` (its path from the DVC root), and its sidecar.

    Neither takes its place before both are written.

    Raises:
        DataError, SidecarError: see `complete`; nothing was replaced, and the journal is as it was.
    """
    file = repository.root / dataset
    activity = _ended(journal)
    # A fixed name, so that what a kill leaves is removed by the next run.
    workspace = journal.path.with_suffix(".work")
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir()
    data = workspace / file.name
    try:
        with whole_file(file) as temporary:
            births = workspace / "births.parquet"
            _write(journal, temporary, births, declaration.birth())
            # A dataset's format is told by its name, which the temporary file does not bear.
            data.symlink_to(temporary)
            complete(
                data,
                repository.root / sidecar_path(dataset),
                dataset_path=dataset,
                identity=identity,
                fingerprint=_fingerprint,
                workspace=workspace,
                tokenizer=tokenizer_of(repository.settings(), dataset),
                dependencies=dependencies,
                births=RecordedBirths(births, [activity], declaration.vocabulary(activity)),
            )
    except DataError as error:
        # Named by its own path, not by that of the file that was to become it.
        path = dataset if error.path == str(data) else error.path
        raise DataError(path, error.row, error.problem) from error
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def _ended(journal: Journal) -> Activity:
    packages = journal.packages or {}
    rejected = counted_reasons(journal.rejections())
    return Activity.model_validate(
        {**journal.activity, "packages": packages, "rejected": rejected, "ended": datetime.now(UTC)}
    )


def _write(journal: Journal, data: Path, births: Path, shared: Mapping[str, str | None]) -> None:
    lines = journal.lines()
    first_row = 1
    with open(data, "wb") as rows, pq.ParquetWriter(births, birth_schema(), compression="lz4") as writer:
        while batch := list(islice(lines, _BATCH_ROWS)):
            rows.writelines(orjson.dumps(line["row"], option=orjson.OPT_APPEND_NEWLINE) for line in batch)
            writer.write_batch(_birth_batch([shared | line["birth"] for line in batch], first_row))
            first_row += len(batch)


# How the journal's JSON becomes a column's values, where it is not the value itself.
_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "parents": lambda parents: [bytes.fromhex(parent) for parent in parents],
    "prompt": bytes.fromhex,
    "cost": Decimal,
}


def _birth_batch(births: Sequence[Mapping[str, Any]], first_row: int) -> pa.RecordBatch:
    schema = birth_schema()
    count = len(births)
    columns = {"row": pa.array(range(first_row, first_row + count)), "activity": pa.array([0] * count, pa.uint32())}
    for name in schema.names:
        if name not in columns:
            values = [birth.get(name) for birth in births]
            decode = _DECODERS.get(name)
            if decode is not None:
                values = [None if value is None else decode(value) for value in values]
            columns[name] = pa.array(values, schema.field(name).type)
    return pa.record_batch([columns[name] for name in schema.names], schema=schema)


def _fingerprint(data: Path) -> tuple[str | None, int]:
    """DVC's MD5, which DVC itself cannot be asked for yet: the file is not in its place."""
    with open(data, "rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest(), data.stat().st_size
