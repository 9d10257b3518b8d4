"""Completing a sidecar: every row of a dataset explained, every ancestor with it.

The order in which a row is explained is written down in docs/architecture.md. All tables live in DuckDB, which spills
to disk, so that memory stays flat in the number of rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa

from provenance.errors import SidecarError
from provenance.identity import CANONICAL_FORM, Identity, SampleBatch, scan
from provenance.identity.reserved import BIRTH_COLUMNS
from provenance.identity.rewriting import strip_reserved
from provenance.identity.row_places import NotedRows
from provenance.lineage import ancestors, explaining
from provenance.lineage.aligning import by_alignment
from provenance.lineage.beside_content import rows_with_changed_text
from provenance.lineage.births import Dependency, ParentKey, RecordedBirths
from provenance.lineage.carrying import by_holders
from provenance.lineage.content_choice import identity_by
from provenance.lineage.database import Database, count, database_on_demand
from provenance.lineage.dependency_rows import rows_of
from provenance.lineage.dividing import divide, settle_restated
from provenance.lineage.headers import Fingerprint, Progress, header_of, require_read
from provenance.lineage.kept_marks import keep_marks
from provenance.lineage.marks import Out
from provenance.lineage.merging.plain import MOST_ROWS, Task, merged
from provenance.lineage.model_column import AgentOf, by_model_column
from provenance.lineage.parents_column import by_parents_column
from provenance.lineage.records import Activity, Agent, DatasetState, Evidence, IdentitySettings
from provenance.lineage.same_births import forget_marks
from provenance.lineage.sidecar import Sidecar, open_sidecar, write_sidecar
from provenance.lineage.tables import ROWS_FILE, Known, Tables, shared_tokenizer, write_rows
from provenance.lineage.vocabulary import Vocabulary


@dataclass(frozen=True)
class Completion:
    """What came of it, in rows of the dataset (``samples``, ``ancestors``, ``dangling``: in samples).

    ``recorded``: a birth was stated of the row, or by its ``_model``; ``derived``: its ``_parents`` were;
    ``carried``: a dependency has a record of the same id; ``aligned``: it agrees with one on shared content fields;
    ``unknown``: nothing is known of it, here or where it came from. ``dangling``: parents that no sidecar knows,
    the first of which is named in ``dangling_row`` (from 1). ``born_twice``: samples with more than one birth.
    ``identity``: as the sidecar states it. ``text_changed``: rows that were carried though text of theirs in one of
    ``text_compared``, columns beside the content, is another.
    """

    rows: int
    samples: int
    ancestors: int
    recorded: int
    carried: int
    derived: int
    aligned: int
    unknown: int
    dangling: int
    dangling_row: int | None
    born_twice: int
    identity: IdentitySettings
    text_changed: int = 0
    text_compared: tuple[str, ...] = ()


def _agent_of(name: str) -> Agent:
    return Agent(name=name)


def complete(
    data: Path,
    output: Path,
    *,
    dataset_path: str,
    identity: Identity,
    fingerprint: Fingerprint,
    workspace: Path,
    tokenizer: str | None = None,
    dependencies: Sequence[Dependency] = (),
    births: RecordedBirths | None = None,
    derivation: Activity | None = None,
    key: ParentKey | None = None,
    agent_of: AgentOf = _agent_of,
    afterwards: bool = False,
    parts: int = 1,
    progress: Progress | None = None,
    temporary: Path | None = None,
) -> Completion:
    """Write the sidecar ``output`` of the dataset ``data``, and strip the reserved columns from ``data``.

    Args:
        dataset_path: the dataset's path from the DVC root, as the header states it.
        fingerprint: gives DVC's md5 (None where there is none) and the size in bytes of a file; called once, after
            the reserved columns were stripped.
        workspace: an existing folder for temporary files, on a disk with room.
        tokenizer: what counted the tokens of ``identity.tokens_field``.
        dependencies: where unchanged rows and ancestors are looked up. May hold an earlier sidecar of ``data`` itself.
        derivation: the activity of changed rows; without it `_parents` and alignment are not used.
        key: by which a row that has no `_parents` finds its parent, in a derivation.
        agent_of: describes a model that a row names as what made it.
        afterwards: ``data`` was made before, and must not change: reserved columns are an error, and what is derived is
            declared, not observed.
        parts: into how many files the sidecar is divided, see `write_sidecar`.
        progress: called with the number of rows in each batch read.
        temporary: the folder for what can be made again, in which the row places are kept.

    Raises:
        DataError: a row cannot be read, or its ``_parents`` cannot be resolved; nothing was written.
        SidecarError: a dependency's sidecar cannot be used with this identity, or records form a cycle.
    """
    folder = Path(mkdtemp(prefix="complete-", dir=workspace))
    try:
        with database_on_demand(folder) as database:
            rows = scan(data, identity, progress=progress)
            noted = NotedRows(rows, folder)
            scanned = iter(noted)
            first, is_all = _up_to(scanned, MOST_ROWS)
            task = Task(identity, rows, dependencies, tokenizer, births, derivation, key)
            made = None
            if is_all:
                require_read(data, rows.reserved, None if afterwards else derivation)
                made = _by_merging(database, first, task)
            if made is None:
                write_rows(chain(first, scanned), folder / ROWS_FILE)
                require_read(data, rows.reserved, None if afterwards else derivation)
                made = _by_tables(Tables(database(), folder, identity.digest_size), data, task, agent_of, afterwards)
            if rows.reserved:
                strip_reserved(data)
            md5, size = fingerprint(data)
            state = DatasetState(path=dataset_path, md5=md5, size=size, rows=rows.rows)
            header = header_of(rows, identity, state, made.tokenizer, made.used, by_marks=made.by_marks)
            write_sidecar(output, header, made.batches, identity.digest_size, parts)
            if temporary is not None and md5 is not None:
                stated = identity_by(header.identity, column_types=identity.column_types)
                noted.keep(temporary, md5, stated, Path(dataset_path).name)
            return Completion(rows=rows.rows, identity=header.identity, **made.counts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Made:
    """What either way comes to: the ``batches`` of the sidecar, the descriptions they use, and what is reported."""

    tokenizer: str | None
    used: Vocabulary
    by_marks: bool
    batches: Iterator[pa.RecordBatch]
    counts: Mapping[str, Any]


def _up_to(batches: Iterator[SampleBatch], rows: int) -> tuple[list[SampleBatch], bool]:
    """The first of ``batches``, until they have more than this many rows; whether these are all."""
    found: list[SampleBatch] = []
    for batch in batches:
        found.append(batch)
        rows -= len(batch.sample_ids)
        if rows < 0:
            return found, False
    return found, True


def _by_merging(database: Database, batches: Sequence[SampleBatch], task: Task) -> _Made | None:
    """As merges in memory; None where these cannot say."""
    unique = {dependency.path: dependency for dependency in task.dependencies}.values()
    sidecars = [_usable(each.sidecar, task.identity) for each in unique if each.sidecar is not None]
    tokenizer = shared_tokenizer(sidecars, task.tokenizer)
    found = merged(database, batches, replace(task, tokenizer=tokenizer), sidecars)
    if found is None:
        return None
    used = found.used(_without_rows(task.births))
    batches_ = found.batches(found.order(database), used)
    return _Made(tokenizer, used, False, batches_, found.counts())


def _by_tables(tables: Tables, data: Path, task: Task, agent_of: AgentOf, afterwards: bool) -> _Made:
    """By tables in a database, which spill to disk."""
    identity, rows, dependencies, births, derivation = (
        task.identity,
        task.rows,
        task.dependencies,
        task.births,
        task.derivation,
    )
    tables.load_members()
    tables.load_known([*_known(tables, dependencies, identity)], task.tokenizer)
    evidence = Evidence.DECLARED if afterwards else Evidence.OBSERVED
    explained = _explain(tables, Out(data, identity, rows), task, agent_of, evidence)
    is_compared = derivation is not None and explained["carried"] > 0
    changed = rows_with_changed_text(tables, data, rows, dependencies) if is_compared else (0, ())
    dangling = ancestors.add_ancestors(tables)
    if afterwards and births is None and any(dependency.is_earlier for dependency in dependencies):
        ancestors.follow_parents_anew(tables)
    ancestors.resolve(tables)
    forget_marks(tables)
    used = tables.use_vocabulary(_without_rows(births))
    counts = _counts(tables, dangling) | explained | {"text_changed": changed[0], "text_compared": changed[1]}
    return _Made(tables.tokenizer, used, tables.are_told_apart, tables.sorted_batches(used), counts)


def _known(tables: Tables, dependencies: Sequence[Dependency], identity: Identity) -> Iterator[Known]:
    """What the dependencies know, each once.

    Where an earlier sidecar of the dataset itself is among them, the rows are its rows; the others know of ancestors.
    """
    unique = {dependency.path: dependency for dependency in dependencies}.values()
    stated_before = any(dependency.is_earlier for dependency in unique)
    is_explained = any(dependency.sidecar is not None for dependency in unique)
    for dependency in unique:
        if dependency.sidecar is not None:
            sidecar = _usable(dependency.sidecar, identity)
            is_holder = dependency.is_earlier or not stated_before
            yield Known(dependency.path, sidecar, is_holder, dependency.is_earlier)
        elif is_explained and not stated_before and dependency.data is not None and dependency.data.exists():
            # Equal rows may be from here, too, and of these nobody knows how they came to be.
            yield Known(dependency.path, None, unexplained=rows_of(tables, dependency)[1])


def _usable(path: Path, identity: Identity) -> Sidecar:
    """The sidecar at ``path``; ids made in different ways are never mixed."""
    sidecar = open_sidecar(path)
    other = (sidecar.header.identity.digest, sidecar.header.identity.canonical_form)
    if other != (identity.digest, CANONICAL_FORM):
        raise SidecarError(
            f"{path}: its sample ids are {other[0]} over canonical form {other[1]}, this dataset's "
            f"are {identity.digest} over {CANONICAL_FORM}; use one digest in provenance.yaml for both"
        )
    return sidecar


def _explain(tables: Tables, out: Out, task: Task, agent_of: AgentOf, evidence: Evidence) -> dict[str, int]:
    """Explain rows in order; how many rows each way explained."""
    rows, dependencies, births, derivation = out.rows, task.dependencies, task.births, task.derivation
    explained = dict.fromkeys(("recorded", "derived", "carried", "aligned", "unknown"), 0)
    if births is not None:
        explained["recorded"] = explaining.by_births(tables, births)
    if derivation is not None:
        explained["derived"] = by_parents_column(tables, out.data, rows, dependencies, derivation, task.key)
        if rows.reserved & {*BIRTH_COLUMNS}:
            explained["recorded"] = by_model_column(tables, rows, derivation, agent_of)
    explained["unknown"] = by_holders(tables, out, dependencies)
    if tables.is_restated:
        settle_restated(tables)
    explained["carried"] = tables.accounted_rows() - sum(explained.values())
    if derivation is not None:
        explained["aligned"] = by_alignment(tables, out.data, rows, dependencies, derivation, evidence)
    explained["unknown"] += explaining.by_nothing(tables)
    divide(tables)
    keep_marks(tables, out, births)
    return explained


def _without_rows(births: RecordedBirths | None) -> list[Activity]:
    """The activities that are described even if their every result was rejected, or their every row taken over."""
    recorded = () if births is None else births.activities
    return [each for each in recorded if each.rejected or each.rejected_calls or each.taken_over]


def _counts(tables: Tables, dangling: int) -> dict[str, Any]:
    samples = count(tables.connection, "SELECT count(*) FROM members")
    everyone = count(tables.connection, "SELECT count(*) FROM records WHERE rank = 1")
    return {
        "samples": samples,
        "ancestors": everyone - samples,
        "dangling": dangling,
        "dangling_row": ancestors.first_row_with_dangling_parent(tables) if dangling else None,
        "born_twice": count(tables.connection, "SELECT count(DISTINCT sample_id) FROM records WHERE rank > 1"),
    }
