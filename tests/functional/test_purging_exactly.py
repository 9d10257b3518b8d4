"""Purge keeps exactly the rows that following each derivation, and each model's training, step by step leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.project import Project
from support.workbench import Workbench, identifier

from provenance.upkeep.yaml_editing import edited, entries_of

SEEDS, MADE = range(4), range(4, 8)
REASONS = ("consent withdrawn", "a stolen source")


@dataclass(frozen=True)
class Case:
    """Samples go by number: SEEDS are real, MADE were written by writer@1. ``mix`` lists the rows to be purged.

    ``trained``: whether writer@1 is registered as trained on the seeds. ``revoked``: what each revocation names.
    """

    parents: Sequence[set[int]]
    mix: Sequence[int]
    trained: bool
    revoked: Sequence[set[int]]

    def reached(self, start: set[int]) -> set[int]:
        children = {n for n, parents in zip(MADE, self.parents, strict=True) if parents & start}
        by_model = set(MADE) if self.trained and start & set(SEEDS) else set()
        further = start | children | by_model
        return start if further == start else self.reached(further)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    anything = st.integers(0, MADE[-1])
    return Case(
        parents=[draw(st.sets(st.integers(0, number - 1), max_size=2)) for number in MADE],
        mix=draw(st.lists(anything, min_size=1, max_size=12)),
        trained=draw(st.booleans()),
        revoked=draw(st.lists(st.sets(anything, min_size=1, max_size=2), min_size=1, max_size=2)),
    )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project.new(tmp_path_factory.mktemp("purging") / "repository")


def row(number: int) -> dict[str, str]:
    return {"text": f"sample {number}"}


def build(project: Project, case: Case) -> None:
    bench = Workbench(project.root)
    seed = bench.collected("seed.jsonl", [row(n) for n in SEEDS])
    parents = [[identifier(row(n)) for n in sorted(of_row)] for of_row in case.parents]
    made = bench.generated("made.jsonl", [row(n) for n in MADE], parents, [seed])
    (project.root / "made.jsonl.births.parquet").unlink()
    bench.complete(bench.dataset("mix.jsonl", [row(n) for n in case.mix]), dependencies=[seed, made])
    names = [f"{name}.jsonl" for name in ("seed", "made", "mix")]
    project.run("dvc", "add", "--quiet", *names, *(f"{name}.lineage.parquet" for name in names))
    if case.trained:
        project.ask("model", "add", "writer", "--revision", "1", "--trained-on", "seed.jsonl")
    entries = [
        {
            "id": f"{place:012x}",
            "selectors": [f"sample:{identifier(row(n))}" for n in sorted(named)],
            "reason": REASONS[place],
            "revoked": "2026-11-20T09:30:00Z",
        }
        for place, named in enumerate(case.revoked)
    ]
    text = edited("", lambda content: entries_of(content, "revocations").extend(entries))
    (project.root / "provenance.revocations.yaml").write_text(text, encoding="utf-8")


@settings(max_examples=8, deadline=None)
@given(case=cases())
# Through the model only; by derivation, with repeated rows; by two revocations at once.
@example(case=Case([set(), set(), set(), {4}], [1, 4, 4, 7, 0], trained=True, revoked=[{0}]))
@example(case=Case([{0}, {4}, {1}, set()], [0, 4, 5, 5, 6, 7, 1], trained=False, revoked=[{0}]))
@example(case=Case([{0}, {1}, {4, 5}, set()], [4, 5, 6, 6, 7], trained=False, revoked=[{1}, {0}]))
def test_purge_keeps_what_a_plain_recursion_leaves(empty: Project, case: Case) -> None:
    with TemporaryDirectory() as folder:
        shutil.copytree(empty.root, Path(folder) / "repository")
        project = Project.at(Path(folder) / "repository")
        build(project, case)
        reached = [case.reached(named) for named in case.revoked]
        gone = set().union(*reached)
        reasons: dict[str, int] = {}
        for number in case.mix:
            # A row that several revocations reach is counted under the first.
            first = next((reason for reason, those in zip(REASONS, reached, strict=False) if number in those), None)
            if first is not None:
                reasons[first] = reasons.get(first, 0) + 1
        lines = (project.root / "mix.jsonl").read_bytes().splitlines(keepends=True)
        kept = [line for line, number in zip(lines, case.mix, strict=True) if number not in gone]
        before = project.files()
        expected = {"dataset": "mix.jsonl", "kept": len(kept), "dropped": len(lines) - len(kept), "reasons": reasons}
        audited = project.provenance("audit", "mix.jsonl", "--json")
        assert audited.code == bool(expected["dropped"])
        assert audited.json()["datasets"][0]["measures"]["revoked"]["rows"] == expected["dropped"]

        said = project.ask("purge", "mix.jsonl", "-o", "clean.jsonl", "--dry-run")
        assert {key: said[key] for key in expected} == expected
        assert project.files() == before
        assert project.ask("purge", "mix.jsonl", "-o", "clean.jsonl") == said

        assert (project.root / "clean.jsonl").read_bytes() == b"".join(kept)
        assert (project.root / "mix.jsonl").read_bytes() == before["mix.jsonl"]
        records = project.records("clean.jsonl")
        stays = {identifier(json.loads(line)) for line in kept}
        assert {each["sample_id"] for each in records if each["rows"]} == stays
        assert sum(each["rows"] for each in records) == len(kept)
        for number in gone & set(case.mix):
            activities = [each["activity"] for each in project.ask("show", identifier(row(number)))["records"]]
            (purge,) = [each for each in activities if each and each["type"] == "purge"]
            cause = next(place for place, those in enumerate(reached) if number in those)
            assert purge["parameters"] == {"revocation": f"{cause:012x}", "reason": REASONS[cause]}
        assert project.ask("verify", "clean.jsonl")["ok"]
        assert project.provenance("audit", "clean.jsonl").code == 0
