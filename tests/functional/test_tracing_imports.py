"""Datasets that were imported by plain `dvc import`, without a sidecar: traced through their source repositories."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.project import Project, lines
from support.workbench import Workbench, identifier

DATA = "data/faq.jsonl"
HERE = "faq.jsonl"
PAIRS = "pairs.jsonl"


def text_of(text: str) -> str:
    return identifier({"text": text})


@pytest.fixture
def source(tmp_path: Path) -> Project:
    """A repository with documents and what a model made of them, committed."""
    project = Project.new(tmp_path / "source")
    bench = Workbench(project.root)
    docs = bench.collected("docs.jsonl", [{"text": "one"}, {"text": "two"}])
    bench.generated(PAIRS, [{"text": "q"}], [[text_of("one")]], [docs])
    (project.root / f"{PAIRS}.births.parquet").unlink()
    for name in ("docs.jsonl", PAIRS):
        project.run("dvc", "add", "--quiet", name, f"{name}.lineage.parquet")
    project.commit()
    return project


@pytest.fixture
def here(source: Project, tmp_path: Path) -> Project:
    """A repository that has imported the pairs alone."""
    project = Project.new(tmp_path / "here")
    project.run("dvc", "import", "--quiet", str(source.root), PAIRS)
    project.commit()
    return project


def sources(project: Project) -> Path:
    return project.root / ".dvc/tmp/provenance/sources"


def test_shown_traced_counted_and_verified_with_nothing_but_the_source(source: Project, here: Project) -> None:
    # What is there now is not what was imported.
    source.run("dvc", "remove", "--quiet", f"{PAIRS}.lineage.parquet.dvc")
    source.commit()

    (shown,) = here.ask("status")["datasets"]
    assert (shown["path"], shown["state"], shown["rows"]) == (PAIRS, "ok", 1)
    assert here.ask("show", text_of("q"))["records"][0]["agent"]["name"] == "writer"
    traced = here.ask("trace", f"{PAIRS}:1")
    # The documents are in no dataset here: the sidecar has their records.
    assert [node["sample_id"] for node in traced["nodes"]] == [text_of("q"), text_of("one")]
    assert traced["nodes"][1]["source"] == "library"
    (audited,) = here.ask("audit", PAIRS)["datasets"]
    assert audited["by_origin"]["synthetic"]["rows"] == 1
    assert here.ask("verify")["ok"] is True
    assert not (here.root / f"{PAIRS}.lineage.parquet").exists()


def test_at_a_revision_and_through_history(here: Project) -> None:
    first = here.run("git", "rev-parse", "HEAD").stdout.strip()
    here.run("dvc", "remove", "--quiet", f"{PAIRS}.dvc")
    here.commit()

    assert here.ask("trace", text_of("q"), "--rev", "HEAD~1")["nodes"][0]["model"] == "writer@1"
    entries = here.ask("log", PAIRS)["entries"]
    assert [(entry["state"], entry["rows"]) for entry in entries] == [("removed", None), ("ok", 1)]
    assert [entry["event"] for entry in here.ask("log", text_of("q"))["entries"]] == ["left", "appeared"]
    (difference,) = here.ask("diff", first, "HEAD")["datasets"]
    assert difference["removed"]["by_origin"] == {"synthetic": {"rows": 1, "fraction": 1.0}}


def test_nothing_is_fetched_where_that_is_forbidden(here: Project) -> None:
    said = here.provenance("trace", text_of("q"), "--no-fetch")
    assert said.code == 2 and "not asked: pairs.jsonl: imported from" in said.stderr
    (shown,) = here.ask("status", "--no-fetch")["datasets"]
    assert (shown["state"], shown["rows"]) == ("missing", None)
    refused = here.provenance("audit", PAIRS, "--no-fetch")
    assert refused.code == 2 and "--no-fetch rules out looking there" in refused.stderr
    assert not sources(here).exists()

    assert here.ask("status")["datasets"][0]["state"] == "ok"
    assert here.ask("status", "--no-fetch")["datasets"][0]["state"] == "ok", "what was fetched before is here"


def test_what_was_fetched_is_kept_and_the_source_may_go(source: Project, here: Project) -> None:
    before = here.ask("trace", text_of("q"))
    source.root.rename(source.root.with_name("gone"))

    assert here.ask("trace", text_of("q")) == before
    shutil.rmtree(here.root / ".dvc/tmp/provenance")
    answer = here.provenance("status", "--json")
    assert answer.json()["datasets"][0]["state"] == "missing"
    refused = here.provenance("audit", PAIRS)
    assert refused.code == 2 and "whose sidecar cannot be had" in refused.stderr
    assert [path.name for path in sources(here).iterdir() if not path.name.startswith(".")] == []

    source.root.with_name("gone").rename(source.root)
    assert here.ask("trace", text_of("q")) == before


def test_copies_that_were_damaged_are_made_again(here: Project) -> None:
    shutil.rmtree(here.root / ".dvc/cache")
    (here.root / PAIRS).unlink()
    questions = (("trace", text_of("q")), ("verify", "--rev", "HEAD"), ("log", PAIRS))
    expected = [here.ask(*question) for question in questions]
    kept = [file for name in ("sources", "imported") for file in (sources(here).parent / name).iterdir()]
    assert len(kept) == 2
    shutil.rmtree(here.root / ".dvc/cache", ignore_errors=True)
    for file in kept:
        file.write_bytes(b"another answer")
    assert [here.ask(*question) for question in questions] == expected


def test_a_source_without_sidecar_has_none(tmp_path: Path) -> None:
    source, here = Project.new(tmp_path / "source"), Project.new(tmp_path / "here")
    source.write({"bare.jsonl": lines([{"text": "x"}])})
    source.run("dvc", "add", "--quiet", "bare.jsonl")
    source.commit()
    here.run("dvc", "import", "--quiet", str(source.root), "bare.jsonl")

    for _ in range(2):
        assert here.ask("status")["datasets"][0]["state"] == "missing"
    assert "no sidecar here" in here.provenance("audit", "bare.jsonl").stderr
    # That a commit has none is not asked again.
    source.root.rename(tmp_path / "gone")
    assert "no sidecar here" in here.provenance("audit", "bare.jsonl").stderr


def test_an_import_of_an_import_is_followed_to_where_the_sidecar_is(here: Project, tmp_path: Path) -> None:
    third = Project.new(tmp_path / "third")
    third.run("dvc", "import", "--quiet", str(here.root), PAIRS)

    assert third.ask("show", text_of("q"))["records"][0]["agent"]["name"] == "writer"


def test_a_stage_that_reads_a_plain_import_goes_on_with_its_lineage(here: Project) -> None:
    here.write({"copy.py": "import shutil; shutil.copy('pairs.jsonl', 'mix.jsonl')\n"})
    here.provenance("init")
    arguments = ("-n", "mix", "-d", "copy.py", "-d", PAIRS, "-o", "mix.jsonl", "python", "copy.py")
    here.run("provenance", "stage", "add", *arguments)
    here.run("dvc", "repro", "--quiet")

    (audited,) = here.ask("audit", "mix.jsonl")["datasets"]
    assert audited["by_origin"] == {"synthetic": audited["by_origin"]["synthetic"]}
    assert audited["real_rooted_fraction"] == 1.0


def test_folders_and_json_files_count_where_their_source_has_a_sidecar(source: Project, tmp_path: Path) -> None:
    source.write({"hub/0.jsonl": lines([{"text": "a"}]), "hub/1.jsonl": lines([{"text": "b"}])})
    source.write({"rows.json": '[{"text": "c"}]', "model/weights.bin": "0", "config.json": "[]"})
    source.provenance("add", "hub", "rows.json", "--origin", "real", "--source", "library")
    source.run("dvc", "add", "--quiet", "model", "config.json")
    source.commit()
    here = Project.new(tmp_path / "here")
    for name in ("hub", "rows.json", "model", "config.json"):
        here.run("dvc", "import", "--quiet", str(source.root), name)
    commit = here.commit()
    stage = "stages:\n  join:\n    cmd: provenance run -- sh -c 'cat hub/*.jsonl > out.jsonl'\n    deps: [hub, model]\n"
    here.write({"dvc.yaml": stage + "    outs: [out.jsonl, out.jsonl.lineage.parquet]\n"})

    for question in (("status",), ("status", "--rev", commit)):
        found = here.ask(*question)["datasets"]
        assert [(each["path"], each["state"], each["rows"]) for each in found if each["path"] != "out.jsonl"] == [
            ("hub", "ok", 2),
            ("rows.json", "ok", 1),
        ]
    assert here.ask("trace", "hub/1.jsonl:1")["nodes"][0]["source"] == "library"
    here.run("dvc", "repro", "--quiet")
    assert list(here.ask("audit", "out.jsonl")["datasets"][0]["by_source"]) == ["library"]
