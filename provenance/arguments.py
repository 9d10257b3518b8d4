"""What the public functions were given: a value that does not fit is refused in one line that names the argument.

What is taken, but probably not meant, is a warning (`warn`) of the same form.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

from provenance.errors import ProvenanceError, ProvenanceWarning

_SHOWN = 60
_NOT_THE_CALLER = (str(Path(__file__).parent), contextlib.__file__)


def require(argument: str, given: object, *types: type, hint: str = "") -> None:
    """Refuse ``given`` for ``argument`` where it is of none of ``types``; true and false are no numbers.

    Raises:
        ProvenanceError: the message says what fits, followed by ``hint``.
    """
    if isinstance(given, types) and (not isinstance(given, bool) or bool in types):
        return
    names = " or ".join(each.__name__ for each in types)
    raise ProvenanceError(f"{argument}: expected {names}, got {type(given).__name__} {shown(given)}{hint}")


def require_optional(argument: str, given: object, *types: type, hint: str = "") -> None:
    """As `require`, but None stands for what was not given."""
    if given is not None:
        require(argument, given, *types, hint=hint)


def require_text(argument: str, given: object, hint: str = "") -> None:
    """Refuse what is not text, or is blank.

    Raises:
        ProvenanceError: the message says what fits, followed by ``hint``.
    """
    require(argument, given, str, hint=hint)
    if isinstance(given, str) and not given.strip():
        raise ProvenanceError(f"{argument}: expected text, got {given!r}{hint}")


def require_optional_text(argument: str, given: object, hint: str = "; leave it out where it is not known") -> None:
    """As `require_text`, but None stands for what was not given."""
    if given is not None:
        require_text(argument, given, hint)


def require_names(argument: str, given: object) -> None:
    """Refuse what is not a mapping from names; None stands for what was not given.

    Raises:
        ProvenanceError: it is not a mapping, or a key is not text.
    """
    require_optional(argument, given, Mapping)
    for name in given if isinstance(given, Mapping) else ():
        require(f"{argument}: name", name, str)


def warn(said: str) -> None:
    """Give the warning ``said``, as of the line that called this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_THE_CALLER):
        level, frame = level + 1, frame.f_back
    warnings.warn(said, ProvenanceWarning, stacklevel=level)


def shown(given: object) -> str:
    """``given`` as a message quotes it: on one line, and not longer than that."""
    text = " ".join(repr(given).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
