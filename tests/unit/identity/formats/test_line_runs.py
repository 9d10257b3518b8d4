from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.identity.formats import line_runs
from provenance.identity.formats.interface import RowError
from provenance.identity.formats.line_runs import LineRuns

if TYPE_CHECKING:
    from provenance.identity.formats.compressed import ByteStream

MARK = b"\xef\xbb\xbf"
LINES = st.lists(st.sampled_from([b"", b"a", b"\r", b"{}", b"x" * 9, b"y" * 40, b"z" * 200, MARK]), max_size=12)


def taken(runs: Iterator[tuple[bytes, bool]]) -> tuple[list[tuple[bytes, bool]], str]:
    """The runs, and the error with which they end."""
    found: list[tuple[bytes, bool]] = []
    try:
        # What comes before an error is kept.
        found.extend(runs)
    except RowError as error:
        return found, str(error)
    return found, ""


@given(LINES, st.booleans(), st.booleans(), st.sampled_from([4, 7, 16, 64, 10_000]), st.integers(0, 30))
def test_where_one_can_go_back_runs_are_those_of_a_file_that_can_only_be_read_on(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ends: bool, marked: bool, block: int, start: int
) -> None:
    content = MARK * marked + b"\n".join(lines) + b"\n" * ends
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(line_runs, "BLOCK_BYTES", block)
        patched.setattr(line_runs, "LONGEST_ROW", 150)
        patched.setattr(line_runs, "_END_BYTES", 2)
        runs, on = LineRuns(path, start), LineRuns(path, start)
        found = taken(iter(runs))
        stream = io.BytesIO(content)
        stream.seek(start)
        assert taken(on._by_pieces(cast("ByteStream", stream))) == found
    assert runs.before == on.before == len(MARK) * (start == 0 and content.startswith(MARK))
    whole = b"".join(data + b"\n" * (not unfinished) for data, unfinished in found[0])
    assert content[start + runs.before :].startswith(whole)
    assert found[1] or whole == content[start + runs.before :]


@pytest.mark.parametrize("name", ["lines.jsonl", "no-suffix"])
def test_of_what_is_read_as_it_is_all_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(line_runs, "BLOCK_BYTES", 64)
    path = tmp_path / name
    path.write_bytes(b"0123456789\n" * 100)
    seen: list[int] = []
    runs = [data for data, _ in LineRuns(path, 0, seen.append)]
    assert b"\n".join(runs) + b"\n" == path.read_bytes()
    # A line feed that ends a run is not read with it, unless the file ends there.
    assert sum(seen) == (1100 - len(runs) + 1 if name == "lines.jsonl" else 0)
