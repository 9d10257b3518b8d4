"""From a journal to the dataset and its sidecar."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.capture.birth_columns import births_of_json, with_shared
from provenance.capture.identities import tokenizer_of
from provenance.capture.recording.rejections import calls_taken, counted_reasons
from provenance.capture.saying import say
from provenance.errors import DataError
from provenance.files import md5_of, whole_file
from provenance.identity.names import sidecar_path
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.completion import complete
from provenance.lineage.records import Activity, Agent, Origin
from provenance.lineage.schema import birth_schema
from provenance.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.terms import Declaration
    from provenance.identity import Identity
    from provenance.lineage.vocabulary import Vocabulary
    from provenance.repository import Repository

_BATCH_ROWS = 16_384
_BATCH_BYTES = 16 << 20
_NOTHING = b"null"  # the JSON of a birth that is not known


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
    activities, vocabulary = _ended(journal, declaration)
    # A fixed name, so that what a kill leaves is removed by the next run.
    workspace = journal.path.with_suffix(".work")
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir()
    data = workspace / file.name
    try:
        with whole_file(file) as temporary:
            births = workspace / "births.parquet"
            unlinked = _write(journal, temporary, births, declaration.birth())
            # A dataset's format follows from its name, which the temporary file does not have.
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
                births=RecordedBirths(births, activities, vocabulary),
            )
    except DataError as error:
        # Named by its own path, not by that of the file that was to become it.
        path = dataset if error.path == str(data) else error.path
        raise DataError(path, error.row, error.problem) from error
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    if unlinked:
        say(
            f"{dataset}: no observed call was linked to {counted(unlinked, 'row')}, whose model is not known; give "
            "recorder.write the response= that each was made from"
        )


def _ended(journal: Journal, declaration: Declaration) -> tuple[list[Activity], Vocabulary]:
    """The recording's activity, then one for each observed model with its parameters; and all that they name."""
    ended = {**journal.activity, "packages": journal.packages or {}, "ended": datetime.now(UTC)}
    rejections = [*journal.rejections()]
    reasons = Counter(each["reason"] for each in rejections if "reason" in each)
    makers = [(Agent.model_validate(maker["agent"]), maker["parameters"]) for maker in journal.makers]
    prices = [Activity.model_validate(ended).price, *(declaration.price_of(agent) for agent, _ in makers)]
    taken = calls_taken((each.get("took", {}) for each in rejections), prices)
    recording = Activity.model_validate({**ended, "rejected": counted_reasons(reasons), "rejected_calls": taken.get(0)})
    activities, vocabulary = [recording], declaration.vocabulary(recording)
    for number, (agent, parameters) in enumerate(makers, start=1):
        of_maker = {"agent": agent.id, "parameters": parameters, "price": prices[number]}
        activity = Activity.model_validate(ended | of_maker | {"rejected_calls": taken.get(number)})
        activities.append(activity)
        vocabulary.add([activity], [agent])
    return activities, vocabulary


def _write(journal: Journal, data: Path, births: Path, shared: Mapping[str, object]) -> int:
    """Write the rows and their births; the number of rows whose model should have been observed and was not."""
    first_row = 1
    unlinked = 0
    with open(data, "wb") as file, pq.ParquetWriter(births, birth_schema(), compression="lz4") as writer:
        for rows, born in _batches(journal.rows_with_births()):
            file.writelines(rows)
            known = np.array([birth != _NOTHING for birth in born])
            batch = births_of_json([birth for birth in born if birth != _NOTHING])
            batch = with_shared(batch, first_row, known, shared)
            writer.write_batch(batch)
            unlinked += len(rows) - batch.num_rows + pc.sum(pc.equal(batch["origin"], Origin.UNKNOWN.value)).as_py()
            first_row += len(rows)
    return unlinked


def _batches(recorded: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Rows, as lines, and their births, in batches that are bounded in number and in bytes."""
    rows: list[bytes] = []
    births: list[bytes] = []
    size = 0
    for row, birth in recorded:
        rows.append(row + b"\n")
        births.append(birth)
        size += len(row) + len(birth)
        if size > _BATCH_BYTES or len(rows) == _BATCH_ROWS:
            yield rows, births
            rows, births, size = [], [], 0
    if rows:
        yield rows, births


def _fingerprint(data: Path) -> tuple[str | None, int]:
    """DVC's MD5, which DVC itself cannot be asked for yet: the file is not in its place."""
    return md5_of(data), data.stat().st_size
