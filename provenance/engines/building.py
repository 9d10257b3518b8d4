"""Which tasks build sidecars, by the engine: those of Spark, or none, where this process does it. Imports little."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from provenance.engines.choosing import EngineName

if TYPE_CHECKING:
    from provenance.engines.interface import Tasks


def require_engine(engine: EngineName) -> None:
    """Refuse an engine that cannot start here, before anything else takes long.

    Raises:
        ProvenanceError: PySpark or Java is missing.
    """
    if engine is EngineName.SPARK:
        from provenance.engines.spark_session import require_spark

        require_spark()


def tasks_of(engine: EngineName) -> AbstractContextManager[Tasks | None]:
    """What reads and writes elsewhere; None: all is done in this process."""
    if engine is not EngineName.SPARK:
        return nullcontext()
    from provenance.engines.spark import spark_exchange

    return spark_exchange()
