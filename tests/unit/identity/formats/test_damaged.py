"""Damaged Parquet and Arrow files: our error, which names the file, and never the end of the process."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from support.samples import ids

from provenance.errors import DataError
from provenance.identity.arrow_values import plain

pytestmark = pytest.mark.usefixtures("way")

_CHILD = Path(__file__).with_name("damaging.py")
# Seeds of which some ended the process, or were an internal error.
_SEEDS = {
    "parquet": [(1_200, 100), (5_362, 1), (6_212, 1)],
    "arrow": [(600, 50), (2_180, 20), (2_430, 20), (2_600, 20)],
}


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_file_damaged_at_random_is_our_error_or_is_read(tmp_path: Path, kind: str) -> None:
    for first, count in _SEEDS[kind]:
        command = [sys.executable, str(_CHILD), kind, str(first), str(count), str(tmp_path)]
        child = subprocess.run(command, capture_output=True, text=True, check=False)
        assert child.returncode == 0, (child.returncode, child.stdout.split()[-1:], child.stderr[-2000:])


def test_a_row_group_of_impossible_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"text": ["a"] * 33}), path, compression="none", use_dictionary=False, store_schema=False)
    data = path.read_bytes()
    place = data.rindex(b"\x16\x42")  # the row group's rows, 33, in Thrift's zigzag form
    path.write_bytes(data[:place] + b"\x16\x43" + data[place + 2 :])
    with pytest.raises(DataError, match="data.parquet.*its footer makes no sense"):
        ids(path)


def _write_file(path: Path, table: pa.Table) -> bytes:
    with ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    return path.read_bytes()


def test_names_that_are_no_text_or_differ_within_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data.arrow"
    data = _write_file(path, pa.table({"question": ["a"], "s": [{"answered": "b"}]}))
    for name, changed, problem in (
        (b"question", b"quest\xffon", "not UTF-8"),
        (b"answered", b"answ\xffred", "not UTF-8"),
    ):
        path.write_bytes(data.replace(name, changed))
        with pytest.raises(DataError, match=f"data.arrow.*{problem}"):
            ids(path)
    place = data.rindex(b"question")
    path.write_bytes(data[:place] + b"Q" + data[place + 1 :])
    with pytest.raises(DataError, match="other columns at its end than at its start"):
        ids(path)


def test_views_behind_nulls_are_not_followed() -> None:
    views = pa.array(["a", None, "longer than a view holds", None], pa.string_view())
    validity, shown, *data = views.buffers()
    astray = bytearray(shown.to_pybytes())
    astray[16:32] = b"\xff\xff\xff\x7f" * 4
    bad = pa.Array.from_buffers(views.type, 4, [validity, pa.py_buffer(bytes(astray)), *data])
    for array in (views, bad):
        assert plain(array).to_pylist() == views.to_pylist()
        assert plain(array.slice(1)).to_pylist() == views.to_pylist()[1:]
