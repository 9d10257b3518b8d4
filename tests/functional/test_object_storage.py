"""What was pushed to a remote on object storage is read there: the same answers, and nothing comes to this machine."""

from __future__ import annotations

import gzip
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.project import Project, lines
from support.sharded import shard
from support.trained_writer import trained_writer
from support.workbench import identifier

from benchmarks.object_storage import BUCKET, CREDENTIALS, ObjectStorage, object_storage
from provenance.engines.spark_session import spark_session
from provenance.file_digests import md5_of

needs_java = pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, which is not here")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStorage]:
    with pytest.MonkeyPatch.context() as patch, object_storage(tmp_path_factory.mktemp("server")) as storage:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield storage


@pytest.fixture(scope="module")
def local(server: ObjectStorage, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Documents and what a model wrote of them, pushed; sidecars first of one file, then in parts."""
    seed = [{"text": f"document {number}"} for number in range(300)]
    rows = [{"text": f"what the model wrote of it {number}"} for number in range(200)]
    root, parents = tmp_path_factory.mktemp("local") / "repository", [[seed[number]] for number in range(200)]

    def configure(project: Project) -> None:
        project.run("dvc", "remote", "add", "--default", "lake", f"s3://{BUCKET}/dvc")
        project.run("dvc", "remote", "modify", "lake", "endpointurl", server.url)

    project = trained_writer(root, seed, rows, parents, configure)
    project.run("git", "tag", "v1")
    shard(project)
    project.commit()
    project.run("git", "tag", "v2")
    project.run("dvc", "push", "--all-commits", "--quiet")
    return project


@pytest.fixture
def cloned(local: Project, tmp_path: Path) -> Project:
    """A clone into which nothing was pulled."""
    return clone_of(local, tmp_path / "repository")


def clone_of(project: Project, root: Path) -> Project:
    project.run("git", "clone", "--quiet", str(project.root), str(root))
    return Project.at(root)


def copies(project: Project, server: ObjectStorage) -> list[Path]:
    """The files of the project that are objects of the server."""
    objects = {request.path[-33:].replace("/", "") for request in server.requests() if request.method == "PUT"}
    found = [path for path in project.root.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert objects and found
    return [path for path in found if md5_of(path) in objects]


ADDRESS = "s3://lake/rows.jsonl"
QUESTIONS = [
    ["impact", "source:library", "--json"],
    ["trace", identifier({"text": "what the model wrote of it 7"})],
    ["query", "SELECT origin, count(*), sum(rows) FROM samples GROUP BY ALL ORDER BY ALL"],
    ["query", "--rev", "v1", "SELECT * FROM samples ORDER BY ALL"],
    ["diff", "v1", "v2", "--json"],
    ["audit", "rows.jsonl", "--policy", "baseline", "--json"],
    ["audit", "rows.jsonl", "--measures", "contamination", "--evaluation", "seed.jsonl", "--json"],
    ["impact", "source:library", "--rows", "--json"],
    ["show", "rows.jsonl:7", "--text"],
    ["verify", "--json"],
]


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_answers_are_the_same_and_nothing_is_copied(
    local: Project, cloned: Project, server: ObjectStorage, question: list[str]
) -> None:
    with server.noted() as requests:
        answer = cloned.provenance(*question)
    assert answer.code in (0, 1) and answer == local.provenance(*question)
    assert {request.method for request in requests} == {"GET", "HEAD"}
    assert copies(cloned, server) == []


@pytest.mark.parametrize("name", ["texts.jsonl.gz", "texts"])
def test_data_is_read_in_place_where_a_measure_reads_all_of_it(
    local: Project, server: ObjectStorage, tmp_path: Path, name: str
) -> None:
    made = clone_of(local, tmp_path / "made")
    table = pa.table({"text": [f"a text of its own, number {n}" for n in range(300)], "topic": ["a", "b", "c"] * 100})
    if name == "texts":
        for part in range(2):
            (made.root / name).mkdir(exist_ok=True)
            pq.write_table(table.slice(150 * part, 150), made.root / name / f"part-{part}.parquet")
    else:
        (made.root / name).write_bytes(gzip.compress(lines(table.to_pylist()).encode()))
    made.provenance("add", name, "--origin", "real", "--source", "library")
    made.commit()
    made.run("dvc", "push", "--quiet", name, f"{name}.lineage.parquet")
    cloned = clone_of(made, tmp_path / "cloned")
    question = ("audit", name, "--measures", "openings", "--by", "topic")
    with server.noted() as requests:
        answer = cloned.ask(*question)
    assert answer == made.ask(*question)
    data = md5_of(made.root / name / "part-1.parquet" if name == "texts" else made.root / name)
    assert any(request.path.endswith(data[2:]) for request in requests)
    assert copies(cloned, server) == []


@pytest.fixture(scope="module")
def session() -> Iterator[None]:
    """What Spark has started is shared by the commands of these tests."""
    with spark_session():
        yield


@needs_java
@pytest.mark.parametrize(
    "question", [["impact", "source:library"], ["audit", "rows.jsonl"], ["diff", "v1", "v2"], ["verify"]]
)
def test_spark_reads_in_its_tasks(
    local: Project, cloned: Project, server: ObjectStorage, session: None, question: list[str]
) -> None:
    assert cloned.ask(*question, "--engine", "spark") == local.ask(*question)
    assert copies(cloned, server) == []


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("url", "s3://lake/elsewhere", "not in the remote lake; `dvc push` it"),
        ("url", "s3://nobody/dvc", "the remote lake has no bucket nobody"),
        ("endpointurl", "http://127.0.0.1:PORT", "the remote lake cannot be reached"),
    ],
)
def test_what_is_wrong_with_the_remote_is_said_in_one_line(
    cloned: Project, server: ObjectStorage, option: str, value: str, said: str
) -> None:
    value = value.replace("PORT", str(free_port()))
    cloned.run("dvc", "remote", "modify", "--local", "lake", option, value)
    line = cloned.refusal("audit", "rows.jsonl")
    assert said in line
    assert said in cloned.provenance("status").stderr
    assert said in cloned.ask("log", "rows.jsonl")["entries"][0]["reason"]
    assert re.search(r"s3://(lake|nobody)/(dvc|elsewhere)/files/md5/[0-9a-f]{2}/[0-9a-f]{30}", line)
    assert not set(CREDENTIALS.values()) & set(re.split(r"\W+", line))


def test_a_remote_that_is_configured_wrongly_is_named(cloned: Project, server: ObjectStorage) -> None:
    cloned.run("dvc", "remote", "modify", "--local", "lake", "profile", "nobody")
    assert "the remote lake cannot be opened (ProfileNotFound); check its" in cloned.refusal("audit", "rows.jsonl")


@pytest.mark.parametrize("missing", ["dvc_s3", "s3fs"])
def test_who_has_no_packages_for_it_is_told_so(
    local: Project, cloned: Project, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if missing == "dvc_s3":
        monkeypatch.setitem(sys.modules, missing, None)
    else:
        monkeypatch.setattr("dvc_s3.S3FileSystem.REQUIRES", {"no-such-package": "no_such_package"})
    assert "install them with `pip install 'dvc-provenance[s3]'`" in cloned.refusal("audit", "rows.jsonl")


def test_who_has_no_credentials_is_told_so(
    cloned: Project, server: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CREDENTIALS:
        if "KEY" in name:
            monkeypatch.delenv(name)
    line = cloned.refusal("impact", "source:library")
    assert "the remote lake refuses access" in line and "dvc remote modify --local lake" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", ADDRESS, "--origin", "real", "--source", "library"],
        ["audit", ADDRESS],
        ["audit", "rows.jsonl", "--evaluation", ADDRESS],
        ["declare", ADDRESS, "--from", "columns", "--set", "origin=unknown"],
        ["diff", "v1", "v2", ADDRESS],
        ["export", ADDRESS, "--format", "croissant"],
        ["impact", f"dataset:{ADDRESS}"],
        ["infer", "rows.jsonl", "--against", ADDRESS],
        ["log", ADDRESS],
        ["purge", ADDRESS],
        ["report", ADDRESS],
        ["show", f"{ADDRESS}:1"],
        ["trace", f"{ADDRESS}:1"],
        ["verify", ADDRESS],
    ],
    ids=" ".join,
)
def test_an_address_in_place_of_a_dataset_is_refused(local: Project, arguments: list[str]) -> None:
    assert local.refusal(*arguments).startswith(f"error: {ADDRESS}: an address, and datasets go by their paths")
