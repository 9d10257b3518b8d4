"""`provenance query` in a real DVC repository: docs, pairs that a model wrote from them, and a mix of both."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.lineage import DOCS, PAIRS, lineage_project
from support.project import Project
from support.workbench import identifier

PAIR, DOC = identifier(PAIRS[0]), identifier(DOCS[0])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Not to be changed."""
    return lineage_project(tmp_path_factory.mktemp("querying") / "repository")


def rows(project: Project, sql: str, *options: str) -> list[Any]:
    """The rows of the answer, each as a list."""
    answer = project.ask("query", sql, *options)
    assert all(list(row) == answer["columns"] for row in answer["rows"])
    return [list(row.values()) for row in answer["rows"]]


def test_samples_have_names_where_sidecars_have_numbers(project: Project) -> None:
    (row,) = project.ask("query", f"FROM samples WHERE dataset = 'mix.jsonl' AND sample_id = '{PAIR}'")["rows"]
    assert {name: row[name] for name in ("rows", "origin", "kind", "model", "source", "activity_type", "depth")} == {
        "rows": 1, "origin": "synthetic", "kind": "rewrite", "model": "writer@1", "source": None,
        "activity_type": "generation", "depth": 1,
    }  # fmt: skip
    assert (row["id"], row["parents"], row["parent_roles"]) == (PAIR, [DOC], ["derived_from"])
    assert rows(project, "SELECT source, license, sum(rows) FROM samples WHERE origin = 'real' GROUP BY ALL") == [
        ["library", "MIT", 4]
    ]


def test_every_view_can_be_asked_and_joined(project: Project) -> None:
    assert rows(project, "SHOW TABLES") == [
        [name]
        for name in ("activities", "agents", "birth_classes", "datasets", "parents", "prompts", "samples", "sources")
    ]
    classes = "SELECT dataset, origin, sum(rows), sum(bytes) FROM {} GROUP BY ALL ORDER BY ALL"
    counted = rows(project, classes.format("birth_classes"))
    summed = "(SELECT dataset, origin, rows, content_bytes * rows AS bytes FROM samples WHERE rows > 0)"
    assert counted == rows(project, classes.format(summed)) != []
    stages = rows(project, "SELECT DISTINCT stage, model FROM birth_classes WHERE model IS NOT NULL")
    assert stages == rows(project, "SELECT DISTINCT stage, model FROM samples WHERE model IS NOT NULL AND rows > 0")
    edges = rows(project, "SELECT DISTINCT child, parent, role FROM parents")
    assert sorted(edges) == sorted(
        [identifier(pair), identifier(doc), "derived_from"] for pair, doc in zip(PAIRS, DOCS, strict=True)
    )
    assert rows(project, "SELECT dataset, state, rows FROM datasets ORDER BY 1") == [
        ["bare.jsonl", "missing", None],
        ["docs.jsonl", "ok", 2],
        ["mix.jsonl", "ok", 4],
        ["pairs.jsonl", "ok", 2],
    ]
    assert rows(project, "SELECT type, model, started FROM activities WHERE model IS NOT NULL") == [
        ["generation", "writer@1", "2026-01-01T12:00:00+00:00"]
    ]
    joined = "FROM samples JOIN agents a USING (agent) JOIN activities USING (activity)"
    assert rows(project, f"SELECT DISTINCT a.name, a.revision {joined}") == [["writer", "1"]]
    joined = "FROM samples JOIN sources s USING (source_id)"
    assert rows(project, f"SELECT DISTINCT url, s.license {joined}") == [[None, "MIT"]]
    assert rows(project, "SELECT * FROM prompts") == []


def test_raw_ids_find_what_texts_find(project: Project) -> None:
    by_text = rows(project, f"SELECT dataset FROM samples WHERE sample_id = '{DOC}' ORDER BY 1")
    assert by_text == [["docs.jsonl"], ["mix.jsonl"], ["pairs.jsonl"]]
    assert rows(project, f"SELECT dataset FROM samples WHERE id = unhex('{DOC}') ORDER BY 1") == by_text
    assert rows(project, f"SELECT DISTINCT child FROM parents WHERE parent_id = unhex('{DOC}')") == [[PAIR]]


def test_a_revision_is_asked_without_checkout(project: Project) -> None:
    assert rows(project, "SELECT count(*) FROM datasets", "--rev", "HEAD~1") == [[1]]


def test_forms(project: Project, tmp_path: Path) -> None:
    chosen = "sample_id, id, rows, origin, cost, parents"
    sql = f"SELECT {chosen} FROM samples WHERE dataset = 'mix.jsonl' ORDER BY sample_id"
    expected = project.ask("query", sql)["rows"]
    assert len(expected) == 4
    text = project.provenance("query", sql, "--csv").stdout
    found = list(csv.DictReader(io.StringIO(text)))
    assert [(row["sample_id"], row["id"], row["rows"]) for row in found] == [
        (row["sample_id"], row["id"], str(row["rows"])) for row in expected
    ]
    assert {row["cost"] for row in found} == {""}
    file = tmp_path / "answer.parquet"
    project.provenance("query", sql, "--parquet", str(file))
    table = pq.read_table(file)
    assert table.column("sample_id").to_pylist() == [row["sample_id"] for row in expected]
    assert table.column("id").to_pylist() == [bytes.fromhex(row["id"]) for row in expected]
    said = project.provenance("query", sql).stdout.splitlines()
    assert said[0].split() == ["sample_id", "id", "rows", "origin", "cost", "parents"]
    assert said[2].startswith(f"{expected[0]['sample_id']}   {expected[0]['id']}   ")


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("SELECT 'a' AS a, NULL::VARCHAR AS \"b c\", '' AS d, 'e\"f' AS e", 'a,b c,d,e\n"a",,"","e""f"\n'),
        ("SELECT 'a' AS a, NULL AS b, '' AS d, 'e\"f' AS e, 7 AS f", 'a,b,d,e,f\na,,"","e""f",7\n'),
        ("SELECT 'a,b' AS a, true AS b, DATE '2026-01-31' AS c", 'a,b,c\n"a,b",true,2026-01-31\n'),
        ("SELECT '007' AS a WHERE false", "a\n"),
    ],
)
def test_csv_quotes_all_where_all_is_text(project: Project, sql: str, written: str) -> None:
    assert project.provenance("query", sql, "--csv").stdout == written


