"""Versions along a graph of commits that is written down here: no git is asked."""

from __future__ import annotations

from provenance.repository.changes import Changed, Recorded
from provenance.repository.git import Commit
from provenance.repository.history import History, is_experiment, reference_name

DATA, SIDECAR = "a.jsonl", "a.jsonl.lineage.parquet"


def commit(sha: str, *parents: str) -> Commit:
    return Commit(sha, parents, "2026-01-01T00:00:00+00:00", f"commit {sha}")


def out(md5: str, *, imported: bool = False) -> Recorded:
    return Recorded(md5, "md5", imported)


def history(commits: list[Commit], outs: dict[str, dict[str, Recorded | None]], **references: str) -> History:
    changes = {each.sha: Changed(outs.get(each.sha, {})) for each in commits}
    return History(commits, changes, {name.replace("__", "/"): sha for name, sha in references.items()})


def versions(found: History, path: str = DATA) -> list[tuple[str, tuple[str, ...]]]:
    return [(version.commit.sha, version.references) for version in found.versions(path)]


def test_a_commit_that_changes_neither_data_nor_sidecar_is_no_version() -> None:
    found = history(
        [commit("4", "3"), commit("3", "2"), commit("2", "1"), commit("1")],
        {"1": {DATA: out("d")}, "2": {SIDECAR: out("s")}, "4": {"b.jsonl": out("x")}},
        refs__heads__main="4",
        refs__tags__old="1",
    )

    assert versions(found) == [("2", ("main",)), ("1", ("old",))]


def test_a_merge_is_a_version_only_where_it_differs_from_both_sides() -> None:
    commits = [commit("4", "2", "3"), commit("3", "1"), commit("2", "1"), commit("1")]
    changes: dict[str, dict[str, Recorded | None]] = {
        "1": {DATA: out("1")},
        "2": {DATA: out("2")},
        "3": {DATA: out("3")},
    }

    took_second = history(commits, changes | {"4": {DATA: out("3")}}, refs__heads__main="4")
    assert versions(took_second) == [("3", ("main",)), ("2", ()), ("1", ())]
    third = history(commits, changes | {"4": {DATA: out("4")}}, refs__heads__main="4")
    assert versions(third) == [("4", ("main",)), ("3", ()), ("2", ()), ("1", ())]


def test_removed_and_made_again() -> None:
    found = history(
        [commit("3", "2"), commit("2", "1"), commit("1")],
        {"1": {DATA: out("d")}, "2": {DATA: None}, "3": {DATA: out("d")}},
    )

    assert [(version.commit.sha, version.data is None) for version in found.versions(DATA)] == [
        ("3", False),
        ("2", True),
        ("1", False),
    ]


def test_a_sidecar_without_its_dataset_is_no_version() -> None:
    found = history([commit("2", "1"), commit("1")], {"1": {SIDECAR: out("s")}, "2": {DATA: out("d")}})

    assert versions(found) == [("2", ())]


def test_datasets_are_paths_with_a_sidecar_and_imports() -> None:
    found = history(
        [commit("1")],
        {
            "1": {
                DATA: out("d"),
                SIDECAR: out("s"),
                "plain.jsonl": out("p"),
                "imported.jsonl": out("i", imported=True),
                "gone.jsonl.lineage.parquet": out("g"),
            }
        },
    )

    assert found.datasets == [DATA, "imported.jsonl"]


def test_made_by_names_the_nearest_commit_that_differs_from_all_parents() -> None:
    found = history(
        [commit("4", "2", "3"), commit("3", "1"), commit("2", "1"), commit("1")],
        {},
        refs__heads__main="4",
        refs__heads__side="3",
        refs__tags__v1="1",
    )
    made_by = found.made_by({"1": "x", "2": "x", "3": "y", "4": "y"})

    assert made_by == {"1": "1", "2": "1", "3": "3", "4": "3"}
    assert found.names(made_by) == {"3": ("main", "side"), "1": ("v1",)}


def test_a_shallow_history_begins_where_it_begins() -> None:
    found = history([commit("2", "beyond")], {"2": {DATA: out("d")}}, refs__heads__main="2")

    assert versions(found) == [("2", ("main",))]


def test_a_move_is_followed_back_but_not_to_what_came_after() -> None:
    found = history(
        [commit("3", "2"), commit("2", "1"), commit("1")],
        {
            "1": {"old.jsonl": out("d")},
            "2": {"old.jsonl": None, DATA: out("d")},
            "3": {"old.jsonl": out("other")},
        },
    )

    assert [(v.commit.sha, v.path, v.moved_from) for v in found.versions(DATA)] == [
        ("2", DATA, "old.jsonl"),
        ("1", "old.jsonl", None),
    ]


def test_an_experiment_names_its_own_commits_alone() -> None:
    found = history(
        [commit("2", "1"), commit("1")],
        {"1": {DATA: out("1")}, "2": {DATA: out("2")}},
        refs__heads__main="1",
        refs__exps__ab__cd__fast="2",
    )

    assert [version.experiment for version in found.versions(DATA)] == ["fast", None]


def test_which_references_have_names() -> None:
    assert reference_name("refs/heads/a/b") == "a/b"
    assert reference_name("refs/remotes/origin/main") == "origin/main"
    assert reference_name("refs/remotes/origin/HEAD") is None
    assert reference_name("refs/stash") is None
    assert is_experiment("refs/exps/ab/cdef/name")
    assert not is_experiment("refs/exps/exec/EXEC_HEAD") and not is_experiment("refs/exps/stash/x/y")
