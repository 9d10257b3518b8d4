"""Files of a directory that change together, ended after any of their steps: finished, forgotten, or refused."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import Project

from provenance.errors import RepositoryError
from provenance.file_digests import stamp_of
from provenance.repository import Repository
from provenance.upkeep.changing_folders import FolderChange, changed_folder

FILES = {"a.txt": "old a", "in/b.txt": "old b", "in/c.txt": "old c", "left.txt": "left", 'h"o\nst.txt': "old h"}
NEW = {"a.txt": "new a", "in/b.txt": "new b", "in/c.txt": None, 'h"o\nst.txt': "new h"}
AFTER = {name: text for name, text in (FILES | NEW).items() if text is not None}


class Killed(BaseException):
    """As if the process had ended here: nothing is cleaned up for it."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Project.new(tmp_path_factory.mktemp("changing") / "repository").root


@pytest.fixture
def repository(empty: Path, tmp_path: Path) -> Repository:
    shutil.copytree(empty, tmp_path / "repository")
    for name, text in FILES.items():
        file = tmp_path / "repository" / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Repository.open(tmp_path / "repository")


def change(repository: Repository, aside: Path) -> None:
    aside.mkdir()
    rewritings = (
        (name, None if text is None else lambda new, text=text: new.write_text(text)) for name, text in NEW.items()
    )
    before = repository.md5("data")[0]
    with changed_folder(repository, "data", before, rewritings, aside) as (md5, size):
        assert texts(repository) == FILES
        assert size == sum(map(len, AFTER.values()))
        assert md5 != before
    assert repository.md5("data") == (md5, size)


def texts(repository: Repository) -> dict[str, str]:
    folder = repository.root / "data"
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Counts the steps that give files their places, and ends with that before the one of this number."""
    state = {"left": 10**9}
    steps: dict[tuple[object, str], Callable[..., Any]] = {
        (os, "replace"): os.replace,
        (Path, "unlink"): Path.unlink,
        (Path, "rmdir"): Path.rmdir,
    }

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            state["left"] -= 1
            if state["left"] < 0:
                raise Killed
            return real(*arguments, **options)

        return step

    for (where, name), real in steps.items():
        monkeypatch.setattr(where, name, counting(real))
    return state


def test_files_change_together_and_others_are_left_alone(repository: Repository, tmp_path: Path) -> None:
    stamp = stamp_of(repository.root / "data" / "left.txt")
    change(repository, tmp_path / "aside")
    assert texts(repository) == AFTER
    assert stamp_of(repository.root / "data" / "left.txt") == stamp
    assert FolderChange.begun(repository, "data") is None


def test_what_was_killed_at_any_step_is_finished(
    repository: Repository, tmp_path: Path, killed_at: dict[str, int]
) -> None:
    outcomes = []
    for step in range(30):
        copy = Repository.open(shutil.copytree(repository.root, tmp_path / str(step)))
        killed_at["left"] = step
        try:
            change(copy, tmp_path / f"aside-{step}")
        except Killed:
            pass
        finally:
            ended, killed_at["left"] = killed_at["left"] >= 0, 10**9
        begun = FolderChange.begun(copy, "data")
        if begun is None:
            assert texts(copy) in (FILES, AFTER)
        else:
            begun.finish(copy)
            assert texts(copy) == AFTER
            assert FolderChange.begun(copy, "data") is None
        outcomes.append((begun is not None, texts(copy) == AFTER))
        if ended:
            break
    assert ended
    # Not before all was written; then, whatever happens, it is done.
    assert outcomes == sorted(outcomes, key=lambda outcome: outcome[1])
    # Before each file takes its place, before each is looked for aside once more, and before the journal goes.
    assert sum(begun for begun, _ in outcomes) == 2 * len(NEW) + 1


def test_finishing_writes_over_nobodys_work(repository: Repository, tmp_path: Path, killed_at: dict[str, int]) -> None:
    def begun() -> FolderChange:
        found = FolderChange.begun(repository, "data")
        assert found is not None
        return found

    def write(name: str, text: str) -> None:
        (repository.root / "data" / name).write_text(text)

    # Placed: a.txt; not yet: in/b.txt.
    killed_at["left"] = 2
    with pytest.raises(Killed):
        change(repository, tmp_path / "aside")
    killed_at["left"] = 10**9
    assert (texts(repository)["a.txt"], texts(repository)["in/b.txt"]) == ("new a", "old b")
    for name, text in (("in/b.txt", "mine"), ("a.txt", "old a"), ("in/c.txt", "mine"), ("left.txt", "mine")):
        now = texts(repository)
        write(name, text)
        with pytest.raises(RepositoryError, match=r"^data.*: changed after a change of data was .* `dvc checkout"):
            begun().finish(repository)
        assert texts(repository) == now | {name: text}
        write(name, now[name])
    begun().finish(repository)
    assert texts(repository) == AFTER


def test_what_changes_meanwhile_is_not_written_over(repository: Repository, tmp_path: Path) -> None:
    def rewrite(new: Path) -> None:
        new.write_text("new a")
        (repository.root / "data" / "left.txt").write_text("mine, longer")

    (tmp_path / "aside").mkdir()
    md5 = repository.md5("data")[0]
    with (
        pytest.raises(RepositoryError, match="data: has changed while it was read"),
        changed_folder(repository, "data", md5, [("a.txt", rewrite)], tmp_path / "aside"),
    ):
        pass
    assert texts(repository) == FILES | {"left.txt": "mine, longer"}
    assert FolderChange.begun(repository, "data") is None


def test_what_may_not_be_written_is_told_before_anything_changes(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests may run as root, who may write everywhere.
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "in" and real(path, mode))
    with pytest.raises(RepositoryError, match=r"^data/in/b\.txt: cannot be replaced, as nothing may be written beside"):
        change(repository, tmp_path / "aside")
    assert texts(repository) == FILES
    assert FolderChange.begun(repository, "data") is None


def test_contents_are_copied_where_the_directory_is_on_another_disk(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def replace(source: str | Path, target: str | Path) -> None:
        if Path(target).is_relative_to(repository.root / "data") and ".provenance-tmp" not in str(source):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    change(repository, tmp_path / "aside")
    assert texts(repository) == AFTER
    assert FolderChange.begun(repository, "data") is None
