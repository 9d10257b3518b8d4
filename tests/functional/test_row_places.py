"""Row places: kept when lineage is recorded, and what they are asked for then, in a real repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project, lines

from provenance.identity import sample_id, scanning
from provenance.ledger.contents import rows_of
from provenance.ledger.row_places import kept_places
from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

# The ids of these two begin alike.
ALIKE = [{"text": "row 24472"}, {"text": "row 30158"}]
ROWS = [{"text": f"row {number}"} for number in range(300)] + ALIKE
ADDED = ("--origin", "real", "--source", "a source")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project.new(tmp_path_factory.mktemp("made") / "repository")
    made.write({"rows.jsonl": lines(ROWS)})
    assert made.provenance("add", "rows.jsonl", *ADDED).code == 0
    made.commit()
    return made


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def test_what_is_added_is_not_read_again_to_find_a_row(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("the dataset is read as a whole")

    assert list((project.root / ".dvc/tmp/provenance/rows").glob("*.heads"))
    monkeypatch.setattr(scanning.Scan, "__iter__", refused)
    for row in (ROWS[0], ROWS[299], *ALIKE):
        assert project.ask("show", sample_id(row), "--text")["text"] == row["text"]
    assert project.ask("show", "rows.jsonl:302")["sample_id"] == sample_id(ALIKE[1])


def test_ids_that_begin_alike_are_told_apart(project: Project) -> None:
    one, other = (sample_id(row) for row in ALIKE)
    assert one[:8] == other[:8]
    with Sidecars.open(Repository.open(project.root)) as ledger:
        (dataset,) = ledger.recorded
        assert rows_of(ledger, dataset, [other, one]) == {one: "rows.jsonl:301", other: "rows.jsonl:302"}
        assert rows_of(ledger, dataset, [sample_id({"text": "none of these"})]) == {}


def test_where_nothing_is_kept_the_data_is_read_once(project: Project) -> None:
    for file in (project.root / ".dvc/tmp/provenance/rows").iterdir():
        file.unlink()
    assert project.ask("show", sample_id(ROWS[7]), "--text")["text"] == "row 7"
    with Sidecars.open(Repository.open(project.root)) as ledger:
        assert kept_places(ledger, ledger.recorded[0]) is not None


def test_data_that_dvc_does_not_have_as_it_is_now_is_read_as_it_is_now(project: Project) -> None:
    project.write({"rows.jsonl": lines([{"text": "new"}, *ROWS[:5]])})
    assert project.ask("show", sample_id(ROWS[4]), "--text")["text"] == "row 4"
    assert project.ask("show", sample_id(ROWS[200]), "--text")["text"] is None


def test_the_places_of_data_that_is_gone_are_cleaned(project: Project) -> None:
    project.write({"rows.jsonl": lines([*ROWS, {"text": "one more"}])})
    project.provenance("add", "rows.jsonl", *ADDED)
    folder = project.root / ".dvc/tmp/provenance/rows"
    assert len(list(folder.glob("*.heads"))) == 2
    project.ask("index", "--gc")
    assert len(list(folder.glob("*.heads"))) == 1
