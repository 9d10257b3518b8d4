from __future__ import annotations

from provenance.faces.charts import Column
from provenance.report.page.past import _origins, drawn, name_of
from provenance.repository.git import Commit
from provenance.repository.history import History, Version


def test_few_revisions_are_all_drawn_and_many_but_for_those_in_between() -> None:
    columns = [Column(f"c{n}", "", "", n) for n in range(100)]
    assert drawn(columns[:24]) == columns[:24]
    shown = drawn(columns)
    assert len(shown) == 24
    assert [shown[0].label, shown[1].date, shown[2].label, shown[-1].label] == ["c0", "77 others", "c78", "c99"]


def test_rows_of_uncertain_origin_are_drawn_as_unknown_and_none_is_lost() -> None:
    assert _origins({"real": 3, "ambiguous": 2, "unknown": 1}) == {"real": 3, "unknown": 3}


def test_a_version_goes_by_the_tag_of_its_own_commit_first() -> None:
    commits = [Commit(f"{number}" * 40, (), "2026-01-01T00:00:00+00:00", "") for number in range(3)]
    history = History(commits, {}, {"refs/tags/later": "0" * 40, "refs/tags/own": "1" * 40})

    def name(commit: Commit, *tags: str) -> str:
        return name_of(history, Version("a", commit, None, None, (), None, None, tags), digits=4)

    assert name(commits[1], "later", "own") == "own"
    assert name(commits[2], "later") == "later"
    assert name(commits[2]) == "2222"
