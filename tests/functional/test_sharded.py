"""A sidecar in parts answers as one in a single file does, wherever it is asked."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import Answer, Project, lines
from support.reported import MIX, commit, reported
from support.sharded import PARTS, shard, table
from support.signed import ed25519_key, signed_project, told

from provenance.file_digests import md5_of, sha256_of
from provenance.lineage.manifest import MANIFEST, stating_file
from provenance.lineage.sidecar import open_sidecar

SIDECAR = f"{MIX}.lineage.parquet"


def copy_of(project: Project, root: Path) -> Project:
    copied = Project.at(root)
    shutil.copytree(project.root, root, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(root / ".dvc/tmp/provenance", ignore_errors=True)
    return copied


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two tagged versions of a pipeline's datasets, with sidecars of one file each."""
    return reported(tmp_path_factory.mktemp("single") / "repository")


@pytest.fixture(scope="module")
def sharded(single: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same history, with sidecars in parts."""
    project = copy_of(single, tmp_path_factory.mktemp("sharded") / "repository")
    for number in (1, 2):
        if number == 1:
            project.run("git", "checkout", "--quiet", "--orphan", "sharded", "v1")
        else:
            project.run("git", "checkout", "--quiet", "v2", "--", ".")
        project.run("dvc", "checkout", "--quiet", "--force")
        shard(project)
        commit(project, f"Mix {(60, 90)[number - 1]} docstrings", f"2026-0{number}-05T10:12:00Z")
        project.run("git", "tag", "--force", f"v{number}")
    project.run("git", "branch", "--move", "--force", "main")
    return project


def plain(project: Project, said: str) -> str:
    """``said`` without what follows from commits, from the folder, and from the sidecars' bytes."""
    said = said.replace(str(project.root), "ROOT")
    for tag in ("v1", "v2"):
        sha = project.run("git", "rev-parse", tag).stdout.strip()
        said = said.replace(sha, tag).replace(sha[:9], tag)
    said = re.sub(r"\b[0-9a-f]{32}\.dir\b", "MD5", said)
    for path in project.root.glob("data/*.lineage.parquet"):
        for digest in (sha256_of(stating_file(path)).removeprefix("sha256:"), md5_of(stating_file(path))):
            said = said.replace(digest, "MD5" if len(digest) == 32 else "SHA256")
    return said


QUESTIONS = [
    ["status", "--json"],
    ["status", "--rev", "v1", "--json"],
    ["show", f"{MIX}:1", "--json"],
    ["trace", f"{MIX}:95", "--json"],
    ["trace", "--rev", "v1", f"{MIX}:70"],
    ["impact", "source:python stdlib", "--json"],
    ["impact", "--rev", "v1", "kind:rewrite"],
    ["audit", MIX, "--policy", "model-collapse", "--json"],
    ["audit", MIX, "--since", "v1", "--policy", "policy.yaml"],
    ["diff", "v1", "v2", "--json"],
    ["diff", "v1"],
    ["verify", "--json"],
    ["verify", "--rev", "v1"],
    ["query", "SELECT * FROM samples ORDER BY ALL", "--json"],
    ["query", "--rev", "v1", "SELECT origin, count(*), sum(rows) FROM samples GROUP BY ALL ORDER BY 1"],
    ["log", MIX, "--json"],
    ["log", f"{MIX}:95", "--json"],
    ["doctor", "--json"],
    ["infer", MIX, "--against", "data/documents.jsonl", "--json"],
]


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_every_command_answers_alike(single: Project, sharded: Project, question: list[str]) -> None:
    assert (sharded.root / SIDECAR / MANIFEST).is_file() and (single.root / SIDECAR).is_file()
    answers = [project.provenance(*question) for project in (single, sharded)]
    found = [
        (answer.code, plain(project, answer.stdout), plain(project, answer.stderr))
        for project, answer in zip((single, sharded), answers, strict=True)
    ]
    assert found[0] == found[1]
    assert found[0][0] in (0, 1), found[0]


@pytest.mark.parametrize(
    "exporter", ["prov-json", "prov-n", "openlineage", "oasis-dps", "spdx", "slsa", "dataset-card", "eu-summary"]
)
def test_every_export_says_the_same(single: Project, sharded: Project, exporter: str, tmp_path: Path) -> None:
    said = []
    for project in (single, sharded):
        file = tmp_path / "export.json"
        answer = project.provenance("export", MIX, "--format", exporter, "-o", str(file))
        assert answer.code == 0, answer.stderr
        # Sidecars' hashes differ, and so do names that are made of them.
        found = re.sub(r"[0-9a-f]{32,64}(\.dir)?|[0-9a-f-]{36}", "DIGEST", file.read_text(encoding="utf-8"))
        said.append(sorted(re.sub(r',\s*"md5": "DIGEST"', "", found).splitlines()))
        file.unlink()
    assert said[0] == said[1]


def test_what_is_withdrawn_goes_alike(single: Project, sharded: Project, tmp_path: Path) -> None:
    """`revoke` and `purge`: tombstones, and the layout of the dataset that is purged."""
    found = []
    for number, made in enumerate((single, sharded)):
        project = copy_of(made, tmp_path / f"{number}" / "repository")
        told(project, "revoke", "kind:self_revision", "--reason", "bad")
        told(project, "purge", MIX, "-o", "clean.jsonl")
        sidecar = project.root / "clean.jsonl.lineage.parquet"
        assert sidecar.is_dir() == (made is sharded)
        assert open_sidecar(sidecar).parts == (PARTS if made is sharded else 1)
        assert project.provenance("verify").code == 0
        found.append(table(sidecar))
    assert found[0] == found[1]
    assert found[0]["activity"].null_count < len(found[0])


def test_stages_write_parts_by_settings_and_by_option(single: Project, tmp_path: Path) -> None:
    """DVC takes the folder for the out that the file was, and is satisfied."""
    project = copy_of(single, tmp_path / "repository")
    before = table(project.root / SIDECAR)
    told(project, "status")
    project.write({"provenance.yaml": f"version: 1\ndatasets:\n- path: data/mix.*\n  parts: {PARTS}\n"})
    project.run("dvc", "repro", "--quiet", "--force", "--single-item", "mix")
    assert open_sidecar(project.root / SIDECAR).parts == PARTS
    assert table(project.root / SIDECAR).drop(["activity"]) == before.drop(["activity"])
    assert "up to date" in project.run("dvc", "status").stdout
    pipeline = (project.root / "dvc.yaml").read_text().replace("run -- python mix.py", "run --parts 2 -- python mix.py")
    project.write({"dvc.yaml": pipeline})
    project.run("dvc", "repro", "--quiet")
    assert open_sidecar(project.root / SIDECAR).parts == 2
    assert project.provenance("verify").code == 0
    (line,) = project.provenance("run", "--parts", "3", "--", "true").stderr.splitlines()
    assert line == "error: --parts: 3 is not a power of two up to 16,384"


def test_parts_go_to_a_remote_and_come_back(sharded: Project, tmp_path: Path) -> None:
    project = copy_of(sharded, tmp_path / "repository")
    project.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(tmp_path / "storage"))
    for revision in ("v1", "main"):
        project.run("git", "checkout", "--quiet", revision)
        project.run("dvc", "checkout", "--quiet")
        project.run("dvc", "push", "--quiet")
    project.commit()
    clone = Project.at(tmp_path / "clone")
    clone.run("git", "clone", "--quiet", str(project.root), ".")
    assert [each["state"] for each in clone.ask("status", "--no-fetch")["datasets"]] == ["missing"] * 4
    # Sidecars alone are fetched, and neither they nor data are in the workspace.
    assert clone.ask("audit", MIX)["datasets"] == project.ask("audit", MIX)["datasets"]
    assert not (clone.root / SIDECAR).exists()
    logs = [found.ask("log", MIX)["entries"] for found in (clone, project)]
    assert [[each["by_origin"] for each in log] for log in logs] == [[each["by_origin"] for each in logs[1]]] * 2
    assert len(logs[0]) == 2
    clone.run("dvc", "pull", "--quiet")
    assert clone.provenance("verify").code == 0
    clone.run("git", "checkout", "--quiet", "v1", "--", "dvc.yaml", "dvc.lock")
    clone.run("dvc", "pull", "--quiet")
    assert clone.ask("status")["datasets"] == project.ask("status", "--rev", "v1")["datasets"]


