"""Bad input: one line that names path and row, exit 2, and nothing written or lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
from support.project import Project

from provenance.identity import Identity, scan

MIX = "data/mix.parquet"
GOOD = '{"text": "good"}\n'
ADD = ("--origin", "real", "--source", "library")


UNREADABLE: dict[str | bytes, str] = {
    GOOD + '{"text": "cut sh': "bad.jsonl:2: ",
    GOOD.encode() + b'{"text": "\xe4"}\n': "bad.jsonl:2: ",
    GOOD.encode("utf-16"): "bad.jsonl:1: ",
    GOOD + GOOD + '{"text": NaN}\n': "bad.jsonl:3: ",
    GOOD + '{"text": "a", "text": "b"}\n': "bad.jsonl:2: ",
    GOOD + "[1, 2]\n": "bad.jsonl:2: ",
    GOOD + '"text"\n': "bad.jsonl:2: ",
}


def test_rows_that_cannot_be_read(copy_of_demo: Project) -> None:
    for content, problem in UNREADABLE.items():
        copy_of_demo.write({"bad.jsonl": content})
        assert problem in copy_of_demo.refusal("add", "bad.jsonl", *ADD)


def test_a_parquet_file_cut_short(copy_of_demo: Project) -> None:
    content = (copy_of_demo.root / MIX).read_bytes()
    for size in (0, 3, len(content) // 2, len(content) - 1):
        copy_of_demo.write({"cut.parquet": content[:size]})
        assert "cut.parquet: not a Parquet file, or cut short" in copy_of_demo.refusal("add", "cut.parquet", *ADD)


def test_sidecars_that_are_not_this_datasets(copy_of_demo: Project) -> None:
    project = copy_of_demo
    own, other = (project.root / f"data/{name}.lineage.parquet" for name in ("mix.parquet", "revised.jsonl"))
    content = own.read_bytes()
    own.unlink()
    table = pq.read_table(other)
    metadata = {**table.schema.metadata, b"provenance.version": b'"2.0"'}
    shutil.copyfile(other, own)
    about_it = (("audit", MIX), ("trace", f"{MIX}:1"), ("verify", MIX))
    said = f"{MIX}: its sidecar is that of another dataset, data/revised.jsonl"
    for command in about_it:
        assert said in project.refusal(*command)
    # What concerns other datasets, too, is answered without it.
    assert said in project.provenance("impact", "kind:rewrite").stderr
    pq.write_table(table.replace_schema_metadata(metadata), own)
    said = "mix.parquet.lineage.parquet: written in sidecar format 2.0"
    for command in about_it:
        assert said in project.refusal(*command)
    assert said in project.provenance("impact", "kind:rewrite").stderr
    own.write_bytes(content)
    assert project.ask("verify", MIX)["ok"]


def test_references_that_name_nothing_or_too_much(copy_of_demo: Project) -> None:
    project = copy_of_demo
    rows = pq.ParquetFile(project.root / MIX).metadata.num_rows
    assert f"{MIX}:{rows + 1}: " in project.refusal("trace", f"{MIX}:{rows + 1}")
    assert "'no-such': no such git revision" in project.refusal("status", "--rev", "no-such")
    assert "give more digits" in project.refusal("show", shared_prefix(project))
    project.write({"bare.jsonl": GOOD})
    project.run("dvc", "add", "--quiet", "bare.jsonl")
    for command in ("audit", "verify"):
        assert "bare.jsonl: no sidecar here" in project.refusal(command, "bare.jsonl")
    assert "bare.jsonl: no sidecar here" in project.refusal("trace", "bare.jsonl:1")


def shared_prefix(project: Project) -> str:
    """Six digits with which the ids of two samples begin; a dataset is made to have them."""
    seen: dict[str, int] = {}
    numbers = iter(range(10_000_000))
    while True:
        block = [next(numbers) for _ in range(20_000)]
        file = project.root / "many.jsonl"
        file.write_text("".join(f'{{"text": "{number}"}}\n' for number in block))
        for batch in scan(file, Identity()):
            for number, sample in zip(block, batch.sample_ids.to_pylist(), strict=True):
                prefix = sample.hex()[:6]
                if prefix in seen:
                    file.write_text("".join(f'{{"text": "{each}"}}\n' for each in (seen[prefix], number)))
                    assert project.provenance("add", "many.jsonl", *ADD).code == 0
                    return str(prefix)
                seen[prefix] = number


def test_not_a_dvc_repository(copy_of_demo: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for command in (("status",), ("audit", "x.parquet"), ("verify",), ("show", "123456")):
        assert "not inside a DVC repository" in copy_of_demo.refusal(*command, folder="../elsewhere")


def test_a_stage_that_writes_bad_rows_leaves_what_was_there(copy_of_demo: Project) -> None:
    project = copy_of_demo
    script = (project.root / "demo/mix.py").read_text()
    write = "    mix[COLUMNS].to_parquet("
    broken = script.replace(write, f'    mix["_parents"] = "nonsense"\n{write}')
    assert broken != script
    project.write({"demo/mix.py": broken})
    told = project.run("dvc", "repro", "mix", code=255).stderr
    assert "data/mix.parquet:1: _parents names 'nonsense'" in told
    project.run("git", "checkout", "--quiet", "demo/mix.py")
    project.run("dvc", "checkout", "--quiet", "--force")
    assert project.ask("verify")["ok"]
