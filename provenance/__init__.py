"""Per-sample lineage for DVC datasets.

`record` writes a dataset together with the lineage of its rows, `read` yields rows that know their own id, `sample_id`
gives the id of a row, `observe` has calls to models recorded as they happen, `declare` states lineage afterwards;
`Ledger` answers questions about the lineage of a revision; `audit` says what datasets are made of, and judges them
by a policy; `Model`, `Prompt` and `Source` describe where rows come from. What is imported here is stable.
"""

from provenance.version import __version__

# `typing` itself would be most of what `import provenance` costs; type checkers know this name without it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from provenance import errors as errors
    from provenance.auditing.audit import audit
    from provenance.capture.collected import Source
    from provenance.capture.declaring.declare import declare
    from provenance.capture.generators import Model, Prompt
    from provenance.capture.reading import read
    from provenance.capture.recording.observers import observe
    from provenance.capture.recording.record import record
    from provenance.identity import sample_id
    from provenance.public import Ledger

__all__ = [
    "Ledger",
    "Model",
    "Prompt",
    "Source",
    "__version__",
    "audit",
    "declare",
    "observe",
    "read",
    "record",
    "sample_id",
]

# Imported on first use: `import provenance` and `provenance --help` must stay fast.
_HOMES = {
    "Ledger": "provenance.public",
    "Model": "provenance.capture.generators",
    "Prompt": "provenance.capture.generators",
    "Source": "provenance.capture.collected",
    "audit": "provenance.auditing.audit",
    "declare": "provenance.capture.declaring.declare",
    "observe": "provenance.capture.recording.observers",
    "read": "provenance.capture.reading",
    "record": "provenance.capture.recording.record",
    "sample_id": "provenance.identity",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "errors":
        return import_module("provenance.errors")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
