"""`purge` of a dataset in many files: as of one file put together from them, and finished wherever it was killed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.project import Project, lines

from provenance.lineage.sidecar import open_sidecar
from provenance.upkeep.yaml_editing import edited, entries_of

REASONS = ("consent withdrawn", "a stolen source")
GIVEN = ("--origin", "real", "--source", "forum", "--license", "MIT")
ROW = st.integers(0, 5)
# Ends before the first file whose path has the given end takes its place, or (DVC) before DVC is told.
KILLED = """
import os, re, signal, sys
before = sys.argv.pop(1)
real = os.replace

def replace(source, target, **options):
    if re.search(before, os.fspath(target)):
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target, **options)

os.replace = replace
if before == "DVC":
    import dvc.repo
    dvc.repo.Repo.add = lambda *arguments, **options: os.kill(os.getpid(), signal.SIGKILL)
from provenance.cli import main
sys.argv = ["provenance", "purge", "data/rows"]
main()
"""


def row(number: int) -> dict[str, Any]:
    return {"text": f"sample {number}", "n": number}


def write(file: Path, numbers: Sequence[int]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".parquet":
        schema = pa.schema([("text", pa.string()), ("n", pa.int64())])
        pq.write_table(pa.Table.from_pylist([row(n) for n in numbers], schema), file)
    elif file.suffix == ".csv":
        file.write_text("text,n\n" + "".join(f"sample {n},{n}\n" for n in numbers))
    else:
        file.write_text(lines([row(n) for n in numbers]))


def numbers_in(file: Path) -> list[int]:
    if file.suffix == ".parquet":
        return [int(number) for number in pq.read_table(file)["n"].to_pylist()]
    if file.suffix == ".csv":
        return [int(line.rpartition(",")[2]) for line in file.read_text().splitlines()[1:]]
    return [json.loads(line)["n"] for line in file.read_text().splitlines()]


def revoke(project: Project, revoked: Sequence[set[str]]) -> None:
    entries = [
        {
            "id": f"{place:012x}",
            "selectors": [f"sample:{sample_id}" for sample_id in sorted(named)],
            "reason": REASONS[place],
            "revoked": "2026-11-20T09:30:00Z",
        }
        for place, named in enumerate(revoked)
    ]
    text = edited("", lambda content: entries_of(content, "revocations").extend(entries))
    (project.root / "provenance.revocations.yaml").write_text(text, encoding="utf-8")


def told(project: Project, *arguments: str) -> str:
    answer = project.provenance(*arguments)
    assert answer.code == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project.new(tmp_path_factory.mktemp("purging") / "repository")


def copy_of(project: Project, folder: Path) -> Project:
    shutil.copytree(project.root, folder / "repository", symlinks=True)
    return Project.at(folder / "repository")


@settings(max_examples=4, deadline=None)
@given(
    files=st.lists(st.lists(ROW, max_size=5), min_size=1, max_size=4),
    revoked=st.lists(st.sets(ROW, min_size=1, max_size=2), min_size=1, max_size=2),
    suffix=st.sampled_from([".jsonl", ".csv", ".parquet"]),
    all_equal=st.booleans(),
)
@example(files=[[0, 1, 2], [1, 1], [3], []], revoked=[{1}, {0, 1}], suffix=".jsonl", all_equal=False)
def test_purging_a_folder_is_purging_the_file_put_together_from_it(
    tmp_path_factory: pytest.TempPathFactory,
    empty: Project,
    files: list[list[int]],
    revoked: list[set[int]],
    suffix: str,
    all_equal: bool,
) -> None:
    project = copy_of(empty, tmp_path_factory.mktemp("folder"))
    root = project.root
    together = [number for numbers in files for number in numbers]
    for place, numbers in enumerate(files):
        write(root / f"rows/{place}/part{suffix}", numbers)
    write(root / f"one{suffix}", together)
    told(project, "add", "rows", f"one{suffix}", *GIVEN, "--fields", "text")
    project.commit()
    by_number = {n: project.ask("show", f"one{suffix}:{together.index(n) + 1}")["sample_id"] for n in set(together)}
    revoke(project, [{by_number.get(n, f"{n:032x}") for n in named} for named in revoked])
    options = ("--all-equal",) if all_equal else ()
    found = []
    for name in ("rows", f"one{suffix}"):
        dry = project.ask("purge", name, "--dry-run", *options)
        assert project.ask("purge", name, *options) == dry
        found.append({key: value for key, value in dry.items() if key not in ("dataset", "out")})
    assert found[0] == found[1]
    left = [numbers_in(root / f"rows/{place}/part{suffix}") for place in range(len(files))]
    gone = set().union(*revoked)
    assert left == [[n for n in numbers if n not in gone] for numbers in files]
    assert [n for numbers in left for n in numbers] == numbers_in(root / f"one{suffix}")
    assert project.records("rows") == project.records(f"one{suffix}")
    for number, sample_id in by_number.items():
        shown = project.ask("show", sample_id)
        births = [each["activity"]["type"] for each in shown["records"]]
        # By each of the two datasets.
        assert sorted(births) == ["collection"] * 2 + ["purge"] * 2 * (number in gone), shown
    assert project.ask("verify")["ok"]
    assert {each["state"] for each in project.ask("status")["datasets"]} == {"ok"}
    assert "up to date" in project.run("dvc", "status").stdout
    assert project.provenance("audit", "rows", "--quiet").code == 0


@pytest.fixture
def project(empty: Project, tmp_path: Path) -> Project:
    """Four files, of which `left.jsonl` has no row that is revoked; the sidecar is in two parts."""
    project = copy_of(empty, tmp_path)
    for name, numbers in {"a": [0, 1], "in/b": [1, 1], "left": [2, 3], "z 'ü": [1, 4]}.items():
        write(project.root / f"data/rows/{name}.jsonl", numbers)
    project.write({"data/rows/README.md": "about the rows", "killed.py": KILLED})
    told(project, "add", "data/rows", *GIVEN, "--fields", "text", "--parts", "2")
    project.commit()
    told(project, "revoke", "sample:data/rows/a.jsonl:2", "--reason", "withdrawn")
    return project


AFTER = {"a": [0], "in/b": [], "left": [2, 3], "z 'ü": [4]}
LEFT = ("left.jsonl", "README.md")


def numbers(project: Project, folder: str = "data/rows") -> dict[str, list[int]]:
    return {name: numbers_in(project.root / folder / f"{name}.jsonl") for name in AFTER}


def stamps(project: Project) -> list[tuple[int, int]]:
    files = (os.stat(project.root / "data/rows" / name) for name in LEFT)
    return [(file.st_ino, file.st_mtime_ns) for file in files]


def require_purged(project: Project) -> None:
    assert numbers(project) == AFTER
    names = {path.name for path in (project.root / "data").rglob("*") if path.is_file()}
    assert not [name for name in names if name.endswith(("-tmp", "-scratch"))], names
    assert open_sidecar(project.root / "data/rows.lineage.parquet").parts == 2
    assert project.ask("verify")["ok"]
    assert "up to date" in project.run("dvc", "status").stdout


def test_only_files_that_change_are_written(project: Project) -> None:
    before = stamps(project)
    said = told(project, "purge", "data/rows")
    assert "data/rows: 4 rows went, 4 rows stay" in said
    assert "git add data/rows.dvc data/rows.lineage.parquet.dvc" in said
    require_purged(project)
    assert stamps(project) == before
    assert "0 rows went" in told(project, "purge", "data/rows")


def test_a_purge_that_was_killed_at_any_step_is_finished_by_the_next(project: Project, tmp_path: Path) -> None:
    in_place = "/data/rows.lineage.parquet/"
    steps = {
        "/changes/[0-9a-f]+$": False,
        f"{in_place}part": False,
        f"{in_place}_manifest": False,
        "/data/rows/a.jsonl$": False,
        "/data/rows/in/b.jsonl$": True,
        "DVC": True,
    }
    for number, (step, finishes) in enumerate(steps.items()):
        killed = copy_of(project, tmp_path / str(number))
        before = stamps(killed)
        killed.run("python", "killed.py", step, code=-9)
        said = told(killed, "purge", "data/rows")
        assert ("an interrupted purge was finished; it had taken out 4 rows" in said) == finishes, step
        require_purged(killed)
        assert stamps(killed) == before


def test_whoever_goes_back_after_a_kill_starts_anew(project: Project) -> None:
    project.run("python", "killed.py", "/data/rows/in/b.jsonl$", code=-9)
    project.write({"data/rows/left.jsonl": lines([row(9)])})
    refused = project.refusal("purge", "data/rows")
    assert "data/rows: changed after a change of data/rows was interrupted; put it back with" in refused
    problems = [(each["what"], each["mend"]) for each in project.ask("doctor")["problems"]]
    assert ("data/rows", "provenance purge data/rows") in problems
    project.run("dvc", "checkout", "--force", "--quiet", "data/rows")
    assert "4 rows went" in told(project, "purge", "data/rows")
    require_purged(project)


def test_a_stage_writes_what_is_left_to_another_folder(project: Project) -> None:
    told(project, "init")
    copy = "import shutil; shutil.copytree('data/rows', 'data/made')"
    outs = ("-o", "data/made", "-o", "data/made.lineage.parquet")
    told(project, "stage", "add", "-n", "make", "-d", "data/rows", *outs, "python", "-c", copy)
    project.run("dvc", "repro", "--quiet")
    refused = project.refusal("purge", "data/made")
    assert "data/made: made by the stage make, which would make it again; purge it in a stage of its own" in refused
    command = shlex.split(refused.partition("its own: provenance ")[2].replace("OUT", "data/clean"))
    told(project, *command)
    project.run("dvc", "repro", "--quiet")
    assert numbers(project, "data/clean") == AFTER
    assert (project.root / "data/clean/README.md").read_text() == "about the rows"
    assert numbers(project, "data/made")["a"] == [0, 1]
    assert project.ask("verify")["ok"]
    assert "up to date" in project.run("dvc", "status").stdout


def test_files_that_are_samples_go_as_a_whole(empty: Project, tmp_path: Path) -> None:
    project = copy_of(empty, tmp_path)
    project.write({f"images/{name}.png": name for name in "abc"})
    described = [{"file_name": f"{name}.png", "text": "seen"} for name in "abc"]
    project.write({"images/metadata.jsonl": lines(described)})
    told(project, "add", "images", *GIVEN)
    project.commit()
    told(project, "revoke", "sample:images/b.png", "--reason", "withdrawn")
    project.write({".dvcignore": "metadata.jsonl\n"})
    told(project, "add", "images", *GIVEN)
    assert "images/metadata.jsonl: hidden from DVC by .dvcignore" in project.refusal("purge", "images")
    (project.root / ".dvcignore").unlink()
    told(project, "add", "images", *GIVEN)
    assert project.ask("purge", "images")["dropped"] == 1
    assert {path.name for path in (project.root / "images").iterdir()} == {"a.png", "c.png", "metadata.jsonl"}
    assert (project.root / "images/metadata.jsonl").read_text() == lines([described[0], described[2]])
    assert project.ask("verify")["ok"]
    assert "up to date" in project.run("dvc", "status").stdout
    told(project, "revoke", "source:forum", "--reason", "withdrawn")
    assert "images: all of its files would go" in project.refusal("purge", "images")


def test_rows_of_an_evaluation_set_are_purged_from_a_folder(project: Project) -> None:
    words = "a question about the tides of the northern sea in the winter of that year"
    project.write({"test.jsonl": lines([{"text": words}])})
    project.write(
        {"data/texts/1.jsonl": lines([{"text": f"so {words}, again"}]), "data/texts/2.jsonl": lines([row(1)])}
    )
    told(project, "add", "test.jsonl", "data/texts", *GIVEN)
    found = project.ask("purge", "data/texts", "--evaluation", "test.jsonl")
    assert (found["kept"], found["reasons"]) == (1, {"reads like a row of test.jsonl": 1})
    assert (project.root / "data/texts/1.jsonl").read_text() == ""
    assert project.ask("verify")["ok"]


def test_what_cannot_be_purged_is_refused_in_one_line(project: Project) -> None:
    project.write({"mine/notes.txt": "mine", ".dvcignore": "data/rows/left.jsonl\n"})
    told(project, "add", "data/rows", *GIVEN, "--fields", "text")
    project.commit()
    for arguments, said in (
        (
            ("data/rows/a.jsonl",),
            "data/rows/a.jsonl: part of the dataset data/rows, which has one sidecar; name data/rows",
        ),
        (("data/rows", "-o", "mine"), "mine: holds files that DVC does not track"),
        (("data/rows", "-o", "rows.jsonl"), "rows.jsonl: must be a directory, as data/rows is one"),
        (("data/rows", "-o", "data/rows/in"), "data/rows/in: one of it and data/rows is in the other"),
        (("data/rows", "-o", "data"), "data: one of it and data/rows is in the other"),
        (("data/rows",), "data/rows/left.jsonl: hidden from DVC by .dvcignore"),
    ):
        refused = project.refusal("purge", *arguments)
        assert refused.startswith(f"error: {said}"), refused
