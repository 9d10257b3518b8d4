from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from provenance import __version__
from provenance.cli import app
from provenance.cli.failures import reported
from provenance.cli.options import VerboseOption
from provenance.errors import DataError

HEAVY = ("dvc", "git", "duckdb", "pyarrow", "rich", "numpy", "pydantic")


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from provenance.cli import app; sys.argv[1:] = ['--help']\n"
        "try: app()\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "trace" in done.stdout
    assert done.stderr.strip() == "[]"


def test_version() -> None:
    # Scripts read the first line.
    first, second = CliRunner().invoke(app, ["--version"], env={"PROVENANCE_NATIVE": "0"}).stdout.splitlines()
    assert first == f"provenance {__version__}"
    assert second == "ids: pure Python (PROVENANCE_NATIVE=0)"


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["show"], ["audit"], ["impact"], ["trace", "abcdef", "--depth", "0"], ["status", "--colour"]],
)
def test_wrong_use_is_exit_2(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


@pytest.mark.parametrize("options", [["--json", "--dot"], ["--dot", "--mermaid"]])
def test_forms_of_a_trace_exclude_each_other(options: list[str]) -> None:
    done = CliRunner().invoke(app, ["trace", "abcdef", *options])
    assert done.exit_code == 2
    assert "cannot be combined" in done.stderr


def failing(error: BaseException, *arguments: str) -> tuple[int, str]:
    """The exit code and standard error of a command that ends with ``error``."""

    def command(verbose: VerboseOption = False) -> None:
        raise error

    failing_app = typer.Typer(pretty_exceptions_enable=False)
    failing_app.command()(reported(command))
    done = CliRunner().invoke(failing_app, arguments)
    return done.exit_code, done.stderr


def test_an_error_is_one_safe_line() -> None:
    assert failing(DataError("a\x1b[2J.jsonl", 3, "bad\nrow")) == (2, "error: a\\x1b[2J.jsonl:3: bad row\n")


def test_an_internal_error_hides_its_traceback_until_asked() -> None:
    code, said = failing(ZeroDivisionError("by\x07 zero"))
    assert (code, len(said.splitlines())) == (2, 1)
    assert said.startswith("error: internal error: ZeroDivisionError: by\\x07 zero; run it again with -v")
    code, said = failing(ZeroDivisionError("by\x07 zero"), "-v")
    assert code == 2
    assert "Traceback" in said
    assert "\x07" not in said


def test_interruption_is_130() -> None:
    assert failing(KeyboardInterrupt())[0] == 130


def test_summaries_fit_and_usage_names_the_command() -> None:
    def said(*arguments: str) -> str:
        return CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": "80"}).stdout

    for group in ((), ("stage",), ("model",)):
        assert "..." not in said(*group).split("Commands:")[1]
    assert said("run").startswith("Usage: provenance run [OPTIONS] -- COMMAND [ARGUMENT]...")
