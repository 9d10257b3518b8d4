"""`write_batch` records what `write` records of the same rows, all of a batch or none of it."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.recording import collect_documents, journal_rows, lines

import provenance
from provenance.capture import reading
from provenance.capture.recording import batches
from provenance.capture.recording.journal_lines import whole_contents
from provenance.errors import DataError, ProvenanceError
from provenance.lineage.sidecar import open_sidecar

MODEL = provenance.Model(name="writer", revision="1")
PROMPT = provenance.Prompt(name="ask", template="Ask {n} about: {text} 100%")
DOCUMENTS = "data/documents.jsonl"

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_PARENTS = (
    st.integers(1, 5).map(lambda row: f"{DOCUMENTS}:{row}")
    | st.just(provenance.sample_id({"text": "document 2"}))
    | st.just("0" * 32)
)
# For each argument of `write`, the one of `write_batch` that holds it for many rows, and what may be given.
_SAID: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "parents": ("parents", st.lists(_PARENTS | st.tuples(_PARENTS, st.sampled_from(["context", "derived_from"])))),
    "usage": (
        "usages",
        st.fixed_dictionaries({"input_tokens": st.integers(0, 9)}, optional={"output_tokens": st.integers(0, 9)}),
    ),
    "prompt_variables": ("prompt_variables", st.fixed_dictionaries({"n": st.integers(0, 3), "text": _TEXTS})),
    "seed": ("seeds", st.integers(-(2**63), 2**63 - 1)),
    "cost": ("costs", st.floats(0, 1e6) | st.decimals(0, 100, places=4) | st.just("0.25")),
    "response_id": ("response_ids", st.sampled_from(["r-1", "r-2"])),
    "verdict": ("verdicts", _TEXTS),
    "verifier": ("verifiers", _TEXTS),
    "license": ("licenses", st.sampled_from(["MIT", "CC0-1.0"])),
}
_ROWS = st.fixed_dictionaries(
    {"text": st.sampled_from(["a", "b"]) | _TEXTS},
    optional={"page": st.integers(-(2**63), 2**64 - 1), "nested": st.lists(st.dictionaries(_TEXTS, st.floats(0, 1)))},
)
_WRITTEN = st.lists(
    st.tuples(_ROWS, st.fixed_dictionaries({}, optional={name: values for name, (_, values) in _SAID.items()})),
    max_size=7,
)


@pytest.fixture
def documents(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(reading, "_read_here", {})
    # A batch has lines of a few rows each, the last of which may have one.
    monkeypatch.setattr(batches, "_AT_ONCE", 3)
    monkeypatch.setattr(batches, "_FEW", 2)
    return collect_documents()


def recorded() -> tuple[bytes, list[dict[str, Any]], dict[str, Any]]:
    """The dataset, its records, and its header without the times, which differ between any two runs."""
    header = open_sidecar(Path("made.jsonl.lineage.parquet")).header.model_dump(mode="json")
    for activity in header["activities"]:
        activity["started"] = activity["ended"] = None
    table = pq.read_table("made.jsonl.lineage.parquet").replace_schema_metadata(None)
    return Path("made.jsonl").read_bytes(), table.to_pylist(), header


class AbandonedError(Exception):
    pass


def abandon(record: Any, recorder: Any, written: list[tuple[dict[str, Any], dict[str, Any]]], *, keyed: bool) -> None:
    record(recorder, written, keyed=keyed)
    raise AbandonedError


def row_by_row(recorder: Any, written: list[tuple[dict[str, Any], dict[str, Any]]], *, keyed: bool) -> None:
    for number, (row, said) in enumerate(written):
        recorder.write(row, key=number if keyed else None, **said)


def in_batches(recorder: Any, written: list[tuple[dict[str, Any], dict[str, Any]]], *, keyed: bool, size: int) -> None:
    for start in range(0, len(written), size):
        part = written[start : start + size]
        columns = {
            column: [said.get(name) for _, said in part]
            for name, (column, _) in _SAID.items()
            if any(name in said for _, said in part)
        }
        keys = list(range(start, start + len(part))) if keyed else None
        recorder.write_batch([row for row, _ in part], keys=keys, **columns)


@given(_WRITTEN, st.integers(1, 4), st.booleans())
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_batch_is_written_to_the_journal_as_its_rows_are(
    documents: str, written: list[tuple[dict[str, Any], dict[str, Any]]], size: int, keyed: bool
) -> None:
    found = []
    for record in (row_by_row, partial(in_batches, size=size)):
        with (
            pytest.raises(AbandonedError),
            provenance.record("made.jsonl", model=MODEL, prompt=PROMPT, keep_prompts=True) as recorder,
        ):
            abandon(record, recorder, written, keyed=keyed)
        (journal,) = Path(".dvc/tmp/provenance/journals").glob("*.jsonl")
        with open(journal, "rb") as file:
            contents = [content or b"" for content in whole_contents(file)]
        journal.unlink()
        # A batch names the datasets that its parents are from ahead of its first row.
        said = [json.loads(content) for content in contents if b'{"journal"' not in content and b"\t" not in content]
        # What is imported in between is among the packages of the later one alone.
        others = {json.dumps({**each, "packages": None}, sort_keys=True) for each in said}
        found.append((journal_rows(contents), others))
    assert found[0] == found[1]
    assert len(found[0][0]) == len(written)


def test_a_batch_is_recorded_as_its_rows_are(documents: str) -> None:
    written: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"text": f"answer {number % 30}", "page": number},
            {
                "parents": [f"{documents}:{number % 5 + 1}", (f"{documents}:{number % 3 + 1}", "context")][
                    : number % 3
                ],
                "usage": {"prompt_tokens": number, "completion_tokens": 1},
                "prompt_variables": {"n": number % 4, "text": "x"},
                "cost": number / 1000,
                "seed": number,
            },
        )
        for number in range(40)
    ]
    found = []
    for record in (row_by_row, partial(in_batches, size=16)):
        with provenance.record("made.jsonl", model=MODEL, prompt=PROMPT, kind="answer") as recorder:
            record(recorder, written, keyed=True)
        found.append(recorded())
    assert found[0] == found[1]


def test_an_arrow_table_is_a_batch(documents: str) -> None:
    table = pa.table({"text": ["a", "b"], "scores": [[0.5], None]})
    with provenance.record("made.jsonl", model=MODEL, prompt=PROMPT) as recorder:
        recorder.write_batch(
            table,
            keys=pa.array(["k1", "k2"]),
            parents=pa.array([[f"{documents}:1"], [f"{documents}:2", f"{documents}:3"]]),
            prompt_variables=pa.table({"n": [1, 2], "text": ["x", "y"]}),
            usages=pa.table({"input_tokens": [1, 2], "output_tokens": [3, None]}),
            seeds=np.array([7, 8]),
            costs=pa.array([Decimal("0.1"), None], pa.decimal128(9, 4)),
        )
        recorder.write_batch(table.slice(0, 0))
        assert [recorder.done(key) for key in ("k1", "k2", "k3")] == [True, True, False]
    assert lines("made.jsonl") == table.to_pylist()
    told = {record["seed"]: record for record in pq.read_table("made.jsonl.lineage.parquet").to_pylist()}
    assert (told[7]["input_tokens"], told[7]["output_tokens"], told[7]["cost"]) == (1, 3, Decimal("0.1"))
    assert (told[8]["input_tokens"], told[8]["output_tokens"], told[8]["cost"]) == (2, None, None)
    assert [len(told[seed]["parents"]) for seed in (7, 8)] == [1, 2]


def test_an_error_names_the_row_of_the_batch_and_nothing_is_recorded(documents: str) -> None:
    good: dict[str, Any] = {"text": "good"}
    cases: list[tuple[Any, dict[str, Any], str]] = [
        ([good, {"text": float("nan")}], {}, "made.jsonl:3: row 2 of the batch: cannot be written as JSON: NaN"),
        ([good, {"_parents": []}], {}, "made.jsonl:3: row 2 of the batch: the column _parents is reserved"),
        ([good, good], {"seeds": [1, "x"]}, "row 2 of the batch: seed: 'x' is not a whole number"),
        ([good, good], {"costs": [-1, 0]}, "row 1 of the batch: cost: -1 is not an amount"),
        ([good, good], {"prompt_variables": [None, {"n": 1}]}, "row 2 of the batch: prompt 'ask': needs the"),
        ([good, good], {"parents": [[], ["x"]]}, "row 2 of the batch: parents: 'x' is not a row"),
        (
            [good, good],
            {"parents": [[], [f"{DOCUMENTS}:9"]]},
            "documents.jsonl:9: row 2 of the batch: there is no such",
        ),
        ([good, good], {"verdicts": ["\ud800", None]}, "row 1 of the batch: recorder: what comes with a row"),
        ([good, good], {"keys": [1, 1]}, "row 2 of the batch: key 1 was recorded before"),
        ([good, good], {"keys": ["first", 1]}, "row 1 of the batch: key 'first' was recorded before"),
        ([good, good], {"costs": [1]}, "costs: 1 for 2 rows; give one for each row, or None"),
        ({"text": "x"}, {}, "rows: {'text': 'x'} is not a list or an Arrow table"),
        (
            pd.DataFrame([good]),
            {},
            "rows: a DataFrame is not a list or an Arrow table with a value for each row; give its",
        ),
    ]
    with provenance.record("made.jsonl", model=MODEL, prompt=PROMPT) as recorder:
        recorder.write(good, key="first")
        for rows, columns, problem in cases:
            with pytest.raises(ProvenanceError) as raised:
                recorder.write_batch(rows, **columns)
            assert problem in str(raised.value)
            assert len(str(raised.value).splitlines()) == 1
            assert isinstance(raised.value, DataError) == (".jsonl:" in problem)
        recorder.write_batch([{"text": "after"}], keys=[1])
    assert lines("made.jsonl") == [good, {"text": "after"}]


def test_a_wrong_parent_that_an_iterator_gives_is_refused(documents: str) -> None:
    named = [[f"{documents}:1"], [f"{documents}:2", "wrong"], [f"{documents}:3"]]
    rows = [{"text": str(number)} for number in range(3)]
    with provenance.record("made.jsonl", model=MODEL) as recorder:
        with pytest.raises(ProvenanceError, match="row 2 of the batch: parents: 'wrong' is not a row"):
            recorder.write_batch(rows, parents=[iter(each) for each in named])
        recorder.write_batch(rows, parents=[iter(each[:1]) for each in named])
    found = [each["parents"] for each in pq.read_table("made.jsonl.lineage.parquet").to_pylist() if each["rows"]]
    assert [*map(len, found)] == [1, 1, 1]


@pytest.mark.parametrize(
    "odd", ["", ":1", "x:1", "1", "{0}", "{0}:", "{0}:0", "{0}:01", "{0}:+1", "{0}:\u0661", "{0}:9", "{0}:1\0{0}:2", 1]
)
def test_what_names_no_parent_is_refused_in_a_batch_as_it_is_alone(documents: str, odd: Any) -> None:
    parent = odd.format(documents) if isinstance(odd, str) else odd
    with provenance.record("made.jsonl", model=MODEL) as recorder:
        recorder.write_batch([{"text": "a"}], parents=[[f"{documents}:1"]])
        with pytest.raises(ProvenanceError) as alone:
            recorder.write({"text": "b"}, parents=[parent])
        for named in ([[parent], [f"{documents}:2"]], [[f"{documents}:2"], [f"{documents}:3", parent]]):
            with pytest.raises(ProvenanceError) as raised:
                recorder.write_batch([{"text": "b"}, {"text": "c"}], parents=named)
            number = 1 if named[0] == [parent] else 2
            assert str(raised.value).replace(f"row {number} of the batch: ", "") == str(alone.value)
    assert lines("made.jsonl") == [{"text": "a"}]


SCRIPT = """
import os, sys
import provenance
how = sys.argv[1]
model, prompt = provenance.Model(name="m"), provenance.Prompt(name="p", template="x {i}")
with provenance.record("made.jsonl", model=model, prompt=prompt) as recorder:
    number = 0
    while True:
        if how == "rows" or number % 3:
            text = f"row {number}" + 300 * "y"
            recorder.write({"text": text}, key=number, prompt_variables={"i": number}, cost=0.001)
            number += 1
        else:
            part = range(number, number + 64)
            recorder.write_batch(
                [{"text": f"row {i}" + 300 * "y"} for i in part],
                keys=list(part),
                prompt_variables=[{"i": i} for i in part],
                costs=[0.001] * len(part),
            )
            number += len(part)
        os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("how", ["rows", "batches"])
