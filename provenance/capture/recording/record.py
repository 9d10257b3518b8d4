"""`provenance.record`: write a dataset and the lineage of its rows together, as they are made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.arguments import require, require_names, require_optional
from provenance.capture.environment import describe_environment
from provenance.capture.generators import Model, Prompt
from provenance.capture.identities import identity_of, inheriting
from provenance.capture.prices import read_prices
from provenance.capture.reading import datasets_read, dependency_at, note_written, repository_around
from provenance.capture.recording import finished_journals
from provenance.capture.recording.finishing import finish
from provenance.capture.recording.formats import LINES, WRITERS, suffix_of
from provenance.capture.recording.journal_content import Heading
from provenance.capture.recording.observers.calls import CALLS
from provenance.capture.recording.recorder import Recorder
from provenance.capture.recording.resuming import journal_of, open_journal
from provenance.capture.recording.reusing import last_version
from provenance.capture.recording.row_births import RowBirths
from provenance.capture.recording.terms import declaration_of
from provenance.errors import ProvenanceError
from provenance.identity.names import sidecar_path
from provenance.lineage.records import Kind, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.terms import Declaration
    from provenance.lineage.births import Dependency
    from provenance.repository import Repository, Stage


@contextmanager
def record(
    path: str | os.PathLike[str],
    *,
    model: Model | None = None,
    prompt: Prompt | str | None = None,
    source: Source | None = None,
    kind: Kind | str | None = None,
    parameters: Mapping[str, Any] | None = None,
    license: str | None = None,  # noqa: A002 - the word that the record uses
    keep_prompts: bool = False,
    prices: str | os.PathLike[str] | None = None,
    reuse: bool = False,
) -> Iterator[Recorder]:
    """Record a dataset: its rows and, for each, how it was born.

    The dataset (JSON Lines, Parquet or CSV, by its name) and its sidecar appear when the ``with`` block ends without an
    exception. Until then all is in a journal, from which the same script, run again, resumes after a kill or an
    exception.

    Args:
        path: the dataset to write, inside a DVC repository.
        model: what generates the rows. Exactly one of this and ``source`` is given; neither where the calls to models
            are observed (`provenance.observe`): a row's model is then that of the call that it is linked to.
        prompt: the template of the prompts; plain text is a template named after the dataset.
        source: where the rows were collected; they are real then.
        kind: how synthetic rows are made, such as ``rewrite``; see `Kind`.
        parameters: of the generation (temperature, top_p, seed, …); recorded under ``gen_ai.request.*`` names.
        license: SPDX expression of the rows' licence; default: the source's.
        keep_prompts: also keep each row's rendered prompt, not only its digest.
        prices: price table of models, see docs/prices.md; its price goes into the activity.
        reuse: `Recorder.reuse` takes rows over from the last version of the dataset.

    Raises:
        ProvenanceError: something that was given cannot be recorded, or another recorder is recording ``path``.
        RepositoryError: ``path`` is not inside a DVC repository.
    """
    require("path", path, str, os.PathLike)
    _check_arguments(model, prompt, source, parameters, license)
    require("keep_prompts", keep_prompts, bool)
    require("reuse", reuse, bool)
    require_optional("prices", prices, str, os.PathLike)
    repository = repository_around(path)
    dataset = repository.relative(path)
    if suffix_of(dataset) is None:
        raise ProvenanceError(
            f"{dataset}: the recorder writes {', '.join((*LINES, *WRITERS))}; record to one of these and convert it "
            "in a later stage: sample ids stay"
        )
    declaration = declaration_of(
        dataset,
        model=model,
        prompt=prompt,
        source=source,
        kind=kind,
        parameters=parameters,
        license=license,
        keep_prompts=keep_prompts,
        prices=None if prices is None else read_prices(prices, repository),
        is_observing=CALLS.is_observing,
    )
    if reuse and (declaration.agent is None or declaration.prompt is None):
        raise ProvenanceError(f"{dataset}: reuse=True goes with model= and prompt=: it takes over where both agree")
    with _recording(repository, dataset, declaration, reuse=reuse) as recorder:
        yield recorder


@contextmanager
def _recording(repository: Repository, dataset: str, declaration: Declaration, *, reuse: bool) -> Iterator[Recorder]:
    """A recorder of ``dataset`` (its path from the DVC root), which is written when the block ends."""
    identity = identity_of(repository.settings(), dataset)
    stage = repository.current_stage()
    environment = describe_environment(repository, stage)
    heading = Heading(
        configuration=declaration.configuration(dataset, identity.digest, environment),
        activity=declaration.activity(environment, datetime.now(UTC)).model_dump(mode="json", exclude_none=True),
    )
    folder = repository.temporary / "journals"
    if finished_journals.any_kept(folder):
        recorded = repository.recorded_hashes()
        finished_journals.forget_recorded({journal_of(folder, path): md5 for path, md5 in recorded.items()})
    with open_journal(folder, dataset, heading, repository.has_in_cache) as journal:
        births = RowBirths(dataset, declaration, identity, journal, repository)
        version = last_version(repository, dataset, declaration, identity, journal) if reuse else nullcontext()
        with version as last:
            yield Recorder(births, journal, last)
        journal.close()
        dependencies = _dependencies(repository, stage, journal)
        finish(
            journal,
            repository,
            dataset,
            identity=inheriting(identity, [dependency.sidecar for dependency in dependencies]),
            declaration=declaration,
            dependencies=dependencies,
        )
        note_written(repository.root / sidecar_path(dataset))
        if stage is None:
            journal.remove()
        else:
            finished_journals.keep(journal.path, repository.md5(dataset)[0])


def _dependencies(repository: Repository, stage: Stage | None, journal: Journal) -> list[Dependency]:
    """Where the parents' records may be: datasets that were read or named here, and those the stage depends on."""
    found = {entry.data: entry for entry in datasets_read()}
    needed = stage.datasets if stage else []
    of_stage = [(repository.root / path, repository) for path in needed]
    named = [(Path(file), repository_around(file, repository)) for file in sorted(journal.datasets)]
    for file, around in [*named, *of_stage]:
        if file not in found:
            found[file] = dependency_at(file, around)
    return sorted(found.values(), key=lambda dependency: dependency.path)


def _check_arguments(model: object, prompt: object, source: object, parameters: object, stated_license: object) -> None:
    require_optional("model", model, Model, hint='; write provenance.Model(name="…")')
    require_optional("prompt", prompt, Prompt, str)
    require_optional("source", source, Source, hint='; write provenance.Source(name="…")')
    require_names("parameters", parameters)
    require_optional("license", stated_license, str)
