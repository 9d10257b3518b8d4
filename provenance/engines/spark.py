"""Spark as an engine.

It hands out ranges of sample ids, for which DuckDB answers in its tasks. What follows parents is asked in its own SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.engines.spark_session import spark_session

if TYPE_CHECKING:
    from provenance.engines.interface import Engine, InTasks, Tasks
    from provenance.engines.relations import Relations
    from provenance.lineage.sidecar import Sidecar
    from provenance.lineage.vocabulary import Vocabulary


@contextmanager
def spark_engine(sidecars: Sequence[Sidecar], vocabulary: Vocabulary, folder: Path) -> Iterator[Engine]:
    """An `Engine` over ``sidecars``: what adds up over their ids is answered by Spark's tasks, all else here.

    Raises:
        ProvenanceError: PySpark or Java is missing, or Spark does not start.
    """
    with spark_session() as session:
        from provenance.engines.by_range import RangedEngine
        from provenance.engines.duckdb import duckdb_engine
        from provenance.engines.spark_tasks import SparkRanges

        with duckdb_engine(sidecars, vocabulary, folder) as whole:
            yield RangedEngine(whole, SparkRanges(session, sidecars), vocabulary)


@contextmanager
def spark_tasks() -> Iterator[InTasks]:
    """What hands work to tasks of a Spark session.

    Raises:
        ProvenanceError: PySpark or Java is missing, or Spark does not start.
    """
    with spark_session() as session:
        from provenance.engines.spark_tasks import in_tasks

        yield partial(in_tasks, session)


@contextmanager
def spark_sharing_tasks(folder: Path) -> Iterator[tuple[InTasks, Path]]:
    """The same, and a folder that all tasks see: within ``folder`` where Spark's configuration names no other.

    Raises:
        ProvenanceError: PySpark or Java is missing, or Spark does not start.
    """
    with spark_session() as session:
        from provenance.engines.spark_relations import shared_folder
        from provenance.engines.spark_tasks import in_tasks

        with shared_folder(session, folder) as shared:
            yield partial(in_tasks, session), shared


@contextmanager
def spark_exchange() -> Iterator[Tasks]:
    """What hands work to tasks of a Spark session, also in two steps.

    Raises:
        ProvenanceError: PySpark or Java is missing, or Spark does not start.
    """
    with spark_session() as session:
        from provenance.engines.interface import Tasks
        from provenance.engines.spark_exchange import between_tasks
        from provenance.engines.spark_tasks import in_tasks

        yield Tasks(partial(in_tasks, session), partial(between_tasks, session))


@contextmanager
def spark_relations(folder: Path) -> Iterator[Relations]:
    """`Relations` in a Spark session; what is kept goes to ``folder`` where Spark's configuration names no other.

    Raises:
        ProvenanceError: PySpark or Java is missing, or Spark does not start.
    """
    with spark_session() as session:
        from provenance.engines.spark_relations import relations_in

        with relations_in(session, folder) as relations:
            yield relations