def test_a_damaged_copy_in_the_cache_is_named(sharded: Project, tmp_path: Path) -> None:
    project = copy_of(sharded, tmp_path / "repository")
    part = open_sidecar(project.root / SIDECAR).files[0]
    md5 = md5_of(part)
    copy = project.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    copy.chmod(0o644)
    copy.write_bytes(copy.read_bytes()[:-1] + b"?")
    answer = project.provenance("show", "--rev", "v2", f"{MIX}:1")
    assert f"{SIDECAR}/{part.name}: the copy of its sidecar in DVC's cache is damaged" in answer.stderr


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / MANIFEST).write_text("{"), "_manifest.json: damaged ("),
        (lambda folder: (folder / MANIFEST).unlink(), "a folder without _manifest.json"),
        (lambda folder: next(folder.glob("part-*")).unlink(), "missing, a part of the sidecar"),
        (lambda folder: (folder / "mine.txt").touch(), "mine.txt: no part of the sidecar"),
        (
            lambda folder: (folder / MANIFEST).write_text(
                (folder / MANIFEST).read_text().replace("part-00000", "../../part-00000")
            ),
            "_manifest.json: damaged (layout.generations.0.parts.0.name",
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    sharded: Project, tmp_path: Path, damage: Callable[[Path], object], said: str
) -> None:
    project = copy_of(sharded, tmp_path / "repository")
    damage(project.root / SIDECAR)
    line = project.refusal("audit", MIX)
    assert SIDECAR in line and said in line


