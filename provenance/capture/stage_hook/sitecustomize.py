"""Notes which modules the Python processes of a stage imported, for `capture.stage_imports`.

This folder is put at the head of ``PYTHONPATH`` by `provenance run`, so whichever Python the command starts, of any
virtual environment, imports this module as it starts. It uses nothing but `sys`, `os` and `atexit`, and a failure of it
is no failure of the command. Nothing else may be in this folder: the stage could import it.
"""

from __future__ import annotations

import os
import sys

VARIABLE = "PROVENANCE_STAGE_IMPORTS"
SUFFIX = ".imports"


def imported_modules() -> set[str]:
    """The top-level modules that this process has imported; of a namespace (``google``), its parts instead."""
    names = set()
    namespaces: dict[str, bool] = {}
    for name in list(sys.modules):
        top, _, rest = name.partition(".")
        if top not in namespaces:
            namespaces[top] = _is_namespace(top)
        if not namespaces[top]:
            names.add(top)
        elif rest:
            names.add(top + "." + rest.partition(".")[0])
    return names


def _is_namespace(name: str) -> bool:
    # Not by attributes: libraries that load their parts late would load them now.
    members = getattr(sys.modules.get(name), "__dict__", {})
    return "__path__" in members and members.get("__file__") is None


def _note(folder: str, before: set[str]) -> None:
    lines = ["python " + ".".join(str(part) for part in sys.version_info[:3])]
    lines += ["path " + path for path in map(str, sys.path) if "\n" not in path]
    lines += ["module " + name for name in sorted(imported_modules() - before)]
    try:
        path = os.path.join(folder, str(os.getpid()) + "-" + os.urandom(4).hex() + SUFFIX)
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write("\n".join(lines) + "\n")
    except OSError:
        pass


def _note_at_the_end(folder: str) -> None:
    import atexit

    leave = os._exit
    # What a .pth file of the environment imports as Python starts was not imported by the command.
    before = imported_modules()

    # Forked workers, as those of multiprocessing, end without what is registered with atexit.
    def noted_exit(status: int) -> None:
        _note(folder, before)
        leave(status)

    os._exit = noted_exit  # type: ignore[assignment]
    atexit.register(_note, folder, before)


def _import_the_next() -> None:
    """Import the ``sitecustomize`` that would have been imported but for this one."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if path != here]
    this = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found, unused-ignore]  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", this)


if __name__ == "sitecustomize":
    if os.environ.get(VARIABLE):
        _note_at_the_end(os.environ[VARIABLE])
    _import_the_next()
