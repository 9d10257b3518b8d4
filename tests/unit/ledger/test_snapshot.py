from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provenance.ledger import snapshot

CONTENT: dict[str, Any] = {"recorded": []}
LONG_AGO = 1_000_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a dataset file and one in a folder, all of it settled."""
    root = tmp_path / "project"
    for name in (".dvc/config", "dvc.yaml", "dvc.lock", "data/a.jsonl", "data/files/one.txt", "sub/b.dvc", "notes.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("stages: {}")
    (root / "tmp").mkdir()
    for path in [*root.rglob("*"), root]:
        os.utime(path, (LONG_AGO, LONG_AGO))
    return root


def remember(root: Path) -> bool:
    """Take a snapshot; whether it can be used."""
    marks = snapshot.look_around(root)
    assert marks is not None
    folder = root / ".dvc" / "tmp"
    folder.mkdir(exist_ok=True)
    snapshot.save(root, folder, marks, time.time_ns(), [root / "data/a.jsonl", root / "data/files"], CONTENT)
    return snapshot.load(root, folder) == CONTENT


def test_what_was_remembered_is_known_while_nothing_changes(root: Path) -> None:
    assert remember(root)
    (root / ".dvc/tmp/other").write_text("a cache of DVC's")
    assert snapshot.load(root, root / ".dvc/tmp") == CONTENT


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "data/a.jsonl").write_text("stages: {}"),
        lambda root: (root / "data/a.jsonl").unlink(),
        lambda root: (root / "data/files/one.txt").write_text("two"),
        lambda root: (root / "data/files/two.txt").write_text("two"),
        lambda root: (root / "dvc.lock").write_text("{}"),
        lambda root: (root / ".dvc/config").write_text("[core]"),
        lambda root: (root / ".dvc/config.local").write_text("[core]"),
        lambda root: (root / "sub/c.dvc").write_text("outs: []"),
        lambda root: (root / "sub/b.dvc").unlink(),
        lambda root: (root / "deep/er").mkdir(parents=True),
    ],
)
def test_a_change_is_noticed(root: Path, change: Callable[[Path], object]) -> None:
    assert remember(root)
    change(root)
    assert snapshot.load(root, root / ".dvc/tmp") is None


def test_what_changed_while_it_was_asked_is_not_remembered(root: Path) -> None:
    marks = snapshot.look_around(root)
    assert marks is not None
    (root / "data/a.jsonl").write_text("new")
    snapshot.save(root, root / "tmp", marks, time.time_ns(), [root / "data/a.jsonl"], CONTENT)
    assert snapshot.load(root, root / "tmp") is None


def test_a_templated_pipeline_is_not_remembered(root: Path) -> None:
    (root / "dvc.yaml").write_text("stages: {a: {cmd: 'python ${script}'}}")
    assert snapshot.look_around(root) is None


def test_very_many_files_are_not_remembered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = snapshot.look_around(root)
    assert marks is not None
    monkeypatch.setattr(snapshot, "_MOST_ENTRIES", len(marks))
    snapshot.save(root, root / "tmp", marks, time.time_ns(), [root / "data/a.jsonl"], CONTENT)
    assert snapshot.load(root, root / "tmp") is None
    monkeypatch.setattr(snapshot, "_MOST_ENTRIES", 2)
    assert snapshot.look_around(root) is None


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"version": 1, "watched": []}', "\x00"])
def test_a_damaged_snapshot_is_no_snapshot(root: Path, damaged: str) -> None:
    assert remember(root)
    (root / ".dvc/tmp/workspace.json").write_text(damaged)
    assert snapshot.load(root, root / ".dvc/tmp") is None


def test_a_snapshot_of_another_place_or_version_is_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert remember(root)
    assert snapshot.load(root / "sub", root / ".dvc/tmp") is None
    monkeypatch.setattr(snapshot, "_VERSION", 0)
    assert snapshot.load(root, root / ".dvc/tmp") is None


def test_a_bit_that_was_flipped_in_what_is_remembered_is_noticed(root: Path) -> None:
    assert remember(root)
    file = root / ".dvc/tmp/workspace.json"
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert snapshot.load(root, root / ".dvc/tmp") is None
        assert not file.exists()


def test_a_file_whose_time_was_put_back_has_changed(root: Path) -> None:
    assert remember(root)
    (root / "data/a.jsonl").write_text("stages: []")
    os.utime(root / "data/a.jsonl", (LONG_AGO, LONG_AGO))
    assert snapshot.load(root, root / ".dvc/tmp") is None