def test_kill_9_loses_no_row_whose_call_had_returned(dvc_repository: Path, how: str) -> None:
    for seed in range(3):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, how], stdout=subprocess.PIPE)
        assert process.stdout is not None
        said = process.stdout.readline()
        end = time.monotonic() + random.Random(seed).uniform(0, 0.3)
        while time.monotonic() < end:
            if select.select([process.stdout], [], [], 0.01)[0]:
                said += os.read(process.stdout.fileno(), 1 << 16)
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read()
        process.wait()
        returned = int(said[: said.rindex(b"\n")].split(b"\n")[-1])
        (journal,) = Path(".dvc/tmp/provenance/journals").glob("*.jsonl")
        with open(journal, "rb") as file:
            contents = list(whole_contents(file))
        assert None not in contents
        rows = journal_rows(contents)
        assert len(rows) >= returned > 0
        for number, (key, birth, row) in enumerate(rows):
            assert (key, row) == (number, {"text": f"row {number}" + 300 * "y"})
            assert birth.keys() == {"prompt", "cost"}
        with provenance.record(
            "made.jsonl",
            model=provenance.Model(name="m"),
            prompt=provenance.Prompt(name="p", template="x {i}"),
        ) as recorder:
            assert all(recorder.done(number) for number in range(returned))
        assert len(lines("made.jsonl")) == returned