def test_declaring_keeps_the_parts(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.write({"a.jsonl": lines([{"text": f"row {number}", "by": "m"} for number in range(40)])})
    told(project, "add", "a.jsonl", "--origin", "unknown", "--source", "s", "--parts", "4")
    assert (project.root / "provenance.yaml").read_text().endswith("- path: a.jsonl\n  parts: 4\n")
    told(project, "add", "a.jsonl", "--origin", "unknown", "--source", "s")
    (project.root / "provenance.yaml").unlink()
    told(project, "declare", "a.jsonl", "--from", "columns", "--map", "model=by", "--set", "origin=synthetic")
    assert open_sidecar(project.root / "a.jsonl.lineage.parquet").parts == 4
    assert set(table(project.root / "a.jsonl.lineage.parquet")["origin"].to_pylist()) == {"synthetic"}
    assert "--parts: 5 is not a power of two" in project.refusal(
        "add", "a.jsonl", "--origin", "real", "--source", "s", "--parts", "5"
    )


def test_declaring_what_a_stage_made_spreads(single: Project, sharded: Project, tmp_path: Path) -> None:
    """Sidecars in parts take their places with dvc.lock, and DVC has nothing to run or to fetch."""
    found = []
    for number, made in enumerate((single, sharded)):
        project = copy_of(made, tmp_path / f"{number}" / "repository")
        asked = ("declare", "data/answers.jsonl", "--from", "columns", "--set", "license=MIT", "--set", "model=M")
        told(project, *asked, "--set", "origin=synthetic")
        assert "up to date" in project.run("dvc", "status").stdout
        assert project.provenance("verify").code == 0
        shutil.rmtree(project.root / "data")
        project.run("dvc", "checkout", "--quiet")
        assert open_sidecar(project.root / SIDECAR).parts == (PARTS if made is sharded else 1)
        found.append(table(project.root / SIDECAR).drop(["activity"]))
    assert found[0] == found[1]
    assert "MIT" in found[0]["license"].to_pylist()


def test_statements_and_proofs_hold_of_parts(tmp_path: Path) -> None:
    """Signed of a file and of parts: the roots are the same, and a part that was changed is noticed."""
    project = signed_project(tmp_path / "repository")
    key = str(ed25519_key(tmp_path))
    told(project, "sign", "short.jsonl", "--key", key, "-o", "../file.json")
    shard(project)
    project.commit()
    told(project, "sign", "short.jsonl", "--key", key, "-o", "../parts.json")
    predicates = [signed_by(tmp_path / name)["predicate"] for name in ("file.json", "parts.json")]
    assert predicates[0]["trees"] == predicates[1]["trees"]
    project.write({"rows.jsonl": lines([{"text": "short 2"}, {"text": "never"}])})
    told(project, "prove", "rows.jsonl", "--dataset", "short.jsonl", "--statement", "../parts.json", "-o", "proof.json")
    assert project.provenance("verify", "--proof", "proof.json", "--key", f"{key}.pub").code == 0
    assert verified(project, key).code == 0
    part = open_sidecar(project.root / "short.jsonl.lineage.parquet").files[0]
    part.chmod(0o644)
    content = bytearray(part.read_bytes())
    content[8] ^= 1
    part.write_bytes(content)
    assert verified(project, key).code in (1, 2)


def verified(project: Project, key: str) -> Answer:
    return project.provenance("verify", "--statement", "../parts.json", "--key", f"{key}.pub")


def signed_by(file: Path) -> Any:
    return json.loads(b64decode(json.loads(file.read_text())["payload"]))


def test_imports_of_parts(sharded: Project, tmp_path: Path) -> None:
    """Imported with its sidecar, and as `dvc import` alone has it, with the source's."""
    project = Project.new(tmp_path / "importing")
    told(project, "import", str(sharded.root), MIX, "-o", "mix.jsonl")
    assert open_sidecar(project.root / "mix.jsonl.lineage.parquet").parts == PARTS
    assert project.provenance("verify").code == 0
    project.run("dvc", "import", "--quiet", str(sharded.root), MIX, "-o", "bare.jsonl")
    project.commit()
    rows = {each["path"]: each["rows"] for each in project.ask("status")["datasets"]}
    assert rows == {"mix.jsonl": 132, "bare.jsonl": 132}


def test_the_report_is_the_same_page(single: Project, sharded: Project, tmp_path: Path) -> None:
    pages = []
    for project in (single, sharded):
        told(project, "report", MIX, "-o", str(tmp_path / "page.html"))
        pages.append(plain(project, (tmp_path / "page.html").read_text(encoding="utf-8")))
        (tmp_path / "page.html").unlink()
    assert pages[0] == pages[1]


def test_croissant_names_the_parts(sharded: Project, tmp_path: Path) -> None:
    answer = sharded.provenance("export", MIX, "--format", "croissant", "--check", "-o", str(tmp_path / "c.json"))
    document = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    kinds = {each["name"]: each["@type"] for each in document["distribution"]}
    assert kinds[SIDECAR] == "cr:FileSet" and kinds[f"{SIDECAR}/{MANIFEST}"] == "cr:FileObject"
    assert "not valid" not in answer.stderr


def test_generations_are_put_together_once_for_all_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each process, which for a large sidecar takes longer than most questions."""
    project = Project.new(tmp_path / "repository")
    add = ["add", "a.jsonl", "--origin", "real", "--source", "s"]
    for number, (rows, options) in enumerate(((80, ["--parts", "2"]), (82, [])), start=1):
        project.write({"a.jsonl": lines([{"text": f"row {row}"} for row in range(rows)])})
        told(project, *add, *options)
        project.commit()
        project.run("git", "tag", f"v{number}")
    layout = open_sidecar(project.root / "a.jsonl.lineage.parquet").layout
    assert layout is not None and len(layout.generations) == 2
    place = project.root / ".dvc/tmp/provenance/generations"
    assert not place.exists(), "adding has no use for them"
    monkeypatch.setattr("provenance.lineage.sidecar.folder_of_process", lambda: pytest.fail("kept for one process"))
    told(project, "diff", "v1", "v2")
    (kept,) = place.iterdir()
    written = (kept / "files.json").stat().st_ino
    for question in (
        *(["diff", "v1", "v2"], ["log", "a.jsonl"], ["log", "a.jsonl:1"], ["index"], ["impact", "source:s"]),
        *(["status"], ["audit", "a.jsonl"], ["trace", "a.jsonl:81", "--rev", "v2"]),
    ):
        told(project, *question)
    assert (kept / "files.json").stat().st_ino == written
