from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.random_lineage import Case, RandomLineage
from support.workbench import DERIVATION, Workbench, fingerprint, identifier

from provenance.errors import ProvenanceError, SidecarError
from provenance.identity.names import sidecar_path
from provenance.lineage import completion
from provenance.lineage.merging.plain import merged

_NEVER = -1


def _completed(case: Case, workspace: Path, merges: bool) -> tuple[Any, bytes | None]:
    """The report and the sidecar, or the error; by merges or else by tables."""
    sidecar = Path(sidecar_path(str(case.data)))
    with pytest.MonkeyPatch.context() as patch:
        if not merges:
            patch.setattr(completion, "MOST_ROWS", _NEVER)
        try:
            report = completion.complete(
                case.data,
                sidecar,
                dataset_path=case.data.name,
                fingerprint=fingerprint,
                workspace=workspace,
                **case.options,
            )
        except ProvenanceError as error:
            sidecar.unlink(missing_ok=True)
            return (type(error), str(error)), None
    return report, sidecar.read_bytes()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_merges_give_what_tables_give(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for case in RandomLineage(Workbench(Path(folder)), random.Random(seed)).cases(6):
            by_tables = _completed(case, Path(folder), merges=False)
            assert _completed(case, Path(folder), merges=True) == by_tables


@pytest.fixture
def merged_cases(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each completion was merged, in order."""
    found: list[bool] = []

    def remembered(*given: Any) -> Any:
        result = merged(*given)
        found.append(result is not None)
        return result

    monkeypatch.setattr(completion, "merged", remembered)
    return found


def test_recordings_and_stages_that_change_nothing_are_merged(workbench: Workbench, merged_cases: list[bool]) -> None:
    rows = [{"text": text} for text in "abc"]
    human = workbench.collected("human.jsonl", rows)
    written = workbench.generated("written.jsonl", [{"text": "d"}], [[identifier(rows[0])]], [human])
    mix = workbench.dataset("mix.jsonl", [{"text": "d"}, rows[2]])
    report = workbench.complete(mix, dependencies=[human, written], derivation=DERIVATION)
    assert merged_cases == [True, True]
    assert (report.carried, report.ancestors) == (2, 1)


def test_rows_that_may_have_been_born_in_several_ways_are_left_to_the_tables(
    workbench: Workbench, merged_cases: list[bool]
) -> None:
    rows = [{"text": "a"}]
    both = [workbench.collected("human.jsonl", rows), workbench.generated("written.jsonl", rows, [[]])]
    merged_cases.clear()
    workbench.complete(workbench.dataset("mix.jsonl", rows), dependencies=both, derivation=DERIVATION)
    assert merged_cases == [False]


def test_samples_that_are_their_own_ancestors_are_refused_in_the_same_words(
    workbench: Workbench, merged_cases: list[bool]
) -> None:
    rows = [{"text": "a"}, {"text": "b"}]
    a, b = map(identifier, rows)
    with pytest.raises(SidecarError, match=f"sample {min(a, b)} is its own ancestor, or comes from one that is"):
        workbench.generated("circle.jsonl", rows, [[b], [a]])
    assert merged_cases == [False]