def test_json_keeps_every_value(project: Project) -> None:
    sql = (
        "SELECT 12345678901234567890123::HUGEINT AS huge, 0.10::DECIMAL(10, 2) AS decimal, 'NaN'::DOUBLE AS nan, "
        "'\\xAB'::BLOB AS bytes, DATE '2026-01-31' AS day, [1, NULL] AS list, {'a': 1.5::DECIMAL(3, 1)} AS struct, "
        "INTERVAL 1 DAY AS interval, NULL AS nothing, '\u202eé' AS text"
    )
    done = project.provenance("query", sql, "--json")
    assert done.stdout.isascii()
    (row,) = json.loads(done.stdout)["rows"]
    assert row.pop("interval")
    assert row == {
        "huge": 12345678901234567890123, "decimal": "0.10", "nan": "nan", "bytes": "ab", "day": "2026-01-31",
        "list": [1, None], "struct": {"a": "1.5"}, "nothing": None, "text": "\u202eé",
    }  # fmt: skip
    assert project.ask("query", "SELECT 1 AS a WHERE false") == {"columns": ["a"], "rows": []}


def test_a_long_table_is_cut_and_says_so(project: Project) -> None:
    said = project.provenance("query", "SELECT range AS n, range AS n FROM range(101)").stdout.splitlines()
    assert said[-1] == "only the first 100 rows are shown: --csv, --json and --parquet FILE give them all"
    assert [line.split() for line in said[2:-1]] == [[str(n), str(n)] for n in range(100)]
    assert len(project.provenance("query", "FROM range(100)").stdout.splitlines()) == 102
    assert len(project.provenance("query", "FROM range(100000)", "--csv").stdout.splitlines()) == 100_001
    assert rows(project, "FROM range(100000)")[-1] == [99_999]


def test_cells_cannot_steer_a_terminal(project: Project) -> None:
    said = project.provenance("query", "SELECT chr(27) || '[2J' || chr(8238) AS x, chr(27) || '[31m' AS \"a\x1b[2J\"")
    assert "\\x1b[2J\\u202e" in said.stdout and "a\\x1b[2J" in said.stdout
    assert not {"\x1b", "\u202e"} & set(said.stdout)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["SELEC 1"], 'syntax error at or near "SELEC"'),
        (["SELECT nothing FROM samples"], 'Referenced column "nothing" not found'),
        (["SELECT 1 AS a, 2 AS a", "--json"], "two columns have the name a: give one of them another with AS"),
        (["SELECT 1 AS a, 2 AS a", "--parquet", "x.parquet"], "two columns have the name a"),
        (["SELECT INTERVAL 1 DAY AS a", "--parquet", "x.parquet"], "x.parquet: Parquet cannot hold this"),
        (["SELECT error('one\ntwo\x1b[2J')", "--csv"], "one"),
        (["SELECT error('no')", "--json"], "no"),
        (["SELECT ?"], "Values were not provided for the following parameters: 1"),
        ([""], "one SELECT statement is a query, and this has no statements"),
    ],
)
def test_what_cannot_be_answered_is_one_line(project: Project, arguments: list[str], problem: str) -> None:
    assert problem in project.refusal("query", *arguments)


def test_forms_exclude_each_other(project: Project) -> None:
    assert project.provenance("query", "SELECT 1", "--csv", "--json").code == 2


def test_a_repository_without_lineage_has_empty_views(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    for view in ("samples", "parents", "activities", "agents", "prompts", "sources", "datasets"):
        assert rows(project, f"FROM {view}") == []


# As with Ctrl-C; a process that is only told to end, by `timeout` or a CI runner, ends too.
@pytest.mark.parametrize(
    ("told", "code", "sql"),
    [
        (signal.SIGINT, 130, "SELECT count(*) FROM range(1000000000) a, range(1000000) b"),
        (signal.SIGINT, 130, "SELECT * FROM range(1000000000000) WHERE range < 0"),
        (signal.SIGTERM, -signal.SIGTERM, "SELECT max(a.range * b.range) FROM range(1000000000) a, range(1000000) b"),
    ],
)
def test_a_runaway_query_ends_when_it_is_interrupted(
    project: Project, told: signal.Signals, code: int, sql: str
) -> None:
    command = [sys.executable, "-m", "provenance", "query", sql, "--csv"]
    running = subprocess.Popen(
        command,
        cwd=project.root,
        env=dict(project.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What runs in the background ignores the interrupt, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            running.communicate(timeout=6)
        running.send_signal(told)
        said, errors = running.communicate(timeout=20)
    finally:
        running.kill()
        running.wait()
    assert (running.returncode, "Traceback" in errors) == (code, False), (said, errors)
