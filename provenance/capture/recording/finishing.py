"""From a journal to the dataset and its sidecar."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from provenance.capture.birth_columns import with_roles, with_shared
from provenance.capture.identities import as_recorded, parts_of, tokenizer_of
from provenance.capture.recording.formats import WRITERS, suffix_of
from provenance.capture.recording.kept_births import KeptBirths
from provenance.capture.recording.rejections import calls_taken, counted_reasons
from provenance.capture.recording.taken_over import made_before, taken_over
from provenance.capture.recording.taking_apart import rows_with_births
from provenance.capture.row_ids import WrittenIds
from provenance.capture.saying import say
from provenance.errors import DataError
from provenance.file_digests import md5_of
from provenance.files import whole_file
from provenance.identity.names import sidecar_path
from provenance.lineage.allocating import memory_used_again
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.completion import complete
from provenance.lineage.explaining import DERIVED_ROLE
from provenance.lineage.records import Activity, Agent, Origin
from provenance.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.terms import Declaration
    from provenance.identity import Identity
    from provenance.lineage.vocabulary import Vocabulary
    from provenance.repository import Repository


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
    ids = WrittenIds()
    data = workspace / file.name
    try:
        with whole_file(file) as temporary, memory_used_again():
            writer = WRITERS.get(str(suffix_of(dataset)))
            lines = temporary if writer is None else workspace / "rows"
            with KeptBirths(workspace / "births.parquet") as births:
                unlinked = _write(journal, lines, births, declaration.birth())
            if writer is not None:
                writer(lines, temporary, dataset)
                lines.unlink()
            # A dataset's format follows from its name, which the temporary file does not have.
            data.symlink_to(temporary)
            completion = complete(
                data,
                repository.root / sidecar_path(dataset),
                dataset_path=dataset,
                identity=identity,
                fingerprint=_fingerprint,
                workspace=workspace,
                temporary=repository.temporary,
                tokenizer=tokenizer_of(repository.settings(), dataset),
                dependencies=dependencies,
                births=RecordedBirths(births.file, activities, vocabulary, births.held),
                parts=parts_of(repository.settings(), dataset, repository),
                each=ids.take,
            )
        ids.keep(file, as_recorded(completion.identity, repository.settings(), dataset, repository))
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
    """The recording's activity, then one for each maker of rows in the journal; and all that they name."""
    ended = {**journal.activity, "packages": journal.packages or {}, "ended": datetime.now(UTC)}
    rejections = [*journal.rejections()]
    reasons = Counter(each["reason"] for each in rejections if "reason" in each)
    makers = [made_before(maker) or (Agent.model_validate(maker["agent"]), None, None) for maker in journal.makers]
    prices = [Activity.model_validate(ended).price, *(declaration.price_of(agent) for agent, _, _ in makers)]
    taken = calls_taken((each.get("took", {}) for each in rejections), prices)
    rejected = {"rejected": counted_reasons(reasons), "rejected_calls": taken.get(0)}
    recording = Activity.model_validate({**ended, **rejected, "taken_over": taken_over(journal.makers)})
    activities, vocabulary = [recording], declaration.vocabulary(recording)
    for number, (agent, before, plan) in enumerate(makers, start=1):
        activity = before
        if activity is None:
            of_maker = {
                "agent": agent.id,
                "parameters": journal.makers[number - 1]["parameters"],
                "price": prices[number],
            }
            activity = Activity.model_validate(ended | of_maker | {"rejected_calls": taken.get(number)})
        activities.append(activity)
        vocabulary.add([activity], [agent], [plan] if plan else [])
    return activities, vocabulary


def _write(journal: Journal, data: Path, births: KeptBirths, shared: Mapping[str, object]) -> int:
    """Write the rows, and keep their births; the number of rows whose model should have been observed and was not."""
    first_row = 1
    unlinked = 0
    with open(data, "wb", buffering=0) as file:
        for part in rows_with_births(journal):
            file.write(part.lines)
            batch = with_shared(with_roles(part.births, DERIVED_ROLE), first_row, part.known, shared)
            births.add(batch)
            unknown = pc.sum(pc.equal(batch["origin"], Origin.UNKNOWN.value)).as_py() or 0
            unlinked += len(part.known) - batch.num_rows + unknown
            first_row += len(part.known)
    return unlinked


def _fingerprint(data: Path) -> tuple[str | None, int]:
    """DVC's MD5, which DVC itself cannot be asked for yet: the file is not in its place."""
    return md5_of(data), data.stat().st_size
