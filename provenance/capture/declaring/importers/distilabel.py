"""distilabel 1.0 to 1.5: the columns ``model_name`` and ``distilabel_metadata`` that its tasks leave in each row.

``distilabel_metadata`` holds, for each task by name, ``raw_output_TASK`` and, in later versions, ``raw_input_TASK``
(messages) and ``statistics_TASK`` (token counts). In Parquet it is one struct for all rows, so a row of one branch of a
pipeline has nulls under the tasks of the others: what holds nothing is not there. ``model_name`` is that of the task
that ran last. A later task may replace the metadata of an earlier one, so that what is there need not be about the
sample: the person who declares names its task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provenance.capture.declaring.importers.interface import Importer, Request, Row, Statement
from provenance.capture.declaring.importers.json_files import member
from provenance.capture.prompt_text import prompt_text
from provenance.errors import ProvenanceError

_METADATA = "distilabel_metadata"
_OUTPUT = "raw_output_"
_PREFIXES = (_OUTPUT, "raw_input_", "statistics_")


class Distilabel(Importer):
    """``part``: the task (step) that made the sample."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        if request.part is None:
            raise ProvenanceError(
                f"{request.data.name}: name the task that made the samples: --from distilabel:TASK; {_METADATA} holds "
                f"{_OUTPUT}TASK for each"
            )
        self._task = request.part

    def state(self, row: Row) -> Statement:
        metadata = _present(row.get(_METADATA))
        if _OUTPUT + self._task not in metadata:
            return {}
        statistics = metadata.get(f"statistics_{self._task}")
        is_alone = {_task(name) for name in metadata} - {None} == {self._task}
        return {
            # With several tasks the column names the last one's model, which may not be this one's.
            "model": row.get("model_name") if is_alone else None,
            "prompt": prompt_text({"messages": metadata.get(f"raw_input_{self._task}")}),
            "input_tokens": _single(member(statistics, "input_tokens")),
            "output_tokens": _single(member(statistics, "output_tokens")),
        }


IMPORTER = Distilabel


def _present(metadata: Any) -> dict[str, Any]:
    """The members of ``metadata`` that hold something."""
    members = metadata if isinstance(metadata, Mapping) else {}
    return {name: value for name, value in members.items() if _holds_something(value)}


def _holds_something(value: Any) -> bool:
    """Whether ``value`` is not null, nor a struct that holds nothing."""
    if isinstance(value, Mapping):
        return any(map(_holds_something, value.values()))
    return value is not None


def _task(member_name: str) -> str | None:
    """The task that a member of the metadata is about; None where it is no task's."""
    prefix = next((prefix for prefix in _PREFIXES if member_name.startswith(prefix)), None)
    return None if prefix is None else member_name.removeprefix(prefix)


def _single(count: Any) -> Any:
    """A count is a list where a task asked for several generations: of one, that one's; of several, not this row's."""
    if isinstance(count, list):
        return count[0] if len(count) == 1 else None
    return count
