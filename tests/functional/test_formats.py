"""One logical dataset in every format, through the command line and DVC; and directories at a revision."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from support.contents import write

import provenance
from provenance.identity import FileIds, sample_id
from provenance.identity.digests import stream_digest
from provenance.repository import Repository

Run = Callable[..., str]
Commit = Callable[[], str]

CHAT: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": "Hé"}, {"role": "assistant", "content": "Ja"}], "n": 1},
    {"messages": [{"role": "user", "content": "2"}], "n": None},
]
PREFERENCES: list[dict[str, Any]] = [
    {"prompt": "p", "chosen": {"text": "a", "tags": ["x", None]}, "rejected": {"text": "b", "tags": []}}
]


def command_line(run: Run, *arguments: str) -> str:
    return run(sys.executable, "-m", "provenance", *arguments)


def write_everywhere(folder: Path, name: str, rows: list[dict[str, Any]]) -> list[Path]:
    """The rows in every format that holds nested values."""
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    array = json.dumps(rows).encode()
    table = pa.Table.from_pylist(rows)
    for suffix, content in ((".jsonl", text), (".json", array)):
        write(folder / f"{name}{suffix}", content)
        for compression, end in (("gzip", ".gz"), ("zstd", ".zst")):
            with pa.CompressedOutputStream(str(folder / f"{name}{suffix}{end}"), compression) as output:
                output.write(content)
    pq.write_table(table, folder / f"{name}.parquet")
    for suffix, new in ((".arrow", ipc.new_stream), (".feather", ipc.new_file)):
        with new(folder / f"{name}{suffix}", table.schema) as writer:
            writer.write_table(table)
    for number, row in enumerate(rows):
        write(folder / f"{name}-shards/part-{number}.jsonl", json.dumps(row).encode())
    return sorted(folder.glob(f"{name}*"))


def sidecar_ids(path: Path) -> list[bytes]:
    ids: list[bytes] = pq.read_table(f"{path}.lineage.parquet")["sample_id"].to_pylist()
    return ids


def test_one_dataset_in_every_format(dvc_repository: Path, run: Run) -> None:
    data = dvc_repository / "data"
    data.mkdir()
    chats = write_everywhere(data, "chat", CHAT)
    preferences = write_everywhere(data, "preferences", PREFERENCES)
    plain: list[dict[str, Any]] = [{"question": "1", "answer": "a"}, {"question": "2", "answer": "b"}]
    tables = write_everywhere(data, "plain", plain)
    for suffix, delimiter in ((".csv", ","), (".tsv", "\t")):
        content = "".join(delimiter.join(line) + "\n" for line in (("question", "answer"), ("1", "a"), ("2", "b")))
        write(data / f"plain{suffix}", content.encode())
        for compression, end in (("gzip", ".gz"), ("zstd", ".zst")):
            tables.append(data / f"plain{suffix}{end}")
            with pa.CompressedOutputStream(str(tables[-1]), compression) as output:
                output.write(content.encode())
        tables.append(data / f"plain{suffix}")

    paths = [*chats, *preferences, *tables]
    added = command_line(run, "add", *map(str, paths), "--origin", "real", "--source", "S", "--json")

    assert len(json.loads(added)["datasets"]) == len(paths) == 10 * 3 + 6
    for group, rows in ((chats, CHAT), (preferences, PREFERENCES), (tables, plain)):
        expected = sorted(bytes.fromhex(sample_id(row)) for row in rows)
        assert [sidecar_ids(path) for path in group] == [expected] * len(group)
    states = json.loads(command_line(run, "status", "--json"))["datasets"]
    assert {state["state"] for state in states} == {"ok"} and len(states) == len(paths)


@pytest.fixture
def images(dvc_repository: Path, run: Run, commit: Commit) -> Path:
    """A committed directory of files."""
    folder = dvc_repository / "images"
    for name in ("a.png", "b/c.png", "b/d.png"):
        write(folder / name, name.encode())
    command_line(run, "add", "images", "--origin", "real", "--source", "S", "-q")
    commit()
    return folder


def test_directories_at_a_revision(images: Path, run: Run) -> None:
    command_line(run, "show", "images/b/c.png")
    for file in images.rglob("*.png"):
        file.unlink()
    (images / "b").rmdir()
    images.rmdir()

    command_line(run, "verify", "images", "--rev", "HEAD")
    shown = json.loads(command_line(run, "show", "images/b/c.png", "--rev", "HEAD", "--json"))

    assert shown["occurrences"] == [{"dataset": "images", "rows": 1}]
    with pytest.raises(AssertionError, match="images/x.png: no such sample"):
        command_line(run, "show", "images/x.png", "--rev", "HEAD")


def test_a_second_add_reads_only_what_is_new(images: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from provenance.identity.formats import whole_files

    read: list[str] = []

    def noted(path: Path, name: str) -> tuple[bytes, int]:
        read.append(path.name)
        return stream_digest(path, name)

    monkeypatch.setattr(whole_files, "stream_digest", noted)
    write(images / "e.png", b"new")
    from typer.testing import CliRunner

    from provenance.cli import app

    done = CliRunner().invoke(app, ["add", "images", "--origin", "real", "--source", "S"])

    assert done.exit_code == 0, done.output
    assert read == ["e.png"]
    assert isinstance(Repository.open().file_ids("images"), FileIds)


def test_stages_carry_lineage_through_directories(images: Path, dvc_repository: Path, run: Run) -> None:
    script = (
        "import json, os, shutil, tarfile, provenance\n"
        "os.makedirs('shards'); os.makedirs('kept')\n"
        "shutil.copy('images/b/c.png', 'kept/renamed.png')\n"
        "for number in range(2):\n"
        "    with open(f'shards/{number}.jsonl', 'w') as file:\n"
        "        for name in ('a.png', 'b/d.png'):\n"
        "            row = {'text': f'{name} {number}', '_parents': f'images/{name}'}\n"
        "            print(json.dumps(row), file=file)\n"
    )
    write(dvc_repository / "make.py", script.encode())
    outs = [word for out in ("shards", "kept") for word in ("--outs", out, "--outs", f"{out}.lineage.parquet")]
    arguments = ("stage", "add", "-n", "make", "--deps", "images", *outs, f"{sys.executable} make.py")
    command_line(run, *arguments)
    second = "import json; json.dump([{'text': 'x', '_parents': 'shards/1.jsonl:2'}], open('last.json', 'w'))"
    write(dvc_repository / "second.py", second.encode())
    command_line(
        run, "stage", "add", "-n", "last", "--deps", "shards", "--outs", "last.json", f"{sys.executable} second.py"
    )
    # The stage's command is this environment's.
    text = (dvc_repository / "dvc.yaml").read_text()
    (dvc_repository / "dvc.yaml").write_text(text.replace("provenance run", f"{sys.executable} -m provenance run"))
    run("dvc", "repro", "--quiet")

    states = json.loads(command_line(run, "status", "--json"))["datasets"]
    real = {state["path"]: state["by_origin"]["real"]["rows"] for state in states}
    assert real == {"images": 3, "kept": 1, "last.json": 1, "shards": 4}
    assert [state["rows"] for state in states] == list(real.values())
    assert b"_parents" not in (dvc_repository / "shards/1.jsonl").read_bytes()
    traced = json.loads(command_line(run, "trace", "last.json:1", "--json"))
    assert len(traced["edges"]) == 2
    row = next(iter(provenance.read("images")))
    assert (row["path"], row.row) == ("a.png", 1)


def test_wrong_directories_are_told(dvc_repository: Path, run: Run) -> None:
    write(dvc_repository / "mixed/a.csv", b"text\n")
    write(dvc_repository / "mixed/a.png", b"x")
    write(dvc_repository / "bad/1.jsonl", b'{"text":"a"}\n{"text"')
    with tarfile.open(dvc_repository / "bad.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("../x.jpg"), io.BytesIO())
    for path, problem in (
        ("mixed", "both rows, as in 'a.csv', and other files"),
        ("bad", "bad/1.jsonl:2: not valid JSON"),
        ("bad.tar", "bad.tar:1: the archive's member '../x.jpg' escapes"),
    ):
        with pytest.raises(AssertionError, match=problem):
            command_line(run, "add", path, "--origin", "real", "--source", "S")
        assert not (dvc_repository / f"{path}.lineage.parquet").exists()
        assert not (dvc_repository / f"{path}.dvc").exists()
