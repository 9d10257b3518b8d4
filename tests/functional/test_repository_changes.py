"""What a repository is told (hashes, added files), and what is heard of it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.contents import ONE, digest, write

from provenance.errors import RepositoryError
from provenance.repository import Repository


def test_dvc_does_not_hash_again_what_was_hashed_here(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(dvc_repository / "x.jsonl", ONE)
    write(dvc_repository / "folder/y.txt", b"y")
    repository = Repository.open()
    assert repository.md5("x.jsonl") == (digest(ONE), len(ONE))
    md5, size = repository.md5(dvc_repository / "folder")
    assert md5.endswith(".dir") and size == 1
    with pytest.raises(RepositoryError, match=r"gone\.jsonl: no such file"):
        repository.md5("gone.jsonl")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("hashed again")

    monkeypatch.setattr("dvc_data.hashfile.hash.file_md5", refuse)
    assert Repository.open().md5("x.jsonl") == (digest(ONE), len(ONE))
    Repository.open().add(["x.jsonl"])
    assert digest(ONE) in (dvc_repository / "x.jsonl.dvc").read_text()


def test_dvc_stays_silent(
    dvc_repository: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_IGNORE_ISATTY", "1")
    monkeypatch.setattr("dvc.ui.ui._enabled", True)
    level = logging.getLogger("dvc").level
    handler = logging.StreamHandler(sys.stdout)
    logging.getLogger("dvc").addHandler(handler)
    logging.getLogger("dvc").setLevel(logging.DEBUG)
    try:
        write(dvc_repository / "x.jsonl", b"")
        repository = Repository.open()
        repository.add(["x.jsonl"])
        repository.datasets()
        assert logging.getLogger("dvc").level == logging.DEBUG
    finally:
        logging.getLogger("dvc").removeHandler(handler)
        logging.getLogger("dvc").setLevel(level)

    assert capfd.readouterr() == ("", "")


def test_what_a_stage_makes_cannot_be_added(dvc_repository: Path, run: Callable[..., str]) -> None:
    write(dvc_repository / "dvc.yaml", b"stages: {make: {cmd: echo > x.jsonl, outs: [x.jsonl]}}")
    run("dvc", "repro")

    with pytest.raises(RepositoryError, match=r"x\.jsonl.*make") as caught:
        Repository.open().add(["x.jsonl"])
    assert "\n" not in str(caught.value)


def test_import_is_light() -> None:
    code = "import sys, provenance.repository; print(sorted({'dvc', 'git', 'pyarrow', 'duckdb'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
