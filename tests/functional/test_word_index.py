"""`provenance index --text`, and searches by it, in a real repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project, lines

from provenance.explorer.row_pages import Reading
from provenance.identity.scanning import Scan
from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

ROWS = [{"text": f"row {number} of many"} for number in range(1, 400)] + [
    {"text": "What does pop do?"},
    {"text": "Popular functions, such as append."},
    {"text": "überraschend, 漢字 pop"},
]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.new(tmp_path / "repository")
    made.write({"rows.jsonl": lines(ROWS)})
    assert made.provenance("add", "rows.jsonl", "--origin", "real", "--source", "a source").code == 0
    return made


def found(project: Project, words: str, after: int = 0) -> tuple[list[int | None], bool]:
    """The rows of the first page that say ``words``, and whether the index was asked."""
    with Sidecars.open(Repository.open(project.root)) as ledger:
        page = Reading(ledger, ledger.recorded[0], None, words).page(after)
    return [row.number for row in page.rows], page.by_index


def test_the_index_finds_what_a_scan_finds_at_the_beginnings_of_words(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("pop", "POP", "does pop", "pop do?", "überr", "row 7", "nobody")
    scanned = {words: found(project, words) for words in asked}
    assert not any(by_index for _, by_index in scanned.values())
    described = project.ask("index", "--text")["text"]
    assert (described["datasets"], described["not_here"]) == (1, [])

    def refused(*_: object) -> None:
        raise AssertionError("the dataset is read as a whole")

    with monkeypatch.context() as patched:
        patched.setattr(Scan, "__iter__", refused)
        assert {words: found(project, words) for words in asked} == {
            words: (rows, True) for words, (rows, _) in scanned.items()
        }
        assert found(project, "pop", after=401) == ([402], True)
    # In the middle of a word, or in other scripts, the index cannot say.
    assert found(project, "ular") == ([], True)
    assert found(project, "漢字") == ([402], False)
    assert found(project, "?") == ([400], False)


def test_it_is_built_once_and_removed_with_its_data(project: Project) -> None:
    kept = project.root / ".dvc/tmp/provenance/rows"
    project.ask("index", "--text")
    (index,) = kept.glob("*.words")
    before = index.stat().st_ino
    assert "words of 1 dataset" in project.provenance("index", "--text").stdout
    assert index.stat().st_ino == before
    project.write({"rows.jsonl": lines(ROWS[:5])})
    assert project.provenance("add", "rows.jsonl", "--origin", "real", "--source", "a source").code == 0
    project.ask("index", "--gc")
    assert list(kept.glob("*.words")) == []


def test_without_the_data_there_is_nothing_to_index(project: Project) -> None:
    (project.root / "rows.jsonl").unlink()
    for file in (project.root / ".dvc/cache/files/md5").glob("*/*"):
        if b"row 7 of many" in file.read_bytes():
            file.unlink()
    answer = project.provenance("index", "--text")
    assert "not indexed: the data of rows.jsonl is not on this machine" in answer.stdout
