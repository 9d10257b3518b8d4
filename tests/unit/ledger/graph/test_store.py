from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from provenance.ledger.graph.store import Draft, Store

VALUES = np.arange(1000, dtype=np.uint32)


def fill(draft: Draft) -> None:
    draft.append("values", VALUES[:600])
    draft.append("values", VALUES[600:])
    draft.append("pairs", np.zeros((3, 2), np.uint8))
    draft.append("nothing", np.empty((0, 2), np.uint8))
    draft.append("on_the_way", VALUES)
    draft.drop("on_the_way")
    draft.stated = {"samples": 3}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "graph")
    with made.draft("one") as draft:
        fill(draft)
    return made


def test_what_was_written_is_mapped(store: Store) -> None:
    found = store.find("one")
    assert found is not None
    assert found.stated == {"samples": 3}
    assert found.array("values").tolist() == VALUES.tolist()
    assert found.array("pairs").shape == (3, 2)
    assert found.array("nothing").shape == (0, 2)
    assert found.bytes == 4 * 1000 + 6
    with pytest.raises(ValueError, match="read-only"):
        found.array("values")[0] = 1


def test_a_draft_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.draft("two") as draft:
            fill(draft)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.find("two") is None
    assert os.listdir(store.directory) == ["one"]


def test_of_two_that_build_at_once_one_is_kept(store: Store) -> None:
    with store.draft("two") as first, store.draft("two") as second:
        fill(first)
        fill(second)
    assert store.find("two") is not None
    assert sorted(os.listdir(store.directory)) == ["one", "two"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("values", bytes(4000)),
        ("values", b"short"),
        ("values", None),
        ("folder.json", b"{"),
        ("folder.json", b"[]"),
        ("folder.json", b'{"version": 1}'),
        ("folder.json", b"\xff"),
    ],
)
def test_what_was_damaged_is_thrown_away(store: Store, file: str, content: bytes | None) -> None:
    path = store.directory / "one" / file
    path.unlink() if content is None else path.write_bytes(content)
    assert store.find("one") is None
    assert not (store.directory / "one").exists()


def test_another_version_is_thrown_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.ledger.graph.store.VERSION", 0)
    assert store.find("one") is None


def test_a_file_that_was_only_touched_is_the_same(store: Store) -> None:
    os.utime(store.directory / "one" / "values", (1, 1))
    assert store.find("one") is not None


def flip(file: Path) -> None:
    """Change one bit, and put the time of change back."""
    before, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("file", ["values", "pairs", "folder.json"])
@pytest.mark.parametrize("most", [0, 1 << 25])
def test_a_bit_that_was_flipped_is_noticed_whatever_the_time_of_change_says(
    store: Store, file: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.ledger.graph.store._READ_EACH_TIME", most)
    assert store.find("one") is not None
    flip(store.directory / "one" / file)
    assert store.find("one") is None


def test_large_arrays_are_compared_again_when_what_was_compared_is_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.ledger.graph.store._READ_EACH_TIME", 0)
    compared = store.directory / "one" / "compared.json"
    before = compared.read_bytes()
    flip(compared)
    assert store.find("one") is not None
    assert compared.read_bytes() == before


def test_what_another_process_has_built_meanwhile_is_not_thrown_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def built_meanwhile(path: Path, version: int) -> None:
        os.rename(store.directory / "one", store.directory / "damaged")
        with store.draft("one") as draft:
            fill(draft)

    with monkeypatch.context() as patched:
        patched.setattr("provenance.ledger.graph.store.read_cached", built_meanwhile)
        assert store.find("one") is None
    assert store.find("one") is not None


def test_cleaning_keeps_what_it_is_told_and_what_is_being_built(store: Store) -> None:
    with store.draft("two") as draft:
        fill(draft)
    left = store.directory / ".building-three-abcdef"
    left.mkdir()
    (left / ".held").touch()
    with store.draft("four") as draft:
        fill(draft)
        removed = store.clean({"one"})
    assert removed.folders == 1  # the draft went when the next was begun
    assert removed.bytes > 4000
    assert sorted(os.listdir(store.directory)) == ["four", "one"]
    assert Store(store.directory / "none").clean(set()).folders == 0
