"""The ledger: what the sidecars of one revision say, together."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.engines.choosing import EngineName
from provenance.errors import RepositoryError, SidecarError, UnknownReferenceError
from provenance.files import generations_in, scratch_folder
from provenance.ledger.collecting import Found, collect
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.graph.graph import Graph
from provenance.ledger.graph.opening import ProgressOf, find_graph, open_graph, store_in
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.ledger.missing import why_not_recorded
from provenance.ledger.models.training import additional_sidecars, located_sidecars

if TYPE_CHECKING:
    from provenance.engines.interface import Engine, InTasks
    from provenance.ledger.descent.interface import Descent
    from provenance.ledger.lookups import Lookups, SidecarLookups
    from provenance.ledger.models.links import ModelLinks
    from provenance.ledger.rows import DatasetRows
    from provenance.lineage.records import Activity, Agent, Record, Source
    from provenance.lineage.sidecar import Sidecar
    from provenance.lineage.vocabulary import Vocabulary
    from provenance.models import ModelRegister
    from provenance.repository import Repository


@dataclass(frozen=True)
class Occurrence:
    """How many rows of a dataset hold a sample."""

    dataset: str
    rows: int


class Sidecars:
    """All sidecars of a revision as one. Made by `Sidecars.open`; ids are lower-case hex digits.

    ``recorded`` are the datasets that have a sidecar, in the order of their places, ``unrecorded`` the paths of those
    that have none. ``unfetched`` says by path why a sidecar is not here, and ``unusable``
    what is wrong with a sidecar that cannot be read, or is that of another dataset. ``activities``, ``agents`` and
    ``sources`` are in the order of their numbers. ``folder`` is for temporary files.

    Questions about who came from whom go to the ``graph``, all others to the ``engine`` (see `engines.interface`).
    Each is opened when it is first needed.
    """

    def __init__(
        self,
        found: Found,
        repository: Repository,
        rev: str | None,
        folder: Path,
        progress_of: ProgressOf | None = None,
        register: ModelRegister | None = None,
        engine: EngineName = EngineName.DUCKDB,
    ) -> None:
        self.folder = folder
        self.engine_name = engine
        self._progress_of = progress_of
        self._given_register = register
        self._resources = ExitStack()
        self.recorded = tuple(found.recorded)
        self.unrecorded = tuple(found.unrecorded)
        self.unmade = found.unmade
        self.unfetched = dict(found.unfetched)
        self.unusable = dict(found.unusable)
        self.remarks = tuple(found.remarks)
        self.repository = repository
        self.rev = rev

    @classmethod
    @contextmanager
    def open(
        cls,
        repository: Repository,
        rev: str | None = None,
        *,
        anew: bool = False,
        progress_of: ProgressOf | None = None,
        register: ModelRegister | None = None,
        engine: EngineName = EngineName.DUCKDB,
    ) -> Iterator[Sidecars]:
        """Open the ledger of revision ``rev``, or of the workspace.

        Sidecars that cannot be used are left out, and named in ``unusable``: one that is damaged leaves the others
        answerable. ``anew``: see `collect`. ``progress_of`` is told of the records read for an index that has to be
        built. ``register``: the models to go by, if not those that the revision itself knew of. ``engine``: what is
        asked.

        Raises:
            RepositoryError: no such revision.
            SidecarError: while questions are asked: a sidecar cannot be read.
        """
        found = collect(repository, rev, anew=anew)
        with scratch_folder(repository.temporary, "ledger") as folder:
            ledger = cls(found, repository, rev, folder, progress_of, register, engine)
            with ledger.closed_at_the_end():
                yield ledger

    @contextmanager
    def closed_at_the_end(self) -> Iterator[None]:
        """Close what was opened; what DuckDB and pydantic find wrong with a sidecar is told as a `SidecarError`."""
        with self._resources:
            try:
                yield
            except Exception as error:
                if not isinstance(error, _errors_of_reading()):
                    raise
                if isinstance(error, _errors_of_reading("InterruptException")):
                    raise KeyboardInterrupt from None
                from provenance.lineage.database import refused_by_storage, said_by

                if (refused := refused_by_storage(error)) is not None:
                    raise RepositoryError(refused) from error
                raise SidecarError(
                    f"{self.repository.root}: a sidecar cannot be read ({said_by(error)}); `provenance verify` tells "
                    "which"
                ) from error

    @cached_property
    def engine(self) -> Engine:
        """What answers set questions about the records of all sidecars."""
        return self.engine_over([dataset.sidecar for dataset in self.recorded], self.vocabulary)

    def engine_over(self, sidecars: Sequence[Sidecar], vocabulary: Vocabulary) -> Engine:
        """What answers set questions about the records of ``sidecars``."""
        if self.engine_name is EngineName.SPARK:
            from provenance.engines.spark import spark_engine

            return self._resources.enter_context(spark_engine(sidecars, vocabulary, self.folder))
        from provenance.engines.duckdb_ranges import duckdb_in_ranges

        return self._resources.enter_context(duckdb_in_ranges(sidecars, vocabulary, self.folder))

    @cached_property
    def tasks(self) -> tuple[InTasks, Path] | None:
        """What hands work to tasks elsewhere, and a folder that they see; None where all is done here."""
        if self.engine_name is not EngineName.SPARK:
            return None
        from provenance.engines.spark import spark_sharing_tasks

        return self._resources.enter_context(spark_sharing_tasks(self.folder))

    def rows(self, dataset: RecordedDataset) -> DatasetRows:
        """The rows of ``dataset`` (one of these), grouped by all that breakdowns look at; counted once.

        Raises:
            SidecarError: the sidecar is of other data than DVC has, or its records do not add up to its rows.
        """
        from provenance.ledger.rows import DatasetRows

        if dataset.place not in self._counted:
            dataset.require_current()
            questions = self.engine.of(dataset.place)
            rows = DatasetRows(questions.cells(), questions.ambiguous())
            dataset.sidecar.require_rows(rows.total.rows)
            self._counted[dataset.place] = rows
        return self._counted[dataset.place]

    @cached_property
    def _counted(self) -> dict[int, DatasetRows]:
        return {}

    @cached_property
    def graph(self) -> Graph:
        """Who came from whom, as integers; built if this set of sidecars has no index yet."""
        return open_graph(store_in(self.repository.temporary), self.indexed, self._progress_of)

    def graph_of(self, dataset: RecordedDataset) -> Graph:
        """Who came from whom by the sidecar of ``dataset`` (one of these) alone, which is dataset 0 of this graph.

        What a dataset is made of is said by its own sidecar: that a sample of equal text stands in another one, with
        parents of its own, is no lineage of this one.
        """
        if len(self.indexed) == 1:
            return self.graph
        if dataset.place not in self._graphs:
            own = [self.indexed[dataset.place]]
            self._graphs[dataset.place] = open_graph(store_in(self.repository.temporary), own, self._progress_of)
        return self._graphs[dataset.place]

    @cached_property
    def _graphs(self) -> dict[int, Graph]:
        return {}

    @cached_property
    def indexed(self) -> list[IndexedSidecar]:
        """The sidecars that the graph is of: those of the recorded datasets, in the order of their places.

        Behind them are those of datasets that registered models were trained on, where they are others by now.
        """
        recorded = self._recorded_as_indexed()
        trained_on = additional_sidecars(self.register, {sidecar.digest for sidecar in recorded})
        store = store_in(self.repository.temporary)
        if not trained_on or find_graph(store, [*recorded, *trained_on]) is not None:
            return [*recorded, *trained_on]
        return [*recorded, *located_sidecars(self.repository, self.register, store, trained_on)]

    @cached_property
    def descent(self) -> Descent:
        """What answers about who came from whom as a whole."""
        if self.engine_name is EngineName.SPARK:
            return self._descent_by_spark()
        from provenance.ledger.descent.by_graph import GraphDescent

        return GraphDescent(self.models, len(self.recorded))

    @property
    def lookups(self) -> Lookups:
        """What single samples are looked up in: the index where there is one, else the sidecars themselves."""
        is_elsewhere = self.engine_name is EngineName.SPARK
        return self.descent if is_elsewhere or "graph" in self.__dict__ or self._asks_index else self._in_sidecars

    @cached_property
    def _asks_index(self) -> bool:
        """Whether there is an index, or there are samples that models were trained on and no dataset has by now."""
        is_more = len(self.indexed) > len(self.recorded)
        return is_more or find_graph(store_in(self.repository.temporary), self.indexed) is not None

    @cached_property
    def _in_sidecars(self) -> SidecarLookups:
        from provenance.ledger.lookups import SidecarLookups

        return SidecarLookups(self.recorded)

    def _descent_by_spark(self) -> Descent:
        from provenance.engines.spark import spark_relations
        from provenance.ledger.descent.by_relations import RelationalDescent
        from provenance.lineage.sidecar import open_sidecar

        recorded = self._recorded_as_indexed()
        trained_on = additional_sidecars(self.register, {sidecar.digest for sidecar in recorded})
        located = located_sidecars(self.repository, self.register, None, trained_on)
        indexed = [*recorded, *(each for each in located if each.file is not None)]
        kept = generations_in(self.repository.temporary)
        sidecars = [open_sidecar(each.file, kept) for each in indexed if each.file is not None]
        relations = self._resources.enter_context(spark_relations(self.folder))
        digests = [each.digest for each in indexed]
        return RelationalDescent(relations, sidecars, len(recorded), digests, self.register)

    def _recorded_as_indexed(self) -> list[IndexedSidecar]:
        return [IndexedSidecar(dataset.path, dataset.file, dataset.digest) for dataset in self.recorded]

    @cached_property
    def models(self) -> ModelLinks:
        """The registered models, as links between samples of the graph."""
        from provenance.ledger.models.links import ModelLinks

        return ModelLinks(self.graph, self.register)

    @cached_property
    def register(self) -> ModelRegister | None:
        """The register of models to go by; None where there is none."""
        if self._given_register is not None:
            return self._given_register
        return self.repository.models(self.rev) if self.repository.has_models(self.rev) else None

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The activities, agents, plans and sources of all sidecars."""
        from provenance.engines.samples_view import merged_vocabulary

        return merged_vocabulary([dataset.sidecar for dataset in self.recorded])

    @cached_property
    def activities(self) -> tuple[Activity, ...]:
        return tuple(self.vocabulary.activities.values())

    @cached_property
    def agents(self) -> tuple[Agent, ...]:
        return tuple(self.vocabulary.agents.values())

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        return tuple(self.vocabulary.sources.values())

    @property
    def not_asked(self) -> str:
        """What to add to the answer that nothing is known of something: the first sidecar that could not be asked."""
        reasons = [*self.unusable.values(), *self.unfetched.values()]
        return "".join(f"; not asked: {reason}" for reason in reasons[:1])

    def dataset(self, path: str | Path) -> RecordedDataset:
        """The dataset at ``path`` (relative to the current folder).

        Raises:
            UnknownReferenceError: DVC tracks no dataset there.
            SidecarError: it has no sidecar here.
        """
        relative = self.repository.relative(path)
        for dataset in self.recorded:
            if dataset.path == relative:
                return dataset
        raise why_not_recorded(self, relative)

    def records(self, sample_id: str) -> list[Record]:
        """Every distinct birth of the sample, the most credible first: see `sample_records.distinct_births`.

        Raises:
            UnknownReferenceError: no sidecar knows the sample.
        """
        from provenance.ledger.sample_records import distinct_births

        found = self.engine.births(bytes.fromhex(sample_id))
        if not found:
            raise UnknownReferenceError(f"{sample_id}: no sidecar of this revision knows this sample")
        return distinct_births(found, self.vocabulary)

    def occurrences(self, sample_id: str) -> list[Occurrence]:
        """In which datasets the sample occurs, and how often; none for a sample that is only an ancestor."""
        return [Occurrence(self.recorded[place].path, rows) for place, rows in self.lookups.rows_of(sample_id).items()]

    def rows_by_origin(self) -> dict[str, dict[str, int]]:
        """For every dataset with a sidecar, its rows by origin, the most frequent first."""
        shares: dict[str, dict[str, int]] = {dataset.path: {} for dataset in self.recorded}
        for sidecar, origin, rows in self.engine.rows_by_origin():
            shares[self.recorded[sidecar].path][origin] = rows
        return shares


def _errors_of_reading(of_duckdb: str = "Error") -> tuple[type[Exception], ...]:
    """What DuckDB and pydantic raise, of those that are imported: the others cannot have raised anything."""
    known = (("duckdb", of_duckdb), *((("pydantic", "ValidationError"),) if of_duckdb == "Error" else ()))
    return tuple(getattr(sys.modules[module], name) for module, name in known if module in sys.modules)
