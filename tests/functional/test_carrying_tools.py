"""Each tool carries `_parents`: the scripts of docs/carrying.md as stages, against truth worked out here row by row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.carrying import (
    DOCUMENTS,
    QUESTIONS,
    Expected,
    check,
    java_is_there,
    lay_out_inputs,
    run_stage,
    script_of,
    sources,
    unchanged,
)

# Made for few rows: Spark's own defaults take their time.
SPARK_OPTIONS = "--conf spark.sql.shuffle.partitions=2 --conf spark.ui.enabled=false pyspark-shell"
NUMBERED = list(enumerate(DOCUMENTS, start=1))


@pytest.fixture
def inputs(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with both inputs, where no tool looks at, or writes to, the home of whoever runs the tests."""
    monkeypatch.setenv("HF_HOME", str(dvc_repository.parent / "huggingface"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", SPARK_OPTIONS)
    lay_out_inputs()


def of_documents(change: Callable[[dict[str, Any]], Iterable[dict[str, Any]]]) -> list[Expected]:
    """What ``change`` makes of each document, which is its only parent."""
    return [(made, sources("documents", [row])) for row, document in NUMBERED for made in change(document)]


def grouped(key: Callable[[dict[str, Any]], Hashable]) -> dict[Hashable, list[int]]:
    """The rows of the documents by ``key``."""
    groups: dict[Hashable, list[int]] = {}
    for row, document in NUMBERED:
        groups.setdefault(key(document), []).append(row)
    return groups


def topics(separator: str, *, in_order_of_text: bool = False) -> list[Expected]:
    """The texts of each topic, joined."""
    expected: list[Expected] = []
    for rows in grouped(lambda document: document["topic"]).values():
        texts = [DOCUMENTS[row - 1]["text"] for row in rows]
        ordered = sorted(texts) if in_order_of_text else texts
        expected.append(({"text": separator.join(ordered)}, sources("documents", rows)))
    return expected


def pairs() -> list[tuple[int, int]]:
    """The rows of documents and questions that are on the same page."""
    return [
        (d, q)
        for d, document in NUMBERED
        for q, question in enumerate(QUESTIONS, start=1)
        if document["page"] == question["page"]
    ]


def joined(text: str = "text") -> list[Expected]:
    return [
        (
            {
                text: DOCUMENTS[d - 1]["text"],
                "question": QUESTIONS[q - 1]["question"],
                "answer": QUESTIONS[q - 1]["answer"],
            },
            {("documents", d), ("questions", q)},
        )
        for d, q in pairs()
    ]


def cut(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)]


def sentences() -> list[Expected]:
    return of_documents(lambda document: ({"text": part} for part in document["text"].split(". ")))


def test_pandas(inputs: None) -> None:
    outs = ["out/topics.jsonl", "out/joined.jsonl", "out/chats.parquet", "out/long.parquet"]
    run_stage(script_of("pandas"), ["data/documents.jsonl", "data/questions.jsonl"], outs)
    check("out/topics.jsonl", topics("\n"))
    check("out/joined.jsonl", joined())
    chats: list[Expected] = [
        (
            {
                "messages": [
                    {"role": "user", "content": question["question"]},
                    {"role": "assistant", "content": question["answer"]},
                ]
            },
            sources("questions", [row]),
        )
        for row, question in enumerate(QUESTIONS, start=1)
    ]
    check("out/chats.parquet", chats)
    check("out/long.parquet", unchanged(document for document in DOCUMENTS if len(document["text"]) > 30))


def test_polars(inputs: None) -> None:
    outs = ["out/sentences.jsonl", "out/heads.parquet", "out/alike.parquet", "out/joined.parquet"]
    run_stage(script_of("Polars"), ["data/documents.parquet", "data/questions.jsonl"], outs)
    check("out/sentences.jsonl", sentences())
    check("out/heads.parquet", of_documents(lambda document: [{"text": document["text"][:16]}]))
    alike = grouped(lambda document: document["text"].lower())
    check("out/alike.parquet", [({"text": text}, sources("documents", rows)) for text, rows in alike.items()])
    with_question = {d for d, _ in pairs()}
    without = [document for row, document in NUMBERED if row not in with_question]
    check("out/joined.parquet", [*joined(), *unchanged(without)])


def test_duckdb(inputs: None) -> None:
    outs = ["out/topics.parquet", "out/chunks.jsonl", "out/joined.parquet", "out/distinct.parquet"]
    run_stage(script_of("DuckDB"), ["data/documents.parquet", "data/questions.jsonl"], outs)
    check("out/topics.parquet", topics(" "))
    check("out/chunks.jsonl", of_documents(lambda document: ({"text": part} for part in cut(document["text"], 20))))
    check("out/joined.parquet", joined("context"))
    distinct = {document["text"]: document for document in DOCUMENTS}
    check("out/distinct.parquet", unchanged(distinct.values()))


@pytest.mark.skipif(find_spec("pyspark") is None or not java_is_there(), reason="needs pyspark and Java")
def test_pyspark(inputs: None) -> None:
    outs = ["out/upper.parquet", "out/sentences.parquet", "out/topics.parquet", "out/joined.parquet"]
    run_stage(script_of("PySpark"), ["data/documents.parquet", "data/questions.jsonl"], outs)
    check("out/upper.parquet", of_documents(lambda document: [{"text": document["text"].upper()}]))
    check("out/sentences.parquet", sentences())
    check("out/topics.parquet", topics(" ", in_order_of_text=True))
    check("out/joined.parquet", joined())


@pytest.mark.skipif(find_spec("datasets") is None, reason="needs datasets")
def test_datasets(inputs: None) -> None:
    outs = [
        f"out/{name}" for name in ("tokenised.parquet", "chats.jsonl", "heads.parquet", "chunks.jsonl", "birds.jsonl")
    ]
    run_stage(script_of("Hugging Face datasets"), ["data/documents.jsonl"], outs)
    check("out/tokenised.parquet", of_documents(lambda document: [{"input_ids": list(document["text"].encode())}]))

    def chat(document: dict[str, Any]) -> list[dict[str, Any]]:
        start = {"role": "user", "content": "Continue: " + document["text"][:10]}
        return [{"messages": [start, {"role": "assistant", "content": document["text"]}]}]

    check("out/chats.jsonl", of_documents(chat))
    check("out/heads.parquet", of_documents(lambda document: [{"text": document["text"][:12]}]))
    check("out/chunks.jsonl", of_documents(lambda document: ({"text": part} for part in cut(document["text"], 25))))
    check("out/birds.jsonl", unchanged(document for document in DOCUMENTS if document["topic"] == "birds"))
