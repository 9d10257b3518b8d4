"""Which engine answers, and what is said where Spark cannot."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.engines import spark_session as sessions
from provenance.engines.choosing import VARIABLE, EngineName, chosen_engine
from provenance.engines.spark_session import first_line, spark_session
from provenance.errors import ProvenanceError


def test_what_was_asked_for_comes_before_the_environment_and_that_before_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen_engine(None, "duckdb") is EngineName.DUCKDB
    assert chosen_engine(None, "spark") is EngineName.SPARK
    monkeypatch.setenv(VARIABLE, "duckdb")
    assert chosen_engine(None, "spark") is EngineName.DUCKDB
    assert chosen_engine(EngineName.SPARK, "duckdb") is EngineName.SPARK
    monkeypatch.setenv(VARIABLE, "")
    assert chosen_engine(None, "spark") is EngineName.SPARK


def test_an_engine_that_there_is_none_of_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "mapreduce")
    with pytest.raises(ProvenanceError, match="^PROVENANCE_ENGINE=mapreduce: no such engine; there are duckdb, spark$"):
        chosen_engine(None, "duckdb")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            "An error occurred while calling o12.load.\n: java.io.IOException: gone\n\tat a.b",
            "java.io.IOException: gone",
        ),
        ("\n[PATH_NOT_FOUND] no such path\nmore", "[PATH_NOT_FOUND] no such path"),
        (
            "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n"
            '  File "a.py", line 1, in work\n    read(file)\nOSError: [Errno 28] No space left on device\n\tat a.b',
            "OSError: [Errno 28] No space left on device",
        ),
        ("", "no reason given"),
    ],
)
def test_what_spark_says_is_told_in_one_line(said: str, line: str) -> None:
    assert first_line(RuntimeError(said)) == line


def test_who_has_no_packages_for_connect_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(ProvenanceError, match=r"pip install 'pyspark\[connect\]'"), spark_session():
        pass


def _without_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPARK_REMOTE", "SPARK_CONF_DIR", "SPARK_HOME", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_a_java_home_without_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_configuration(monkeypatch)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ProvenanceError, match=f"^JAVA_HOME is {tmp_path}, where there is no bin/java"), spark_session():
        pass


STARTS_SPARK = """
from provenance.engines.spark_session import spark_session
from provenance.errors import ProvenanceError

try:
    with spark_session():
        pass
except ProvenanceError as error:
    print(error)
"""


def test_what_a_java_says_that_does_not_start_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_configuration(monkeypatch)
    java = tmp_path / "bin/java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho WARNING: a flag >&2\necho Error: LinkageError, class file 61.0 >&2\nexit 1\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    # A process of its own: another test may have started a Java in this one, which lasts.
    done = subprocess.run([sys.executable, "-c", STARTS_SPARK], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout == (
        "Spark does not start: Java ended at once (Error: LinkageError, class file 61.0); "
        "the engine spark needs Java 17 or later, and settings that it can read\n"
    )


def test_a_connect_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("grpc")
    monkeypatch.setattr(sessions, "_CONNECT_SECONDS", 0.2)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setenv("SPARK_REMOTE", f"sc://{address}")
        with pytest.raises(ProvenanceError, match=f"^SPARK_REMOTE: {address} does not answer within"), spark_session():
            pass
