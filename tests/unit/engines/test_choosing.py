"""Which engine answers, and what is said where Spark cannot."""

from __future__ import annotations

import sys

import pytest

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
