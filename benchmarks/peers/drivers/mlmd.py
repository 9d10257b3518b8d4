"""ML Metadata on SQLite: an artifact for each sample, an execution for each derived one, events between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml_metadata.metadata_store import metadata_store  # type: ignore[import-not-found]
from ml_metadata.proto import metadata_store_pb2 as messages  # type: ignore[import-not-found]

from benchmarks.peers.interface import Asking, Recording
from benchmarks.peers.workload import Level, closure

# Larger batches were not faster.
_BATCH = 500


def prepare(folder: Path) -> Recording:
    return Recording(_Store(_open(folder)).record, ["lineage.db*"])


def open_asking(folder: Path) -> Asking:
    store = _open(folder)

    def step(artifacts: set[int], made: int, used: int) -> set[int]:
        """From samples to the other side of what made (or used) them."""
        events = store.get_events_by_artifact_ids(artifacts)
        executions = {event.execution_id for event in events if event.type == made}
        others = store.get_events_by_execution_ids(executions) if executions else []
        return {event.artifact_id for event in others if event.type == used}

    def count(name: str, made: int, used: int) -> int:
        start = store.get_artifact_by_type_and_name("Sample", name).id
        return closure(start, lambda some: step(some, made, used))

    output, input_ = messages.Event.OUTPUT, messages.Event.INPUT
    return Asking(
        lambda sample, _: count(sample.id, output, input_), lambda sample, _: count(sample.id, input_, output)
    )


def _open(folder: Path) -> Any:
    configuration = messages.ConnectionConfig()
    configuration.sqlite.filename_uri = str(folder / "lineage.db")
    configuration.sqlite.connection_mode = messages.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    return metadata_store.MetadataStore(configuration)


class _Store:
    def __init__(self, store: Any) -> None:
        self._store = store
        sample = messages.ArtifactType(name="Sample", properties={"level": messages.INT})
        generation = messages.ExecutionType(
            name="Generation",
            properties={"model": messages.STRING, "prompt": messages.STRING, "cost": messages.DOUBLE},
        )
        self._sample_type = store.put_artifact_type(sample)
        self._generation_type = store.put_execution_type(generation)
        self._artifacts: dict[str, int] = {}

    def record(self, levels: list[Level]) -> None:
        for level in levels:
            for first in range(0, len(level), _BATCH):
                batch = level[first : first + _BATCH]
                self._put_artifacts(batch)
                if batch[0].parent_ids:
                    self._put_generations(batch)

    def _put_artifacts(self, batch: Level) -> None:
        artifacts = []
        for sample in batch:
            artifact = messages.Artifact(type_id=self._sample_type, name=sample.id)
            artifact.properties["level"].int_value = sample.level
            artifacts.append(artifact)
        numbers = self._store.put_artifacts(artifacts)
        self._artifacts.update(zip((sample.id for sample in batch), numbers, strict=True))

    def _put_generations(self, batch: Level) -> None:
        executions = []
        for sample in batch:
            execution = messages.Execution(type_id=self._generation_type)
            execution.properties["model"].string_value = sample.model
            execution.properties["prompt"].string_value = sample.prompt
            execution.properties["cost"].double_value = sample.cost
            executions.append(execution)
        numbers = self._store.put_executions(executions)
        self._store.put_events(list(self._events(batch, numbers)))

    def _events(self, batch: Level, executions: list[int]) -> Iterator[Any]:
        for sample, execution in zip(batch, executions, strict=True):
            for parent in sample.parent_ids:
                yield messages.Event(
                    artifact_id=self._artifacts[parent], execution_id=execution, type=messages.Event.INPUT
                )
            yield messages.Event(
                artifact_id=self._artifacts[sample.id], execution_id=execution, type=messages.Event.OUTPUT
            )
