"""SQL questions: what they may not do, whatever is tried, and what a view says of odd records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.errors import QueryError
from provenance.ledger.composition.composition import composition
from provenance.ledger.sql.questions import Questions, open_questions
from provenance.lineage.records import Activity, ActivityType, Agent, GitState, Plan, Price, Source, StageRun
from provenance.repository import Repository

MODEL = Agent(name="it's", revision="r1")
PROMPT = Plan(name="ask", template="Ask about {text}")
LIBRARY = Source(name="library", license="PSF-2.0")
GENERATION = Activity(
    type=ActivityType.GENERATION,
    agent=MODEL.id,
    plan=PROMPT.id,
    stage=StageRun(name="generate"),
    git=GitState(head="ab", dirty=True),
    rejected={"short": 2},
    price=Price(
        currency="USD",
        input=Decimal("0.15"),
        output=Decimal("0.6"),
        table="p",
        version="1",
        dated=date(2026, 1, 1),
        digest="d",
    ),
)
COLLECTION = Activity(type=ActivityType.COLLECTION, source=LIBRARY.id)


@pytest.fixture
def sidecar(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        "a.jsonl",
        [
            record(sample(1), 2, parents=[sample(2)], activity=1, agent=0, prompt=b"\1" * 16),
            record(sample(2), 0, activity=0, source=0),
            record(sample(3), 1, parents=[sample(2)], evidence="inferred"),
            record(sample(4), 1, origin="unknown", evidence=None, license="MIT"),
        ],
        Words((COLLECTION, GENERATION), (MODEL,), (PROMPT,), (LIBRARY,)),
    )


@pytest.fixture
def questions(repository: Repository, sidecar: Path) -> Iterator[Questions]:
    with ledger_of(repository, sidecar) as ledger, open_questions(ledger) as opened:
        yield opened


def test_columns(questions: Questions) -> None:
    chosen = "sample_id, model, prompt, stage, activity_type, license, prompt_digest"
    found = questions.ask(f"SELECT {chosen} FROM samples ORDER BY right(sample_id, 1)").batches.read_all().to_pylist()
    assert [tuple(row.values()) for row in found] == [
        (sample(1), "it's@r1", "ask", "generate", "generation", None, "01" * 16),
        (sample(2), None, None, None, "collection", "PSF-2.0", None),
        (sample(3), None, None, None, None, None, None),
        (sample(4), None, None, None, None, "MIT", None),
    ]
    (born,) = questions.ask("SELECT * FROM activities WHERE type = 'generation'").batches.read_all().to_pylist()
    named = ("activity", "model", "prompt", "stage", "git_commit", "git_dirty", "rejected", "price_currency")
    assert [born[name] for name in named] == [
        GENERATION.id, "it's@r1", "ask", "generate", "ab", True, '{"short": 2}', "USD",
    ]  # fmt: skip
    assert str(born["price_input"].normalize()) == "0.15"


def test_a_guessed_parent_is_no_parent(questions: Questions) -> None:
    found = questions.ask("SELECT child, parent FROM parents").batches.read_all().to_pylist()
    assert found == [{"child": sample(1), "parent": sample(2)}]


def test_parameters_and_answers_side_by_side(questions: Questions) -> None:
    first = questions.ask("SELECT rows FROM samples WHERE sample_id = ?", [sample(1)])
    second = questions.ask("SELECT rows FROM samples WHERE sample_id = $id", {"id": sample(2)})
    texts = questions.ask("SELECT id, rows FROM samples WHERE id = unhex(?) -- one", [sample(1)], as_text=True)
    assert [answer.batches.read_all().to_pylist() for answer in (first, second, texts)] == [
        [{"rows": 2}],
        [{"rows": 0}],
        [{"id": sample(1), "rows": "2"}],
    ]


def test_rows_come_in_order_and_as_they_are_computed(questions: Questions) -> None:
    ordered = questions.ask("SELECT range AS n FROM range(300_000) ORDER BY n DESC", as_text=True).batches
    assert [int(n) for batch in ordered for n in batch["n"].to_pylist()] == list(range(299_999, -1, -1))
    endless = questions.ask("SELECT * FROM range(1_000_000_000_000)").batches
    assert endless.read_next_batch().num_rows > 0


@pytest.mark.parametrize(
    "sql", ["SHOW TABLES", "DESCRIBE samples", "SUMMARIZE samples", "FROM datasets;", "VALUES (1)"]
)
def test_other_ways_to_ask(questions: Questions, sql: str) -> None:
    assert questions.ask(sql).batches.read_all().num_rows > 0
    assert questions.ask(sql, as_text=True).batches.read_all().num_rows > 0


ATTACKS = (
    "COPY (SELECT 1) TO '{sidecar}'",
    "WITH x AS (COPY (SELECT 1) TO '{sidecar}') FROM x",
    "WITH x AS (COPY (SELECT 1) TO '{sidecar}' (FORMAT csv, USE_TMP_FILE false)) FROM x",
    "SELECT * FROM (WITH x AS (COPY (SELECT 1) TO '{folder}/new.csv') FROM x)",
    "WITH x AS (INSERT INTO agents SELECT * FROM agents RETURNING *) FROM x",
    "WITH x AS (DELETE FROM agents RETURNING *) FROM x",
    "WITH x AS (UPDATE agents SET name = 'x' RETURNING *) FROM x",
    "INSERT INTO agents SELECT * FROM agents",
    "DROP VIEW samples",
    "CREATE TABLE x AS SELECT 1",
    "CREATE MACRO f(x) AS x",
    "ATTACH '{folder}/new.db'",
    "EXPORT DATABASE '{folder}/new'",
    "IMPORT DATABASE '{folder}'",
    "FROM read_csv('/etc/passwd')",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('{sidecar}')",
    "FROM read_parquet('/etc/passwd')",
    "FROM read_json('/etc/passwd')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM parquet_metadata('/etc/passwd')",
    "FROM '/etc/passwd'",
    "FROM '/etc/passwd.csv'",
    "FROM '{folder}/other.parquet'",
    "FROM glob('/etc/*')",
    "FROM glob('{folder}/*')",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT array(FROM read_text('/etc/passwd'))",
    "FROM samples WHERE EXISTS (FROM read_text('/etc/passwd'))",
    "FROM samples, LATERAL read_text('/etc/passwd')",
    "SELECT 1 UNION ALL SELECT content FROM read_text('/etc/passwd')",
    "WITH RECURSIVE x AS (SELECT 'a' UNION ALL SELECT content FROM read_text('/etc/passwd')) FROM x",
    "FROM query('FROM read_text(''/etc/passwd'')')",
    "FROM query_table('/etc/passwd')",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''/etc/passwd'')'))",
    "FROM main.read_text('/etc/passwd')",
    "FROM READ_TEXT('/etc/passwd')",
    "FROM \"read_text\"('/etc/passwd')",
    "FROM read_csv('http://127.0.0.1:9/x')",
    "FROM enable_logging('QueryLog', storage_path = '{folder}/log')",
    "FROM enable_profiling()",
    "FROM arrow_scan(1, 1, 1)",
    "FROM duckdb_secrets()",
    "FROM variable_of_the_caller",
    "SELECT getenv('HOME')",
    "INSTALL httpfs",
    "LOAD json",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "SET VARIABLE x = 1",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "CALL pragma_version()",
    "CALL enable_logging('QueryLog')",
    "CHECKPOINT",
    "BEGIN",
    "USE internal",
    "PREPARE x AS SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "PIVOT samples ON origin USING sum(rows)",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{sidecar}'",
    "",
    "-- nothing",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT " + "[" * 900 + "1" + "]" * 900,
    "SELECT '\0'; SELECT",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_but_a_question_is_answered(questions: Questions, sidecar: Path, tmp_path: Path, attack: str) -> None:
    variable_of_the_caller = pa.table({"secret": [1]})
    pq.write_table(variable_of_the_caller, tmp_path / "other.parquet")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(QueryError) as caught:
        questions.ask(attack.replace("{sidecar}", str(sidecar)).replace("{folder}", str(tmp_path))).batches.read_all()
    assert len(str(caught.value).splitlines()) == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert variable_of_the_caller.num_rows == 1
    assert questions.ask("SELECT count(*) FROM samples").batches.read_all().num_rows == 1


# What the closed database refuses by itself, were the statement's check to miss it.
@pytest.mark.parametrize(
    "attack",
    [
        "COPY (SELECT 1) TO '{folder}/new.csv'",
        "WITH x AS (COPY (SELECT 1) TO '{folder}/new.csv') FROM x",
        "FROM read_text('/etc/passwd')",
        "FROM glob('/etc/*')",
        "ATTACH '{folder}/new.db'",
        "EXPORT DATABASE '{folder}/new'",
        "LOAD httpfs",
        "FROM enable_logging('QueryLog', storage_path = '{folder}/log')",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "RESET lock_configuration",
    ],
)
def test_the_database_is_closed_by_itself(questions: Questions, tmp_path: Path, attack: str) -> None:
    before = set(tmp_path.rglob("*"))
    with pytest.raises(duckdb.Error):
        questions._connection.execute(attack.replace("{folder}", str(tmp_path))).fetchall()
    assert set(tmp_path.rglob("*")) == before


def test_a_quote_in_a_path_or_name_is_only_a_quote(repository: Repository, tmp_path: Path) -> None:
    path = write(tmp_path, "it's [1]*?.jsonl", [record(sample(1))])
    with ledger_of(repository, path) as ledger, open_questions(ledger) as questions:
        assert questions.ask("SELECT dataset FROM samples").batches.read_all().to_pylist() == [
            {"dataset": "it's [1]*?.jsonl"}
        ]


def test_rows_that_may_have_been_born_in_several_ways_add_up(repository: Repository, tmp_path: Path) -> None:
    records = [
        record(sample(1), 2, possible_rows=2, ambiguous_rows=2),
        record(sample(1), 0, possible_rows=2, origin="synthetic"),
        record(sample(2), 3, origin="unknown", doubts=0b1000001),
        record(sample(3), 1, origin="synthetic", kind="answer", doubts=0b0110100),
        record(sample(4), 1, origin="unknown"),
    ]
    with ledger_of(repository, write(tmp_path, "a.jsonl", records)) as ledger, open_questions(ledger) as questions:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return [tuple(row.values()) for row in questions.ask(sql).batches.read_all().to_pylist()]

        classes = ask("SELECT origin, kind, model, license, depth, rows, bytes FROM birth_classes ORDER BY ALL")
        assert classes == [
            ("ambiguous", "ambiguous", "ambiguous", None, None, 3, 30),
            ("ambiguous", None, None, None, None, 2, 20),
            ("real", None, None, None, None, 2, 20),
            ("synthetic", "answer", "ambiguous", "ambiguous", None, 1, 10),
            ("unknown", None, None, None, None, 1, 10),
        ]
        # The same by an audit: what is ambiguous of either sort is one group there.
        found = composition(ledger, ledger.recorded[0])
        assert {group: share.rows for group, share in found.by_origin.items()} == {
            "ambiguous": 5,
            "real": 2,
            "synthetic": 1,
            "unknown": 1,
        }
        assert found.by_model["ambiguous"].rows == 6
        assert ask(
            "SELECT sum(rows)::BIGINT AS a, sum(rows + coalesce(ambiguous_rows, 0))::BIGINT AS b FROM samples"
        ) == [(7, 9)]
        doubts = [([],), (["origin", "real_rooted"],), (["agent", "license", "depth"],)]
        assert ask("SELECT DISTINCT doubts FROM samples ORDER BY len(doubts)") == doubts
