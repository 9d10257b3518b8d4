"""How DVC is called: without a word from it, and with its errors in our words."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provenance.errors import RepositoryError
from provenance.repository.merge_conflicts import has_marks, told_conflict

# Called with the path, from the DVC root, of what is about to be fetched.
Fetching = Callable[[str], None]

_NEEDED = re.compile(r"(\w+) is supported, but requires ")
_LOGGERS = ("dvc", "dvc_data", "dvc_objects", "scmrepo")


@contextmanager
def dvc_call(where: str | None = None) -> Iterator[None]:
    """Silence DVC's log, hints and progress bars, and turn what it raises into a `RepositoryError` of one line.

    ``where`` (a revision, say) goes before DVC's message where that does not say so.

    Raises:
        RepositoryError: DVC, git or the file system refused what was asked, or a plug-in of DVC is not installed.
    """
    from dvc.exceptions import DvcException
    from dvc_objects.fs.errors import RemoteMissingDepsError
    from scmrepo.exceptions import SCMError

    with _silence():
        try:
            yield
        except (ImportError, RemoteMissingDepsError) as error:
            said = _what_to_install(error) or one_line(error)
            raise RepositoryError(said if where is None else f"{where}: {said}") from error
        except (DvcException, SCMError, OSError, UnicodeError, RecursionError) as error:
            raise RepositoryError(one_line(error) if where is None else f"{where}: {one_line(error)}") from error


def _what_to_install(error: BaseException) -> str | None:
    """What is missing here for a kind of remote, where that is the matter."""
    found = _NEEDED.match(str(error))
    kind = getattr(error, "protocol", None) or (found and found[1])
    if not isinstance(kind, str):
        return None
    # Of DVC's plug-ins, that for S3 is an extra of ours.
    package = "'dvc-provenance[s3]'" if kind == "s3" else f"'dvc[{kind}]'"
    return f"the remote is on {kind}, for which packages are not here; install them with `pip install {package}`"


@contextmanager
def _silence() -> Iterator[None]:
    # The level is put back: a script that records lineage may use DVC itself. DVC's progress bars heed it too.
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def one_line(error: BaseException) -> str:
    """What ``error`` says, and what caused it if it keeps that to itself, without line breaks."""
    if (file := _with_conflict(error)) is not None:
        return f"{file}: {told_conflict(file)}"
    message = " ".join(str(error).split()) or type(error).__name__
    where = _place_in_yaml(error)
    cause = " ".join(str(error.__cause__ or "").split()) if where is None else where
    return message if cause in message else f"{message}: {cause}"


def _with_conflict(error: BaseException | None) -> str | None:
    """The file that could not be read since git left a merge conflict in it, as DVC names it; None: that is not why."""
    while error is not None:
        text, path = getattr(error, "yaml_text", None), getattr(error, "relpath", None)
        if isinstance(text, str) and isinstance(path, str) and has_marks(text.encode(errors="replace")):
            return path.removeprefix("./")
        error = error.__cause__
    return None


def _place_in_yaml(error: BaseException) -> str | None:
    """Where a YAML file is broken; None if that is not what caused ``error``.

    The parser quotes the line. A DVC file of somebody else's may name any file of this machine as one to parse, so no
    line of it may be shown.
    """
    cause = error.__cause__
    while cause is not None:
        mark = getattr(cause, "problem_mark", None)
        if mark is not None:
            return f"line {mark.line + 1}, column {mark.column + 1}"
        cause = cause.__cause__
    return None
