"""An answer is right, or says that it does not know: with damage, odd names, changed sidecars, read-only folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.project import Project, lines

QUESTIONS = (
    ("status",),
    ("verify",),
    ("trace", "b.jsonl:1"),
    ("show", "b.jsonl:1"),
    ("impact", "source:right"),
    ("audit", "b.jsonl"),
    ("log", "b.jsonl"),
    ("index",),
    ("query", "SELECT count(*) FROM samples"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two datasets that were added, with tracked sidecars: a.jsonl from the source left, b.jsonl from right."""
    project = Project.new(tmp_path_factory.mktemp("made") / "project")
    add(project, "a.jsonl", "left")
    add(project, "b.jsonl", "right")
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def add(project: Project, name: str, source: str) -> None:
    project.write({name: lines([{"text": f"{source} {number}"} for number in range(3)])})
    answer = project.provenance("add", "--origin", "real", "--source", source, "--", name)
    assert answer.code == 0, answer.stderr


def edit(project: Project, change: Callable[[pa.Table], pa.Table], name: str = "a.jsonl") -> None:
    """Write the sidecar anew, as another program would."""
    file = project.root / f"{name}.lineage.parquet"
    table = change(pq.read_table(file))
    file.unlink()
    pq.write_table(table, file)


def with_column(name: str, values: Any, kind: pa.DataType | None = None) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(name)
        field = table.schema.field(place) if kind is None else pa.field(name, kind)
        return table.set_column(place, field, pa.array(values, field.type))

    return change


def with_footer(key: str, change: Callable[[Any], Any]) -> Callable[[pa.Table], pa.Table]:
    def changed(table: pa.Table) -> pa.Table:
        metadata = dict(table.schema.metadata)
        name = f"provenance.{key}".encode()
        value = change(json.loads(metadata[name]))
        return table.replace_schema_metadata(
            metadata | {name: value if isinstance(value, bytes) else json.dumps(value)}
        )

    return changed


