"""What the public functions were given: a value of a wrong type is refused in one line that names the argument."""

from __future__ import annotations

from provenance.errors import ProvenanceError

_SHOWN = 60


def require(argument: str, given: object, *types: type, hint: str = "") -> None:
    """Refuse ``given`` for ``argument`` where it is of none of ``types``; true and false are no numbers.

    Raises:
        ProvenanceError: the message says what fits, followed by ``hint``.
    """
    if isinstance(given, types) and (not isinstance(given, bool) or bool in types):
        return
    names = " or ".join(each.__name__ for each in types)
    shown = " ".join(repr(given).split())
    shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
    raise ProvenanceError(f"{argument}: expected {names}, got {type(given).__name__} {shown}{hint}")


def require_optional(argument: str, given: object, *types: type, hint: str = "") -> None:
    """As `require`, but None stands for what was not given."""
    if given is not None:
        require(argument, given, *types, hint=hint)
