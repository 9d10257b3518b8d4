"""`provenance log SAMPLE` on real repositories: how a sample comes into datasets and leaves them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines
from support.sidecars import record, write
from support.workbench import Workbench, fingerprint, identifier

DATA = "data/qa.jsonl"
OTHER = "data/other.jsonl"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "repository")
    project.provenance("init")
    return project


def collect(project: Project, *texts: str, path: str = DATA, origin: str = "real") -> str:
    """Add `path` with these rows, and commit; the commit's id."""
    project.write({path: lines([{"text": text} for text in texts])})
    answer = project.provenance("add", path, "--origin", origin, "--source", "library")
    assert answer.code == 0, answer
    return project.commit()


def sample(text: str) -> str:
    return identifier({"text": text})


def events(answer: Any) -> list[tuple[str, str, str, int]]:
    return [(entry["commit"], entry["dataset"], entry["event"], entry["rows"]) for entry in answer["entries"]]


def test_a_sample_appears_changes_and_leaves_in_each_dataset(project: Project) -> None:
    first = collect(project, "a", "b")
    copied = collect(project, "b", path=OTHER)
    doubled = collect(project, "a", "b", "b")
    gone = collect(project, "a")

    answer = project.ask("log", sample("b")[:12])

    assert answer["sample_id"] == sample("b")
    assert events(answer) == [
        (gone, DATA, "left", 0),
        (doubled, DATA, "changed", 2),
        (copied, OTHER, "appeared", 1),
        (first, DATA, "appeared", 1),
    ]
    assert answer["entries"][0]["by_origin"] == {}
    assert answer["entries"][1]["by_origin"] == {"real": {"rows": 2, "fraction": 1.0}}
    assert answer["entries"][0]["date"].startswith("20") and answer["entries"][0]["subject"] == "test"
    assert (answer["unknown"], answer["ancestor_of"]) == ([], [])
    said = project.provenance("log", sample("b")[:12]).stdout
    assert f"left {DATA}" in said and f"changed in {DATA}: 2 rows: real 100.0%" in said


def test_a_change_of_origin_alone_is_told(project: Project) -> None:
    first = collect(project, "a", origin="unknown")
    second = collect(project, "a", origin="real")

    answer = project.ask("log", sample("a"))

    assert events(answer) == [(second, DATA, "changed", 1), (first, DATA, "appeared", 1)]
    assert [list(entry["by_origin"]) for entry in answer["entries"]] == [["real"], ["unknown"]]


def test_branches_and_a_merge_that_brings_it(project: Project) -> None:
    collect(project, "a")
    project.run("git", "checkout", "--quiet", "-b", "side")
    side = collect(project, "a", "b")
    project.run("git", "checkout", "--quiet", "main")
    project.write({"notes": "x"})
    project.commit()

    assert project.ask("log", sample("b"))["entries"][0]["references"] == ["side"]
    assert "no sidecar of any commit" in project.refusal("log", sample("b"), "--rev", "main")

    project.run("git", "merge", "--quiet", "--no-edit", "side")
    project.run("git", "tag", "v1")
    answer = project.ask("log", sample("b"), "--rev", "main")
    assert events(answer) == [(side, DATA, "appeared", 1)]
    assert set(answer["entries"][0]["references"]) == {"HEAD", "main", "side", "v1"}


def test_references_go_on_to_later_versions_that_still_have_it(project: Project) -> None:
    first = collect(project, "a")
    collect(project, "a", "b")

    (entry,) = project.ask("log", sample("a"))["entries"]

    assert (entry["commit"], entry["references"]) == (first, ["HEAD", "main"])


def test_it_moves_with_its_dataset_and_goes_with_it(project: Project) -> None:
    first = collect(project, "a")
    for name in (DATA, f"{DATA}.lineage.parquet"):
        project.run("dvc", "move", "--quiet", name, name.replace("qa", "moved"))
    moved = project.commit()
    for name in ("data/moved.jsonl", "data/moved.jsonl.lineage.parquet"):
        project.run("dvc", "remove", "--quiet", f"{name}.dvc")
    removed = project.commit()

    answer = project.ask("log", sample("a"))

    assert events(answer) == [
        (removed, "data/moved.jsonl", "left", 0),
        (moved, "data/moved.jsonl", "moved", 1),
        (first, DATA, "appeared", 1),
    ]
    assert answer["entries"][1]["moved_from"] == DATA


def test_what_gc_collected_is_told_and_what_follows_is_uncertain(project: Project) -> None:
    collected = collect(project, "a")
    kept = collect(project, "a", "b")
    project.run("dvc", "gc", "--workspace", "--force", "--quiet")

    answer = project.ask("log", sample("a"))

    assert events(answer) == [(kept, DATA, "appeared", 1)]
    assert "it may have happened earlier" in answer["entries"][0]["reason"]
    (unknown,) = answer["unknown"]
    assert (unknown["commit"], unknown["dataset"], unknown["state"]) == (collected, DATA, "missing")
    assert "`dvc gc` collected it" in unknown["reason"]
    said = project.provenance("log", sample("a")).stdout
    assert f"not known: 1 version of {DATA}" in said


def test_a_tag_on_what_is_not_known_does_not_vouch(project: Project) -> None:
    kept = collect(project, "a", "b")
    project.run("git", "tag", "known")
    collect(project, "a")
    project.run("git", "tag", "lost")
    project.run("git", "checkout", "--quiet", "known")
    project.run("dvc", "checkout", "--quiet")
    project.run("dvc", "gc", "--workspace", "--force", "--quiet")

    (entry,) = project.ask("log", sample("a"), "--rev", "lost")["entries"]

    assert entry["commit"] == kept
    assert "known" in entry["references"] and "lost" not in entry["references"]


