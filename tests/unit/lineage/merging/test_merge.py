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
from provenance.lineage.merging import flagged_samples, inputs, reading
from provenance.lineage.merging.ending import Ending
from provenance.lineage.merging.merge import Merging

_NEVER = -1


def _completed(case: Case, workspace: Path, at_once: int | None) -> tuple[Any, bytes | None]:
    """The report and the sidecar, or the error; in memory, or by ranges of ``at_once`` records."""
    sidecar = Path(sidecar_path(str(case.data)))
    content = case.data.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        if at_once is not None:
            patch.setattr(reading, "MOST_ROWS", _NEVER)
            patch.setattr(reading, "AT_ONCE", at_once)
            patch.setattr(flagged_samples, "MOST_AS_BYTES", _NEVER)
            # Of what was entered, more than one range at once, and not all.
            patch.setattr(inputs, "_ENTERED_AT_ONCE", 2 * at_once)
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
        finally:
            stripped = case.data.read_bytes()
            case.data.write_bytes(content)
    case.data.write_bytes(stripped if at_once is None else content)
    return report, sidecar.read_bytes()


@pytest.mark.filterwarnings("ignore:.*no parents by key")
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_ranges_of_ids_give_what_is_merged_as_a_whole(seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        for case in RandomLineage(Workbench(Path(folder)), rng).cases(6):
            by_ranges = _completed(case, Path(folder), at_once=random.Random(seed).choice([16, 64]))
            assert _completed(case, Path(folder), at_once=None) == by_ranges


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each completion asked the tables of a database anything, in order."""
    found: list[bool] = []

    def remembered(merging: Merging, **options: Any) -> Ending:
        found.append(merging.tables.are_there)
        return Ending(merging, **options)

    monkeypatch.setattr(completion, "Ending", remembered)
    return found


def test_recordings_and_stages_that_change_nothing_ask_no_database(workbench: Workbench, opened: list[bool]) -> None:
    rows = [{"text": text} for text in "abc"]
    human = workbench.collected("human.jsonl", rows)
    written = workbench.generated("written.jsonl", [{"text": "d"}], [[identifier(rows[0])]], [human])
    mix = workbench.dataset("mix.jsonl", [{"text": "d"}, rows[2]])
    report = workbench.complete(mix, dependencies=[human, written], derivation=DERIVATION)
    assert opened == [False, False]
    assert (report.carried, report.ancestors) == (2, 1)


def test_rows_that_may_have_been_born_in_several_ways_are_divided_by_the_tables(
    workbench: Workbench, opened: list[bool]
) -> None:
    rows = [{"text": "a"}]
    both = [workbench.collected("human.jsonl", rows), workbench.generated("written.jsonl", rows, [[]])]
    opened.clear()
    mix = workbench.dataset("mix.jsonl", rows)
    workbench.complete(mix, dependencies=both, derivation=DERIVATION)
    assert opened == [True]
    assert [(record["rows"], record["possible_rows"]) for record in workbench.records(mix)] == [(0, 1), (0, 1)]


@pytest.mark.parametrize("most_rows", [reading.MOST_ROWS, _NEVER])
def test_samples_that_are_their_own_ancestors_are_refused(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch, most_rows: int
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", most_rows)
    rows = [{"text": "a"}, {"text": "b"}]
    a, b = map(identifier, rows)
    with pytest.raises(SidecarError, match=f"sample {min(a, b)} is its own ancestor, or comes from one that is"):
        workbench.generated("circle.jsonl", rows, [[b], [a]])
