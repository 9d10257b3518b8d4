"""Completing a sidecar: every row of a dataset explained, every ancestor with it.

The order in which a row is explained is written down in docs/architecture.md. Records are merged (`lineage.merging`),
in memory or range by range of their ids, so memory stays flat in the number of rows. What rows refer to, or agree with,
is asked of a database, which enters births that are merged like any others.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from provenance.errors import SidecarError
from provenance.identity import CANONICAL_FORM, Identity, SampleBatch
from provenance.identity.reserved import BIRTH_COLUMNS
from provenance.identity.rewriting import strip_reserved
from provenance.lineage.aligning import by_alignment
from provenance.lineage.beside_content import rows_with_changed_text
from provenance.lineage.births import Dependency, ParentKey, RecordedBirths
from provenance.lineage.content_choice import identity_by
from provenance.lineage.database import database_on_demand
from provenance.lineage.dependency_rows import rows_of
from provenance.lineage.headers import Fingerprint, Progress, header_of, require_read
from provenance.lineage.key_column import with_keyed_parents
from provenance.lineage.marks import Out
from provenance.lineage.merging.ending import Ending
from provenance.lineage.merging.inputs import Inputs
from provenance.lineage.merging.known import Knowing
from provenance.lineage.merging.merge import Merging
from provenance.lineage.merging.own import enter_births
from provenance.lineage.model_column import AgentOf, by_model_column
from provenance.lineage.parents_column import by_parents_column
from provenance.lineage.records import Activity, Agent, DatasetState, Evidence, IdentitySettings
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.lineage.tables import Known, Tables, shared_tokenizer
from provenance.lineage.who_completes import CompletedByTasks, CompletedHere, Completer

if TYPE_CHECKING:
    from provenance.engines.interface import Tasks


@dataclass(frozen=True)
class Completion:
    """What came of it, in rows of the dataset (``samples``, ``ancestors``, ``dangling``: in samples).

    ``recorded``: a birth was stated of the row, or by its ``_model``; ``derived``: its ``_parents`` were;
    ``carried``: a dependency has a record of the same id; ``aligned``: it agrees with one on shared content fields;
    ``unknown``: nothing is known of it, here or where it came from. ``dangling``: parents that no sidecar knows,
    the first of which is named in ``dangling_row`` (from 1). ``born_twice``: samples with more than one birth.
    ``identity``: as the sidecar states it. ``text_changed``: rows that were carried though text of theirs in one of
    ``text_compared``, columns beside the content, is another. ``read_here``: where tasks read the rows, why this
    machine had to read some too.
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
    read_here: tuple[str, ...] = ()


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
    each: Callable[[SampleBatch], None] | None = None,
    tasks: Tasks | None = None,
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
        key: by which a row that has no `_parents`, nor parents in ``births``, finds its parent, in a derivation
            or in ``births``.
        agent_of: describes a model that a row names as what made it.
        afterwards: ``data`` was made before, and must not change: reserved columns are an error, and what is derived is
            declared, not observed.
        parts: into how many files the sidecar is divided, see `write_sidecar`.
        progress: called with the number of rows in each batch read.
        temporary: the folder for what can be made again, in which the row places are kept.
        each: called with the samples of some rows after the other, in order.
        tasks: read the rows and merge the records, where there are no ``births``; they see the data, the sidecars
            of the dependencies and ``workspace`` under these very paths. None: this process does.

    Raises:
        DataError: a row cannot be read, or its ``_parents`` cannot be resolved; nothing was written.
        SidecarError: a dependency's sidecar cannot be used with this identity, or records form a cycle.
    """
    folder = Path(mkdtemp(prefix="complete-", dir=workspace))
    try:
        with database_on_demand(folder) as database:
            completer: Completer = (
                CompletedHere(data, identity, folder, progress, each)
                if tasks is None
                else CompletedByTasks(data, identity, folder, progress, tasks)
            )
            rows = completer.rows
            require_read(data, rows.reserved, None if afterwards else derivation)
            tables = Tables(database, folder, identity.digest_size, completer.read.write)
            tables.look = completer.look
            tables.known = [*_known(tables, dependencies, identity)]
            shared = shared_tokenizer([each.sidecar for each in tables.known if each.sidecar], tokenizer)
            task = _Task(Out(data, identity, rows), dependencies, births, derivation, key, agent_of, afterwards)
            made = _Completing(tables, completer, task, shared)
            if rows.reserved:
                strip_reserved(data)
            md5, size = fingerprint(data)
            state = DatasetState(path=dataset_path, md5=md5, size=size, rows=rows.rows)
            used = made.ending.used(_without_rows(births))
            header = header_of(rows, identity, state, shared, used, by_marks=tables.are_told_apart)
            completer.write(output, header, made.ending, used, parts)
            if temporary is not None and md5 is not None:
                stated = identity_by(header.identity, column_types=identity.column_types)
                completer.keep_places(temporary, md5, stated, Path(dataset_path).name)
            return made.report(header.identity)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Task:
    """What is to be completed, as `complete` was given it."""

    out: Out
    dependencies: Sequence[Dependency]
    births: RecordedBirths | None
    derivation: Activity | None
    key: ParentKey | None
    agent_of: AgentOf
    afterwards: bool


class _Completing:
    """One completion: made, it has all records, in ``ending``."""

    def __init__(self, tables: Tables, completer: Completer, task: _Task, tokenizer: str | None) -> None:
        self._tables, self._completer, self._task, self._tokenizer = tables, completer, task, tokenizer
        self._explained = Counter[str]()
        knowing = Knowing(tables.known, tables.vocabulary, tokenizer, tables.digest_size)
        if task.births is not None:
            enter_births(task.births, tables.vocabulary)
        births, is_entered = self._stated_by_columns()
        inputs = completer.read.inputs(knowing, tables, births)
        if is_entered:
            inputs.take_entered(tables)
        merging = self._aligned(self._merging(inputs), inputs)
        merging.divide(task.out, task.dependencies, births)
        if "recorded" not in self._explained:
            self._explained["recorded"] = merging.explained["stated"]
        self._explained.update(carried=merging.explained["carried"], unknown=merging.explained["unknown"])
        self._explained["carried"] -= sum(self._explained[name] for name in ("recorded", "derived", "aligned"))
        self._changed = self._with_changed_text()
        is_anew = task.afterwards and task.births is None and tables.is_restated
        self.ending = Ending(merging, is_anew=is_anew)

    def _merging(self, inputs: Inputs) -> Merging:
        return Merging(inputs, self._tables, self._completer.read.shelf(), self._completer.hands)

    def report(self, identity: IdentitySettings) -> Completion:
        """What came of it."""
        counts, explained = self.ending.counts, self._explained
        return Completion(
            rows=self._task.out.rows.rows,
            **{name: counts[name] for name in ("samples", "ancestors", "dangling", "born_twice")},
            **{name: explained[name] for name in ("recorded", "carried", "derived", "aligned", "unknown")},
            dangling_row=self._dangling_row if counts["dangling"] else None,
            identity=identity,
            text_changed=self._changed[0],
            text_compared=self._changed[1],
            read_here=() if self._tables.look is None else tuple(dict.fromkeys(self._tables.reasons)),
        )

    @property
    def _dangling_row(self) -> int | None:
        row = self.ending.dangling_row
        return None if row is None else self._completer.row_of(row)

    def _stated_by_columns(self) -> tuple[RecordedBirths | None, bool]:
        """Enter the births that rows state themselves, by references or a key.

        Gives back the births that were recorded, with parents by the key; and whether any others may be entered.
        """
        task, rows = self._task, self._task.out.rows
        is_keyed = task.births is not None and task.key is not None
        if not is_keyed and (task.derivation is None or not (rows.reserved or task.key is not None)):
            return task.births, False
        parents = by_parents_column(
            self._tables, task.out.data, rows, task.dependencies, task.derivation, task.key, task.births
        )
        self._explained["derived"] = parents
        if task.derivation is not None and rows.reserved & {*BIRTH_COLUMNS}:
            self._explained["recorded"] = by_model_column(self._tables, rows, task.derivation, task.agent_of)
        if task.births is None or task.key is None:
            return task.births, True
        return with_keyed_parents(self._tables, task.births), True

    def _aligned(self, merging: Merging, inputs: Inputs) -> Merging:
        """The same with the births of rows that agree with samples of the dependencies."""
        task = self._task
        read_with_data = [each for each in task.dependencies if each.sidecar is not None and each.data is not None]
        if task.derivation is None or not read_with_data or not merging.enter_left():
            return merging
        self._tables.load_known(self._tokenizer)
        evidence = Evidence.DECLARED if task.afterwards else Evidence.OBSERVED
        aligned = by_alignment(self._tables, task.out.data, task.out.rows, task.dependencies, task.derivation, evidence)
        self._tables.connection.execute("DELETE FROM left_over")
        if not aligned:
            return merging
        self._explained["aligned"] = aligned
        inputs.take_entered(self._tables)
        return self._merging(inputs)

    def _with_changed_text(self) -> tuple[int, tuple[str, ...]]:
        task = self._task
        if task.derivation is None or not self._explained["carried"]:
            return 0, ()
        return rows_with_changed_text(self._tables, task.out.data, task.out.rows, task.dependencies)


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
            tables.reasons.append(f"{dependency.path} has no sidecar")
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


def _without_rows(births: RecordedBirths | None) -> list[Activity]:
    """The activities that are described even if their every result was rejected, or their every row taken over."""
    recorded = () if births is None else births.activities
    return [each for each in recorded if each.rejected or each.rejected_calls or each.taken_over]
