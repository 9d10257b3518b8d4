from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.sidecars import Words, record, sample, write
from support.workbench import DERIVATION, Workbench, identifier

from provenance.identity.names import sidecar_path
from provenance.lineage import accounting
from provenance.lineage.accounting import InputRows, account_for
from provenance.lineage.births import Dependency
from provenance.lineage.records import Activity, ActivityType

DOCUMENTS = [{"text": f"document {number}"} for number in range(4)]


@pytest.fixture(autouse=True, params=[accounting._AT_ONCE, 1])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All as one range of ids, and by as many ranges as there are records."""
    monkeypatch.setattr(accounting, "_AT_ONCE", request.param)


def sidecars(*datasets: Dependency | Path) -> list[Path]:
    files = [dataset.data if isinstance(dataset, Dependency) else dataset for dataset in datasets]
    return [Path(sidecar_path(str(file))) for file in files]


def test_every_input_row_is_kept_changed_or_dropped(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", [*DOCUMENTS, DOCUMENTS[0], DOCUMENTS[1], DOCUMENTS[3]])
    kept: dict[str, Any] = {**DOCUMENTS[0], "_parents": "documents.jsonl:1"}
    one = workbench.dataset("one.jsonl", [kept])
    two = workbench.dataset("two.jsonl", [{"text": "changed", "_parents": ["documents.jsonl:1", "documents.jsonl:2"]}])
    for out in (one, two):
        workbench.complete(out, dependencies=[documents], derivation=DERIVATION)
    account = account_for(sidecars(documents), sidecars(one, two), workbench.folder)
    assert account.inputs == (InputRows("documents.jsonl", rows=7, kept=1, changed=2, dropped=4),)
    assert account.rejected == {}


@pytest.mark.parametrize(
    ("rows", "out", "kept", "changed", "dropped"),
    [
        # Deduplicated; half of it taken; written twice; deduplicated, and rewritten from one of the rows that went.
        ([0] * 5 + [1] * 5, [0, 1], 2, 0, 8),
        ([0, 1] * 5, [0, 1, 0, 1], 4, 0, 6),
        ([0, 1], [0, 1, 0, 1], 2, 0, 0),
        ([0] * 5, [0, "rewritten"], 1, 1, 3),
        ([0] * 5, ["rewritten"] * 7, 0, 5, 0),
    ],
)
def test_rows_of_equal_text_are_counted_one_by_one(
    workbench: Workbench, rows: list[int], out: list[int | str], kept: int, changed: int, dropped: int
) -> None:
    documents = workbench.collected("documents.jsonl", [DOCUMENTS[number] for number in rows])
    written = workbench.dataset(
        "out.jsonl",
        [DOCUMENTS[each] if isinstance(each, int) else {"text": each, "_parents": "documents.jsonl:1"} for each in out],
    )
    workbench.complete(written, dependencies=[documents], derivation=DERIVATION)
    account = account_for(sidecars(documents), sidecars(written), workbench.folder)
    assert account.inputs == (InputRows("documents.jsonl", len(rows), kept, changed, dropped),)


def test_parents_from_an_earlier_stage_say_nothing_about_this_one(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    written = {"text": "written"}
    synthetic = workbench.generated("synthetic.jsonl", [written], [[identifier(DOCUMENTS[0])]], [documents])
    mix = workbench.dataset("mix.jsonl", [written, DOCUMENTS[1]])
    workbench.complete(mix, dependencies=[documents, synthetic], derivation=DERIVATION)
    account = account_for(sidecars(documents, synthetic), sidecars(mix), workbench.folder)
    assert account.inputs == (
        InputRows("documents.jsonl", rows=4, kept=1, changed=0, dropped=3),
        InputRows("synthetic.jsonl", rows=1, kept=1, changed=0, dropped=0),
    )
    of_generation = account_for(sidecars(documents), sidecars(synthetic), workbench.folder)
    assert of_generation.inputs == (InputRows("documents.jsonl", rows=4, kept=0, changed=1, dropped=3),)


def test_aligned_rows_are_changed_ones(workbench: Workbench) -> None:
    pairs = workbench.collected("pairs.jsonl", [{"question": f"q{n}", "answer": "yes"} for n in range(3)])
    questions = workbench.dataset("questions.jsonl", [{"question": "q1"}])
    workbench.complete(questions, dependencies=[pairs], derivation=DERIVATION)
    account = account_for(sidecars(pairs), sidecars(questions), workbench.folder)
    assert account.inputs == (InputRows("pairs.jsonl", rows=3, kept=0, changed=1, dropped=2),)


@pytest.mark.parametrize("rows", [[], DOCUMENTS])
def test_nothing_left(workbench: Workbench, rows: list[dict[str, Any]]) -> None:
    documents = workbench.collected("documents.jsonl", rows)
    empty = workbench.dataset("empty.jsonl", [])
    workbench.complete(empty, dependencies=[documents], derivation=DERIVATION)
    account = account_for(sidecars(documents), sidecars(empty), workbench.folder)
    assert account.inputs == (InputRows("documents.jsonl", rows=len(rows), kept=0, changed=0, dropped=len(rows)),)
    assert account_for([], sidecars(empty), workbench.folder).inputs == ()


def test_rows_count_whichever_birth_they_had(tmp_path: Path) -> None:
    """Of five rows of a sample, two of which may be of either birth, three came out; two others were made of it."""
    made_here = Words((Activity(type=ActivityType.DERIVATION),))
    births = [record(sample(1), 2, possible_rows=2, ambiguous_rows=2), record(sample(1), 1, possible_rows=2, seed=1)]
    read = write(tmp_path, "in.jsonl", births)
    carried = [record(sample(1), 1, possible_rows=2, ambiguous_rows=2), record(sample(1), 0, possible_rows=2, seed=1)]
    made = [
        record(sample(2), 1, possible_rows=1, ambiguous_rows=1, activity=0, parents=[sample(1)]),
        record(sample(2), 0, possible_rows=1, seed=1),
    ]
    written = write(tmp_path, "out.jsonl", [*carried, *made], made_here)
    account = account_for([read], [written], tmp_path)
    assert account.inputs == (InputRows("in.jsonl", rows=5, kept=3, changed=2, dropped=0),)
