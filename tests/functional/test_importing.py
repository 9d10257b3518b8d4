"""`provenance import` and `update` between real git and DVC repositories."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines
from support.workbench import identifier

DATA = "data/faq.jsonl"
SIDECAR = f"{DATA}.lineage.parquet"
HERE = ("faq.jsonl", "faq.jsonl.lineage.parquet")


def collect(project: Project, *texts: str, path: str = DATA) -> str:
    project.write({path: lines([{"text": text} for text in texts])})
    answer = project.provenance("add", path, "--origin", "real", "--source", "library")
    assert answer.code == 0, answer
    return project.commit()


@pytest.fixture
def source(tmp_path: Path) -> Project:
    """A repository with one collected dataset, committed."""
    project = Project.new(tmp_path / "source")
    collect(project, "a", "b")
    return project


@pytest.fixture
def here(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "here")
    project.commit()
    return project


def locks(project: Project, *names: str) -> list[dict[str, Any]]:
    """What DVC records of the source of each import."""
    import yaml

    return [yaml.safe_load((project.root / f"{name}.dvc").read_text())["deps"][0]["repo"] for name in names or HERE]


def text_of(text: str) -> str:
    return identifier({"text": text})


def test_dataset_and_sidecar_come_from_one_commit_and_are_traced(source: Project, here: Project) -> None:
    commit = source.run("git", "rev-parse", "HEAD").stdout.strip()

    (brought,) = here.ask("import", str(source.root), DATA)["datasets"]

    assert (brought["path"], brought["sidecar"], brought["commit"]) == (*HERE, commit)
    assert (brought["rows"], brought["state"], brought["rev"]) == (2, "ok", None)
    assert [lock["rev_lock"] for lock in locks(here)] == [commit, commit]
    assert all("rev" not in lock for lock in locks(here))
    assert here.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."
    (shown,) = here.ask("status")["datasets"]
    assert (shown["path"], shown["state"], shown["rows"]) == (HERE[0], "ok", 2)
    assert here.ask("verify")["ok"] is True
    assert here.ask("show", text_of("a"))["records"][0]["source"]["name"] == "library"
    # DVC takes both over as its own imports.
    here.commit()
    for name in HERE:
        (here.root / name).unlink()
    shutil.rmtree(here.root / ".dvc/cache")
    here.run("dvc", "pull", "--quiet")
    assert here.ask("verify")["ok"] is True


def test_dirty_source_is_imported_as_it_was_committed(source: Project, here: Project) -> None:
    source.write({DATA: lines([{"text": "not committed"}])})
    source.run("dvc", "add", "--quiet", DATA)

    here.ask("import", str(source.root), DATA)

    assert (here.root / HERE[0]).read_text() == lines([{"text": "a"}, {"text": "b"}])
    assert here.ask("verify")["ok"] is True


def test_revision_is_followed_and_an_update_keeps_both_together(source: Project, here: Project) -> None:
    source.run("git", "branch", "stable")
    here.ask("import", "../source", DATA, "--rev", "stable", "-o", "in/mine.jsonl")
    names = ("in/mine.jsonl", "in/mine.jsonl.lineage.parquet")
    assert [lock["rev"] for lock in locks(here, *names)] == ["stable", "stable"]
    assert [lock["url"] for lock in locks(here, *names)] == ["../source", "../source"]
    here.commit()
    newest = collect(source, "a", "b", "c")

    (same,) = here.ask("update")["datasets"]
    assert same["changed"] is False, "the branch that is followed has not moved"
    source.run("git", "branch", "--force", "stable")
    (updated,) = here.ask("update", "in/mine.jsonl")["datasets"]

    assert (updated["changed"], updated["commit"], updated["rows"]) == (True, newest, 3)
    assert updated["before"] == same["commit"]
    assert [(lock["rev"], lock["rev_lock"]) for lock in locks(here, *names)] == [("stable", newest)] * 2
    assert here.ask("verify")["ok"] is True
    assert here.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."

    (back,) = here.ask("update", "--rev", same["commit"])["datasets"]
    assert (back["rows"], back["rev"]) == (2, same["commit"])
    assert here.ask("verify")["ok"] is True


def test_a_path_from_a_folder_is_kept_from_the_root(source: Project, here: Project) -> None:
    (here.root / "deep").mkdir()

    answer = here.provenance("import", "../../source", DATA, folder="deep")

    assert answer.code == 0, answer
    assert [lock["url"] for lock in locks(here, *(f"deep/{name}" for name in HERE))] == ["../source"] * 2
    collect(source, "a")
    assert here.provenance("update", folder="deep").code == 0
    assert here.ask("verify")["ok"] is True


def test_pipeline_out_of_a_bare_clone_with_a_remote(source: Project, here: Project, tmp_path: Path) -> None:
    source.run("dvc", "remote", "add", "--quiet", "--default", "store", str(tmp_path / "store"))
    source.write(
        {
            "make.py": "import provenance\n"
            "with provenance.record('made.jsonl', source=provenance.Source(name='s')) as recorder:\n"
            "    recorder.write({'text': 'made'})\n",
            "dvc.yaml": "stages:\n  make:\n    cmd: python make.py\n    "
            "outs: [made.jsonl, made.jsonl.lineage.parquet]\n",
        }
    )
    source.run("dvc", "repro", "--quiet")
    source.commit()
    source.run("dvc", "push", "--quiet")
    source.run("git", "clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))

    (brought,) = here.ask("import", f"file://{tmp_path}/bare.git", "made.jsonl")["datasets"]

    assert (brought["rows"], brought["state"]) == (1, "ok")
    assert here.ask("verify")["ok"] is True


def test_directory_dataset(source: Project, here: Project) -> None:
    source.write({"docs/a.txt": "one", "docs/b.txt": "two"})
    source.provenance("add", "docs", "--origin", "real", "--source", "files")
    source.commit()

    (brought,) = here.ask("import", str(source.root), "docs/")["datasets"]

    assert (brought["path"], brought["rows"], brought["state"]) == ("docs", 2, "ok")
    assert here.ask("verify")["ok"] is True
    said = here.refusal("import", str(source.root), "docs/a.txt")
    assert "a part of docs" in said


def test_source_without_a_sidecar_leaves_nothing(source: Project, here: Project) -> None:
    source.write({"bare.jsonl": lines([{"text": "x"}])})
    source.run("dvc", "add", "--quiet", "bare.jsonl")
    source.commit()

    assert "has no sidecar at" in here.refusal("import", str(source.root), "bare.jsonl")
    assert "has no none.jsonl at" in here.refusal("import", str(source.root), "none.jsonl")
    assert here.refusal("import", str(source.root), DATA, "--rev", "nowhere")
    assert here.refusal("import", str(here.root.parent / "nowhere"), DATA)
    assert here.run("git", "status", "--porcelain").stdout == ""


def test_an_import_that_cannot_be_finished_is_undone(source: Project, here: Project) -> None:
    md5 = [line.split(": ")[1] for line in (source.root / f"{SIDECAR}.dvc").read_text().splitlines() if "md5: " in line]
    lost = source.root / ".dvc/cache/files/md5" / md5[0][:2] / md5[0][2:]
    lost.unlink()

    assert here.refusal("import", str(source.root), DATA)

    assert here.run("git", "status", "--porcelain").stdout == ""


def test_what_is_there_already_stays(source: Project, here: Project) -> None:
    here.write({HERE[0]: "mine"})
    assert "exists already" in here.refusal("import", str(source.root), DATA)
    (here.root / HERE[0]).unlink()
    here.write({HERE[1]: "mine"})
    assert "exists already" in here.refusal("import", str(source.root), DATA)
    (here.root / HERE[1]).unlink()
    here.ask("import", str(source.root), DATA)
    assert "imported already" in here.refusal("import", str(source.root), DATA)


def test_plain_import_gets_its_sidecar_at_its_own_commit(source: Project, here: Project) -> None:
    here.run("dvc", "import", "--quiet", str(source.root), DATA)
    old = locks(here, HERE[0])[0]["rev_lock"]
    collect(source, "a", "b", "c")
    assert "imported without its sidecar; `provenance import" in here.refusal("update", HERE[0])
    assert here.ask("update")["datasets"] == []

    (brought,) = here.ask("import", str(source.root), DATA)["datasets"]

    assert (brought["commit"], brought["rows"], brought["state"]) == (old, 2, "ok")
    assert [lock["rev_lock"] for lock in locks(here)] == [old, old]
    (updated,) = here.ask("update")["datasets"]
    assert updated["rows"] == 3


def test_killed_update_is_noticed_and_mended_by_running_it_again(source: Project, here: Project) -> None:
    here.ask("import", str(source.root), DATA)
    here.commit()
    newest = collect(source, "a", "b", "c")
    # What a kill between the two leaves: DVC has updated the data alone.
    here.run("dvc", "update", "--quiet", f"{HERE[0]}.dvc")

    assert here.ask("status")["datasets"][0]["state"] == "stale"
    (mended,) = here.ask("update")["datasets"]

    assert (mended["changed"], mended["commit"], mended["state"]) == (True, newest, "ok")
    assert [lock["rev_lock"] for lock in locks(here)] == [newest, newest]
    assert here.ask("verify")["ok"] is True


def test_update_that_fails_changes_nothing(source: Project, here: Project) -> None:
    here.ask("import", str(source.root), DATA)
    here.commit()
    collect(source, "a", "b", "c")
    md5 = [line.split(": ")[1] for line in (source.root / f"{SIDECAR}.dvc").read_text().splitlines() if "md5: " in line]
    (source.root / ".dvc/cache/files/md5" / md5[0][:2] / md5[0][2:]).unlink()

    assert here.refusal("update")

    assert here.ask("verify")["ok"] is True
    assert "changed outs" not in here.run("dvc", "status").stdout
    assert here.run("git", "status", "--porcelain").stdout == ""

    # The source has given its sidecar up: nothing is brought.
    source.run("dvc", "remove", "--quiet", f"{SIDECAR}.dvc")
    (source.root / SIDECAR).unlink(missing_ok=True)
    source.commit()
    assert "has no sidecar at" in here.refusal("update", HERE[0])
    assert here.ask("verify")["ok"] is True


def test_local_change_is_not_overwritten(source: Project, here: Project) -> None:
    here.ask("import", str(source.root), DATA)
    (here.root / HERE[0]).unlink()
    here.write({HERE[0]: lines([{"text": "edited"}])})
    collect(source, "a", "b", "c")

    assert "changed since it was imported" in here.refusal("update")
    assert "not imported" in here.refusal("update", "other.jsonl")


def test_import_that_was_killed_before_dvc_wrote_anything_down(source: Project, here: Project) -> None:
    marker = here.root / ".dvc/tmp/provenance/importing" / HERE[0]
    marker.parent.mkdir(parents=True)
    marker.touch()
    here.write({HERE[0]: "half of it"})

    (brought,) = here.ask("import", str(source.root), DATA)["datasets"]

    assert brought["rows"] == 2 and not marker.exists()
    assert here.ask("verify")["ok"] is True


def test_import_that_was_killed_between_its_two_files_is_repeated(source: Project, here: Project) -> None:
    # DVC has imported the data; the sidecar lies there, and nobody tracks it yet.
    here.run("dvc", "import", "--quiet", str(source.root), DATA)
    shutil.copyfile(source.root / SIDECAR, here.root / HERE[1])

    (brought,) = here.ask("import", str(source.root), DATA)["datasets"]

    assert brought["rows"] == 2 and (here.root / f"{HERE[1]}.dvc").is_file()
    assert here.ask("verify")["ok"] is True


def test_an_import_is_purged_to_another_file_only(source: Project, here: Project) -> None:
    here.ask("import", str(source.root), DATA)
    here.ask("revoke", "source:library", "--reason", "consent withdrawn")

    refused = here.provenance("purge", HERE[0])
    purged = here.ask("purge", HERE[0], "-o", "clean.jsonl")

    assert refused.code == 2
    assert refused.stderr.startswith("error: faq.jsonl: imported")
    assert (purged["kept"], purged["dropped"]) == (0, 2)
    assert here.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."
