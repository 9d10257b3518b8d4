from __future__ import annotations

from pathlib import Path

import pytest

from provenance.identity import Identity, scan
from provenance.identity import kernel as library


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "a"}\n')
    return file


def test_the_kernel_that_was_built_is_used(native: None) -> None:
    assert library.kernel() is not None
    assert library.way() == "ids: native kernel"


def test_a_variable_turns_it_off(native: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_NATIVE", "0")
    assert library.kernel() is None
    assert library.way() == "ids: pure Python (PROVENANCE_NATIVE=0)"


@pytest.mark.parametrize("content", [None, b"", b"not a library", b"\x7fELF" + bytes(60)])
def test_without_a_kernel_that_can_be_loaded_ids_are_computed_all_the_same(
    content: bytes | None, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"{len(content or b'')}.so"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.delenv("PROVENANCE_NATIVE", raising=False)
    monkeypatch.setattr(library, "library_file", file)
    assert library.kernel() is None
    assert library.way() == "ids: pure Python (no native kernel was built)"
    assert [len(batch.sample_ids) for batch in scan(dataset, Identity())] == [1]


def test_a_kernel_of_another_version_is_not_used(native: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_VERSION", -1)
    library._loaded.cache_clear()
    assert library.kernel() is None
    library._loaded.cache_clear()
