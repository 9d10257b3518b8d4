"""`dvc stage add`, with sidecars: its own arguments go in, its own arguments come out."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import PurePosixPath

from provenance.errors import RepositoryError
from provenance.files import MODELS_FILE, REVOCATIONS_FILE
from provenance.identity.names import is_dataset, sidecar_path

WRAPPER = ("provenance", "run", "--")
_JUDGES = re.compile(r"\bprovenance\s+(audit|purge)\b")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
# What bash knows and POSIX's shell, which `sh` may be, does not; and what is quoted, which no shell looks into.
_OF_BASH = re.compile(
    r"(?:^|[\s;&|(])(?:source|shopt|pushd|popd|declare|mapfile|readarray|function)\s"
    r"|\bpipefail\b|\[\[|(?<!\$)\(\(|[<>]\(|<<<|&>|\|&|\$'|\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}"
)
_QUOTED = re.compile(r"'[^']*'" + r'|"(?:\\.|[^"\\])*"')

# DVC's names of the options that take an out, and the flag of each.
_OUT_FLAGS = {
    "outs": "--outs",
    "outs_no_cache": "--outs-no-cache",
    "outs_persist": "--outs-persist",
    "outs_persist_no_cache": "--outs-persist-no-cache",
}


def with_sidecars(arguments: Sequence[str], directory: str, with_sidecar: Collection[str]) -> list[str]:
    """The arguments of `dvc stage add` with a sidecar for each dataset, and `provenance run --` before the command.

    Args:
        directory: the working directory as a path from the DVC root.
        with_sidecar: paths from the DVC root of the datasets that have a sidecar; other dependencies are left alone.

    Raises:
        RepositoryError: DVC does not understand the arguments, or there is no command in them.
    """
    from dvc.cli import DvcParserError
    from dvc.cli.parser import get_main_parser

    try:
        # DVC says on standard error what is wrong; the whole of its help, on standard output, is of no use here.
        with redirect_stdout(io.StringIO()):
            parsed = get_main_parser().parse_args(["stage", "add", *arguments])
    except (DvcParserError, SystemExit) as error:
        raise RepositoryError("`dvc stage add` does not take these arguments; see `dvc stage add --help`") from error
    command = list(parsed.command or [])
    if not command:
        raise RepositoryError("no command; write it after the options, as for `dvc stage add`")
    options = list(arguments[: len(arguments) - len(command)])
    base = os.path.normpath(os.path.join(directory, parsed.wdir or "."))
    found = (*_sidecar_options(vars(parsed), base, with_sidecar), *_judged_by(vars(parsed), base, command))
    return [*options, *found, *_wrapped(command)]


def judges(command: str) -> bool:
    """Whether a command audits or purges, so that it has to run again when models or revocations change."""
    return _JUDGES.search(command) is not None


def _judged_by(parsed: dict[str, object], base: str, command: Sequence[str]) -> Iterator[str]:
    """What a command that judges or purges reads besides datasets: it has to run again when that changes."""
    if not judges(" ".join(command)):
        return
    deps = {os.path.normpath(os.path.join(base, path)) for path in _paths(parsed, "deps")}
    for file in (MODELS_FILE, REVOCATIONS_FILE):
        if file not in deps:
            yield from ("--deps", os.path.relpath(file, base))


def _sidecar_options(parsed: dict[str, object], base: str, with_sidecar: Collection[str]) -> Iterator[str]:
    deps, stated = _paths(parsed, "deps"), {path for name in _OUT_FLAGS for path in _paths(parsed, name)}
    for path in deps:
        from_root = PurePosixPath(os.path.normpath(os.path.join(base, path))).as_posix()
        if from_root in with_sidecar and sidecar_path(path) not in deps:
            yield from ("--deps", sidecar_path(path))
    for name, flag in _OUT_FLAGS.items():
        for path in _paths(parsed, name):
            if is_dataset(path) and sidecar_path(path) not in stated:
                yield from (flag, sidecar_path(path))


def _paths(parsed: dict[str, object], name: str) -> list[str]:
    value = parsed.get(name)
    return [str(path) for path in value] if isinstance(value, list) else []


def _wrapped(command: list[str]) -> list[str]:
    """The command behind `provenance run --`. A line that needs a shell (pipes, &&, …) gets one of its own.

    Raises:
        RepositoryError: a quotation in the line is not closed.
    """
    words = command if len(command) > 1 else command[0].split()
    if words[:2] == list(WRAPPER[:2]):
        return command
    if len(command) > 1:
        setter = ["env"] if _ASSIGNMENT.match(words[0]) else []
        return [*WRAPPER, *setter, *command]
    # To DVC, each line is a command of its own; when the last one has ended, all outs are there.
    before, line_end, last = command[0].strip("\n").rpartition("\n")
    return [before + line_end + wrapped_line(last, in_shell=needs_shell(last))]


def is_wrapped(line: str) -> bool:
    """Whether the line runs under `provenance run` already."""
    return line.split()[:2] == list(WRAPPER[:2])


def wrapped_line(line: str, *, in_shell: bool) -> str:
    """The command ``line`` behind `provenance run --`; with ``in_shell``, in a shell of its own."""
    # Variables that are set for the command alone are a shell's doing, too; `env` sets them without one.
    setter = "env " if _ASSIGNMENT.match(line.lstrip()) else ""
    return f"{shlex.join(WRAPPER)} {shlex.join([_shell_of(line), '-c', line]) if in_shell else setter + line}"


def _shell_of(line: str) -> str:
    """The shell that understands the line: DVC runs commands in the user's own, which is often more than `sh` is."""
    return "bash" if _OF_BASH.search(_QUOTED.sub("''", line)) else "sh"


def needs_shell(line: str) -> bool:
    """Whether only a shell understands the line: it has pipes, redirections, variables, ….

    Raises:
        RepositoryError: a quotation in it is not closed.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.commenters = ""
    try:
        operators = any(set(token) <= set("();<>|&") for token in lexer)
    except ValueError as error:
        raise RepositoryError(f"{line}: {str(error).lower()}; close the quotation mark") from error
    return operators or any(sign in line for sign in "$`*?~\n")


def add_stage(arguments: Sequence[str]) -> int:
    """Run `dvc stage add` with ``arguments`` as a child that shares our terminal; its exit code."""
    # -P: `-m` alone would let files of the current folder stand in for modules that DVC imports.
    return subprocess.run([sys.executable, "-P", "-m", "dvc", "stage", "add", *arguments], check=False).returncode
