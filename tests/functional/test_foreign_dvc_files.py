"""DVC files of somebody else's repository that name files of this machine: no line of those is ever shown."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from support.project import Project

LINE = "PRIVATE"
DATA = f'{{"text":"{LINE}"}}\n'
BROKEN = f"{LINE}: of: [\n"


@pytest.mark.parametrize("place", ["absolute", "above", "of the working directory"])
@pytest.mark.parametrize("key", ["outs", "deps"])
def test_what_lies_outside_is_no_dataset_and_is_not_read(tmp_path: Path, place: str, key: str) -> None:
    project = Project.new(tmp_path / "repository")
    outside = tmp_path / "outside.jsonl"
    outside.write_text(DATA, encoding="utf-8")
    named = {"absolute": str(outside), "above": "../outside.jsonl"}.get(place, outside.name)
    md5 = hashlib.md5(DATA.encode(), usedforsecurity=False).hexdigest()
    entry = f"- md5: {md5}\n  hash: md5\n  size: {len(DATA)}\n  path: "
    wdir = "wdir: ..\n" if named == outside.name else ""
    other = f"outs:\n{entry}x.jsonl\n" if key == "deps" else ""
    project.write({"x.jsonl.dvc": f"{wdir}{key}:\n{entry}{named}\n{other}"})
    project.commit()
    for command in (
        ("status",),
        ("status", "--rev", "HEAD"),
        ("verify",),
        ("show", named + ":1", "--text"),
        ("trace", "x.jsonl:1", "--text", "--rev", "HEAD"),
        ("declare", named, "--from", "columns", "--set", "origin=real"),
        ("audit", named),
    ):
        answer = project.provenance(*command)
        assert LINE not in answer.stdout + answer.stderr, command


@pytest.mark.parametrize("file", ["link.dvc", "dvc.yaml"])
def test_a_broken_file_is_named_without_its_lines(tmp_path: Path, file: str) -> None:
    project = Project.new(tmp_path / "repository")
    outside = tmp_path / "outside.txt"
    outside.write_text(BROKEN, encoding="utf-8")
    if file == "dvc.yaml":
        project.write({file: f"vars: [../{outside.name}]\nstages: {{a: {{cmd: echo, outs: ['${{o}}.jsonl']}}}}\n"})
    else:
        (project.root / file).symlink_to(outside)
    answer = project.provenance("status")
    assert answer.code == 2
    assert "line 1, column" in answer.stderr
    assert LINE not in answer.stdout + answer.stderr