def test_sidecars_on_a_remote_are_pulled_unless_forbidden(project: Project, tmp_path: Path) -> None:
    project.run("dvc", "remote", "add", "--quiet", "--default", "store", str(tmp_path / "store"))
    commit = collect(project, "a")
    project.run("dvc", "push", "--quiet")
    shutil.rmtree(project.root / ".dvc/cache")

    assert "sidecars that are not available: 1" in project.refusal("log", sample("a"), "--no-fetch")
    assert events(project.ask("log", sample("a"))) == [(commit, DATA, "appeared", 1)]
    objects = [path for path in (project.root / ".dvc/cache").rglob("*") if path.is_file()]
    assert len(objects) == 1, "the sidecar alone came, not the data"


def test_an_ancestor_that_is_in_no_dataset(project: Project) -> None:
    bench = Workbench(project.root)
    docs = bench.collected("docs.jsonl", [{"text": "one"}])
    bench.generated("pairs.jsonl", [{"text": "q"}], [[sample("one")]], [docs])
    project.run("dvc", "add", "--quiet", "pairs.jsonl", "pairs.jsonl.lineage.parquet")
    (project.root / "pairs.jsonl.births.parquet").unlink()
    project.commit()

    answer = project.ask("log", sample("one"))

    assert (answer["entries"], answer["ancestor_of"]) == ([], ["pairs.jsonl"])


def test_a_sidecar_that_git_tracks(project: Project) -> None:
    collect(project, "a")
    project.run("dvc", "remove", "--quiet", f"{DATA}.lineage.parquet.dvc")
    project.run("git", "add", "--force", f"{DATA}.lineage.parquet")
    in_git = project.commit()
    project.write({DATA: lines([{"text": "b"}])})
    project.run("dvc", "add", "--quiet", DATA)
    bench = Workbench(project.root / "data")
    bench.collected("qa.jsonl", [{"text": "b"}])
    changed = project.commit()

    assert [(e["commit"], e["state"], e["rows"]) for e in project.ask("log", DATA)["entries"]][:2] == [
        (changed, "ok", 1),
        (in_git, "ok", 1),
    ]
    assert events(project.ask("log", sample("b"))) == [(changed, DATA, "appeared", 1)]
    assert [e["event"] for e in project.ask("log", sample("a"))["entries"]] == ["left", "appeared"]


def test_the_row_of_a_dataset_names_a_sample_and_the_path_of_a_dataset_wins(project: Project) -> None:
    commit = collect(project, "a", "b")

    answer = project.ask("log", f"{DATA}:2")
    assert (answer["sample_id"], events(answer)) == (sample("b"), [(commit, DATA, "appeared", 1)])
    assert project.ask("log", f"{DATA}:1", "--rev", "HEAD")["sample_id"] == sample("a")

    # A directory dataset whose name could begin an id.
    name = sample("a")[:8]
    project.write({f"{name}/x.txt": "x"})
    project.provenance("add", name, "--origin", "real", "--source", "files")
    project.commit()
    assert project.ask("log", name)["path"] == name
    assert project.ask("log", sample("a")[:9])["sample_id"] == sample("a")
    of_file = project.ask("log", f"{name}/x.txt")
    assert [entry["dataset"] for entry in of_file["entries"]] == [name]


def test_damaged_sidecar_is_told_and_the_others_are_asked(project: Project) -> None:
    first = collect(project, "a")
    collect(project, "a", path=OTHER)
    damaged = next(
        line.split(": ")[1]
        for line in (project.root / f"{OTHER}.lineage.parquet.dvc").read_text().splitlines()
        if "md5: " in line
    )
    file = project.root / ".dvc/cache/files/md5" / damaged[:2] / damaged[2:]
    file.chmod(0o644)
    file.write_bytes(b"PAR1 not any more")

    answer = project.ask("log", sample("a"))

    assert events(answer) == [(first, DATA, "appeared", 1)]
    assert [(each["dataset"], each["state"]) for each in answer["unknown"]] == [(OTHER, "unusable")]


def test_what_it_refuses(project: Project) -> None:
    collect(project, "a")
    assert "no sidecar of any commit knows" in project.refusal("log", "abcdef123456")
    assert "no commit here has a dataset at this path" in project.refusal("log", "data/none.jsonl")
    assert f"{DATA}:9" in project.refusal("log", f"{DATA}:9")


def test_prefix_that_fits_two_samples_over_history(project: Project) -> None:
    by_prefix: dict[str, str] = {}
    for text in map(str, range(50_000)):
        second, first = text, by_prefix.setdefault(sample(text)[:6], text)
        if first != second:
            break
    collect(project, first)
    collect(project, second)

    refusal = project.refusal("log", sample(first)[:6])

    assert "fits more than one sample" in refusal and sample(first) in refusal and sample(second) in refusal
    assert project.ask("log", sample(first)[:31])["sample_id"] == sample(first)


def test_rows_that_may_be_of_several_origins_are_ambiguous(project: Project) -> None:
    project.write({DATA: lines([{"text": "a"}] * 4)})
    births: list[dict[str, Any]] = [
        {"rows": 2, "possible_rows": 1, "ambiguous_rows": 2, "origin": "real"},
        {"rows": 0, "possible_rows": 2, "origin": "synthetic", "evidence": "declared"},
    ]
    write(project.root, DATA, [record(sample("a"), **each) for each in births], md5=fingerprint(project.root / DATA)[0])
    project.run("dvc", "add", "--quiet", DATA, f"{DATA}.lineage.parquet")
    project.commit()

    (entry,) = project.ask("log", sample("a")[:12])["entries"]

    assert {origin: share["rows"] for origin, share in entry["by_origin"].items()} == {
        "real": 2,
        "synthetic": 1,
        "ambiguous": 1,
    }
    assert entry["rows"] == 4