MALFORMED = {
    "times without a zone": with_footer("activities", lambda each: [each[0] | {"started": "2026-01-01T00:00:00"}]),
    "a footer nested too deeply": with_footer("sources", lambda _: b"[" * 100_000 + b"]" * 100_000),
    "rows beyond any number": with_footer("dataset", lambda each: each | {"rows": 10**30}),
    "fewer rows than none": with_footer("dataset", lambda each: each | {"rows": -1}),
    "an activity that is none": with_footer("activities", lambda _: ["collection"]),
    "parents without roles": with_column("parents", [[b"x" * 16]] * 3),
    "no origin": with_column("origin", [None] * 3),
    "numbers of no activity": with_column("activity", [7] * 3),
    "texts as numbers": with_column("origin", [1, 2, 3], pa.int64()),
    "ids in no order": lambda table: table.take([2, 1, 0]),
    "a column twice": lambda table: table.append_column("rows", table["rows"]),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_sidecar_is_unusable_by_itself(project: Project, name: str) -> None:
    edit(project, MALFORMED[name])
    for question in QUESTIONS[2:]:
        answer = project.provenance(*question)
        assert (answer.code, "internal error" in answer.stderr) == (0, False), (question, answer)
    states = {
        each["path"]: each["state"] for each in json.loads(project.provenance("status", "--json").stdout)["datasets"]
    }
    assert states == {"a.jsonl": "unusable", "b.jsonl": "ok"}
    verified = project.provenance("verify")
    assert verified.code in (1, 2)
    assert "internal error" not in verified.stderr
    assert project.provenance("verify", "b.jsonl").code == 0
    assert "a.jsonl" in project.provenance("impact", "source:right").stderr


def test_damaged_pages_are_unusable_by_themselves(project: Project) -> None:
    file = project.root / "a.jsonl.lineage.parquet"
    content = bytearray(file.read_bytes())
    file.unlink()
    content[8:200] = bytes(192)
    file.write_bytes(content)
    for question in QUESTIONS[2:]:
        assert project.provenance(*question).code == 0, question
    assert project.provenance("status").code == 2


def test_a_sidecar_that_dvc_has_not_recorded_is_reported_by_every_command(project: Project) -> None:
    edit(project, lambda table: with_column("license", ["MIT"] * table.num_rows)(table), "b.jsonl")
    said = "not the one that DVC has recorded"
    for question in QUESTIONS[1:-2]:
        answer = project.provenance(*question)
        reported = "changed" if question[0] == "log" else said
        assert reported in answer.stdout + answer.stderr or question[0] == "log", (question, answer)
        assert answer.code != 0 or question[0] in ("impact", "log"), question
    assert said in project.provenance("query", "SELECT 1").stderr
    assert said in project.provenance("diff", "HEAD").stdout
    (difference,) = project.ask("diff", "HEAD", "b.jsonl")["datasets"]
    assert said in difference["remarks"][0]
    assert project.ask("status")["datasets"][1]["state"] == "changed"
    project.run("dvc", "commit", "--force")
    assert project.provenance("audit", "b.jsonl").code == 0
    assert project.ask("status")["datasets"][1]["state"] == "ok"


def test_whoever_reads_a_changed_sidecar_to_write_says_so(project: Project) -> None:
    stage = "stages:\n  copy:\n    cmd: provenance run -- cp b.jsonl c.jsonl\n    deps: [b.jsonl]\n"
    script = (
        "import provenance\n"
        'rows = [*provenance.read("b.jsonl"), *provenance.read("b.jsonl")]\n'
        'with provenance.record("d.jsonl", model=provenance.Model(name="m")) as recorder:\n'
        '    recorder.write({"text": "made"}, parents=rows[:1])\n'
    )
    project.write({"dvc.yaml": stage + "    outs: [c.jsonl, c.jsonl.lineage.parquet]\n", "make.py": script})
    said = "b.jsonl: its sidecar is not the one that DVC has recorded"
    commands = [("dvc", "repro", "--force"), (sys.executable, "make.py")]
    for command in commands:
        answer = project.run(*command)
        assert said not in answer.stdout + answer.stderr
    edit(project, lambda table: with_column("license", ["MIT"] * table.num_rows)(table), "b.jsonl")
    for command in commands:
        answer = project.run(*command)
        assert (answer.stdout + answer.stderr).count(said) == 1
    project.write({"e.jsonl": lines([{"text": "e", "from": "b.jsonl:1"}])})
    declared = ("declare", "e.jsonl", "--from", "columns", "--map", "parents=from", "--set", "origin=synthetic")
    assert said in project.run("provenance", *declared, "--set", "model=m").stderr
    assert said in project.run("provenance", "declare", "b.jsonl", "--from", "columns", "--set", "license=MIT").stderr


def test_a_copy_in_the_cache_of_dvc_that_was_written_to_is_unusable(project: Project) -> None:
    cached = project.root / ".dvc/cache/files/md5"
    md5 = (project.root / "b.jsonl.lineage.parquet.dvc").read_text().split("md5: ")[1][:32]
    copy = cached / md5[:2] / md5[2:]
    copy.chmod(0o644)
    copy.write_bytes((project.root / "a.jsonl.lineage.parquet").read_bytes())
    (entry,) = project.ask("log", "b.jsonl")["entries"]
    assert (entry["state"], entry["rows"]) == ("unusable", None)
    assert "DVC's cache is damaged" in entry["reason"]
    for question in (("status",), ("verify",), ("audit", "b.jsonl")):
        answer = project.provenance(*question, "--rev", "HEAD")
        assert (answer.code, "DVC's cache is damaged" in answer.stderr) == (2, True), answer
    assert "DVC's cache is damaged" in project.provenance("diff", "HEAD").stdout
    assert project.provenance("audit", "a.jsonl", "--rev", "HEAD").code == 0


def test_a_copy_of_what_git_has_is_made_again_when_it_is_damaged(project: Project) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (project.root / f"{name}.lineage.parquet.dvc").unlink()
    project.write({".gitignore": "/*.jsonl\n"})
    project.commit()
    questions = (("trace", "a.jsonl:1", "--rev", "HEAD"), ("log", "b.jsonl"), ("verify", "--rev", "HEAD"))
    expected = [project.ask(*question) for question in questions]
    a, b = sorted((project.root / ".dvc/tmp/provenance/committed").iterdir())
    of_a = a.read_bytes()
    a.write_bytes(b.read_bytes())
    b.write_bytes(of_a)
    assert [project.ask(*question) for question in questions] == expected


@pytest.mark.parametrize(
    "name",
    [
        "a\\*b.jsonl",
        "a\\?b.jsonl",
        "a\\[b.jsonl",
        "[!a]\\b.jsonl",
        "**.jsonl",
        "{a,b}*.jsonl",
        "-a*.jsonl",
        "o'dd\\[x].jsonl",
    ],
)
def test_a_dataset_of_an_odd_name_is_itself(project: Project, name: str) -> None:
    project.write({"axb.jsonl": lines([{"text": "another"}])})
    project.provenance("add", "axb.jsonl", "--origin", "real", "--source", "other")
    add(project, f"./{name}", "odd")
    for question in (*QUESTIONS, ("show", "--", f"./{name}:1"), ("impact", "source:odd")):
        assert project.provenance(*question).code == 0, question
    counted = project.provenance("query", "SELECT source, sum(rows) FROM samples GROUP BY ALL ORDER BY 1", "--csv")
    assert counted.stdout.replace('"', "").splitlines()[1:] == ["left,3", "odd,3", "other,1", "right,3"]


def test_a_changed_file_of_the_same_size_and_time_is_found_by_who_reads(project: Project) -> None:
    project.write({f"pictures/{number}.bin": f"picture {number}" for number in range(3)})
    assert project.provenance("add", "pictures", "--origin", "real", "--source", "s", "--license", "MIT").code == 0
    judged = project.provenance("audit", "pictures", "--policy", "baseline", "--verdict", "verdict.json")
    assert judged.code == 0, judged
    file = project.root / "pictures" / "1.bin"
    before = file.stat()
    with open(file, "r+b") as handle:
        handle.write(b"X")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert {each["path"] for each in json.loads(project.provenance("verify", "--json").stdout)["problems"]} >= {
        "pictures/1.bin"
    }
    assert project.provenance("audit", "--recheck", "verdict.json").code == 1


def test_what_is_remembered_may_be_damaged_anywhere(project: Project) -> None:
    questions = (*QUESTIONS[:5], ("log", "b.jsonl"))
    expected = [project.provenance(*question) for question in questions * 2][len(questions) :]
    remembered = [file for file in (project.root / ".dvc/tmp/provenance").rglob("*") if file.is_file()]
    assert len(remembered) > 10
    for file in remembered:
        if not file.exists() or not file.stat().st_size:
            continue
        content, before = bytearray(file.read_bytes()), file.stat()
        content[len(content) * 2 // 3] ^= 1
        file.write_bytes(content)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [project.provenance(*question) for question in questions] == expected


def test_a_read_only_checkout_can_be_asked(project: Project) -> None:
    mounted = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
    around = ["unshare", "--mount", "sh", "-c", mounted, str(project.root)]
    if subprocess.run([*around, "true"], check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    for question in QUESTIONS:
        command = [*around, sys.executable, "-m", "provenance", *question]
        done = subprocess.run(command, env=dict(project.environment), check=False, capture_output=True, text=True)
        assert done.returncode == 0, (question, done.stderr)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(range(400000000))",
        "SELECT length(repeat('x', 3000000000))",
        "SELECT length(list_transform(range(100000000), lambda x: x + 1))",
        "SELECT length(string_agg(range::VARCHAR, ',')) FROM range(300000000)",
        "SELECT len(list(range)) FROM range(400000000)",
        "SELECT len(array_agg(repeat('y', 1000))) FROM range(3000000)",
    ],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux bounds the memory of a process")
def test_a_query_gets_so_much_memory_and_no_more(project: Project, sql: str) -> None:
    answer = project.provenance("query", sql)
    assert answer.code == 2
    assert answer.stderr.startswith("error: ")
    assert "emory" in answer.stderr
    assert "internal error" not in answer.stderr


def test_what_killed_commands_left_is_removed(project: Project) -> None:
    sql = "SELECT * FROM range(100000000) ORDER BY hash(range) LIMIT 1 OFFSET 50000000"
    command = [sys.executable, "-m", "provenance", "query", sql]
    running = subprocess.Popen(command, cwd=project.root, env=dict(project.environment), stdout=subprocess.DEVNULL)
    folder = project.root / ".dvc/tmp/provenance"
    while not list(folder.glob("query-*/spill")):
        assert running.poll() is None
    running.kill()
    running.wait()
    # The child that it was asked in ends by itself, and then nobody holds its folders.
    for _ in range(100):
        assert "removed" in project.ask("index", "--gc")
        if not list(folder.glob("*scratch")):
            break
    else:
        pytest.fail("it stays for good")
