"""Text beside the content that changed on carried rows is counted."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.workbench import DERIVATION, Workbench

from provenance.identity import Identity, Settled
from provenance.identity.field_names import METADATA_NAMES, METADATA_WORDS
from provenance.lineage.sidecar import open_sidecar

LONG = "a remark of more than five words on row"
ROWS = [{"text": f"text {number}", "source": f"{LONG} {number}", "score": number} for number in range(3)]


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def test_text_under_a_metadata_name_that_changes_leaves_a_doubt(workbench: Workbench) -> None:
    real = workbench.collected("documents.jsonl", ROWS)
    rows = [{**ROWS[0], "score": 9}, {**ROWS[1], "source": f"{LONG}, by a model"}, {"text": "text 2", "score": 2}]
    out = workbench.dataset("out.jsonl", rows)
    report = workbench.complete(out, dependencies=[real], derivation=DERIVATION)
    assert (report.carried, report.text_changed, report.text_compared) == (3, 2, ("source",))
    assert open_sidecar(Path(f"{out}.lineage.parquet")).header.identity.text_beside == ("source",)
    # Categories are renamed and scores computed again all the time.
    plain = workbench.collected("plain.jsonl", [{"text": "text 0", "source": "web", "score": 1}])
    again = workbench.dataset("again.jsonl", [{"text": "text 0", "source": "the web", "score": 2}])
    report = workbench.complete(again, dependencies=[plain], derivation=DERIVATION)
    assert (report.carried, report.text_changed) == (1, 0)


@settings(deadline=None, max_examples=10)
@given(
    column=st.sampled_from(sorted(METADATA_WORDS | METADATA_NAMES))
    | st.sampled_from(sorted(METADATA_WORDS)).map("my_{}".format)
)
def test_whatever_the_metadata_name(column: str) -> None:
    with TemporaryDirectory() as folder:
        workbench = Workbench(Path(folder))
        real = workbench.collected("documents.jsonl", [{"text": "a", column: LONG}, {"text": "b", column: LONG}])
        out = workbench.dataset("out.jsonl", [{"text": "a", column: "another"}, {"text": "b", column: LONG}])
        report = workbench.complete(out, dependencies=[real], derivation=DERIVATION)
        assert (report.carried, report.text_changed, report.text_compared) == (2, 1, (column,))


def test_one_input_with_the_same_text_is_enough(workbench: Workbench) -> None:
    first = workbench.collected("first.jsonl", ROWS)
    second = workbench.collected("second.jsonl", [{**row, "source": f"{LONG}, another one"} for row in ROWS])
    out = workbench.dataset("out.jsonl", [ROWS[0], {**ROWS[1], "source": f"{LONG}, a third one"}])
    report = workbench.complete(out, dependencies=[first, second], derivation=DERIVATION)
    assert (report.carried, report.text_changed) == (2, 1)


def test_what_only_a_declaration_left_out_is_compared(workbench: Workbench) -> None:
    rows = [{"text": f"text {number}", "code": f"f{number}", "views": number} for number in range(2)]
    real = workbench.collected("codes.jsonl", rows, Identity(fields=("text",)))
    out = workbench.dataset("out.jsonl", [{**rows[0], "code": "g"}, {**rows[1], "views": 7}])
    settled = Settled(frozenset({"text"}), frozenset({"code", "views"}))
    report = workbench.complete(out, identity=Identity(settled=settled), dependencies=[real], derivation=DERIVATION)
    assert (report.unknown, report.text_changed, report.text_compared) == (0, 1, ("code",))
