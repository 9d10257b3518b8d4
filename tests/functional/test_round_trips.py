"""`export` and `declare --from`: what one wrote the other reads, and the graph is the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.exported import exported_project
from support.project import Project, lines
from support.sidecars import ledger_of
from support.workbench import LIBRARY, Workbench, identifier

from provenance.about import About
from provenance.capture.declaring.declare import declare
from provenance.export.exporters import open_export
from provenance.export.exporting import export
from provenance.export.subject import ExportedDataset, Subject
from provenance.ledger.part import Part
from provenance.lineage.births import RecordedBirths
from provenance.lineage.records import Activity, ActivityType, Agent, Plan, Source
from provenance.lineage.schema import birth_schema
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.vocabulary import Vocabulary
from provenance.repository import Repository

AGENTS = (Agent(name="writer", revision="1", provider="here"), Agent(name="other@odd"))
PLANS = (Plan(name="ask", template='Ask\n{it}, "quoted"'), Plan(name="tell", template="Tell"))
SOURCES = (LIBRARY, Source(name="forum", url="https://forum.example", publisher="Forum"))
PARAMETERS: tuple[dict[str, Any], ...] = ({}, {"gen_ai.request.temperature": 0.5, "gen_ai.request.max_tokens": 7})
# What a declaration takes over of a birth, besides what its activity says.
SAID = (
    *("origin", "kind", "license", "response_id", "seed", "input_tokens", "output_tokens", "cost", "verdict"),
    *("verifier", "depth", "real_rooted", "doubts", "content_bytes"),
)


@st.composite
def births(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """One birth of text ``number``, its parents of lower numbers."""
    parents = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
    kinds = [ActivityType.COLLECTION, ActivityType.GENERATION, *([ActivityType.DERIVATION] if parents else [])]
    kind = draw(st.sampled_from(kinds))
    activity: dict[str, Any] = {"type": kind}
    birth: dict[str, Any] = {"origin": None, "parents": [], "evidence": "observed"}
    if kind is ActivityType.COLLECTION:
        activity["source"] = draw(st.sampled_from(SOURCES)).id
        birth["origin"] = draw(st.sampled_from(["real", "unknown"]))
        birth["license"] = draw(st.sampled_from([None, "MIT"]))
    else:
        birth["parents"] = parents
        birth["parent_roles"] = draw(st.lists(st.sampled_from(["derived_from", "context"]), min_size=3, max_size=3))
    if kind is ActivityType.GENERATION:
        activity["agent"] = draw(st.sampled_from(AGENTS)).id
        activity["plan"] = draw(st.none() | st.sampled_from(PLANS).map(lambda plan: plan.id))
        activity["parameters"] = draw(st.sampled_from(PARAMETERS))
        birth["origin"] = "synthetic"
        birth["kind"] = draw(st.sampled_from([None, "rewrite", "other:odd"]))
        birth["source_type"] = "trainedAlgorithmicData"
        birth |= draw(
            st.fixed_dictionaries(
                {
                    "response_id": st.sampled_from([None, "r-1 ä\n"]),
                    "seed": st.sampled_from([None, -3]),
                    "input_tokens": st.sampled_from([None, 0, 12]),
                    "verdict": st.sampled_from([None, "pass"]),
                }
            )
        )
    return birth | {"activity": Activity(**activity)}


@st.composite
def lineages(draw: st.DrawFn) -> tuple[list[list[dict[str, Any]]], list[int]]:
    """The births of texts 0, 1, … (none: nobody knows), and which texts a dataset has, row by row."""
    stated = [
        [draw(births(number)) for _ in range(draw(st.sampled_from([1, 1, 1, 2, 0])))]
        for number in range(draw(st.integers(1, 8)))
    ]
    return stated, draw(st.lists(st.integers(0, len(stated) - 1), min_size=1, max_size=6))


def text(number: int) -> dict[str, Any]:
    return {"text": f"text {number}"}


def recorded(bench: Workbench, stated: list[list[dict[str, Any]]]) -> RecordedBirths:
    """The births of the rows of a dataset that has each text once for each of its births, and once if it has none."""
    vocabulary = Vocabulary()
    activities = list({birth["activity"].id: birth["activity"] for each in stated for birth in each}.values())
    vocabulary.add(activities, AGENTS, PLANS, SOURCES)
    numbers = {activity.id: number for number, activity in enumerate(activities)}
    rows, row = [], 0
    for each in stated:
        for birth in each or [{}]:
            row += 1
            if birth:
                parents = [bytes.fromhex(identifier(text(parent))) for parent in birth["parents"]]
                more = {"row": row, "activity": numbers[birth["activity"].id], "parents": parents}
                rows.append(birth | more | {"parent_roles": birth.get("parent_roles", [])[: len(parents)]})
    file = bench.folder / "births.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=birth_schema()), file)
    return RecordedBirths(file, activities, vocabulary)


def graph(sidecar: Path, *, without: tuple[str, ...] = ()) -> dict[str, Counter[str]]:
    """What is said of each birth of each sample, and of its activity, in plain words."""
    header = open_sidecar(sidecar).header
    plans, sources = ({each.id: each for each in known} for known in (header.plans, header.sources))
    found: dict[str, Counter[str]] = {}
    for record in pq.read_table(sidecar).to_pylist():
        activity = None if record["activity"] is None else header.activities[record["activity"]]
        said = {name: record[name] for name in SAID}
        said["parents"] = [each.hex() for each in record["parents"]]
        said["roles"] = record["parent_roles"]
        said["agent"] = None if record["agent"] is None else header.agents[record["agent"]].model_dump()
        source = None if record["source"] is None else header.sources[record["source"]]
        said["source"] = source and (source.name, source.url, source.publisher)
        said["type"] = activity and activity.type
        said["plan"] = activity and activity.plan and plans[activity.plan].model_dump()
        of_activity = sources[activity.source] if activity and activity.source else None
        said["from"] = of_activity and of_activity.name
        said["parameters"] = activity and activity.parameters
        kept = {name: value for name, value in said.items() if name not in without}
        found.setdefault(record["sample_id"].hex(), Counter())[json.dumps(kept, default=str, sort_keys=True)] += 1
    return found


def rows_by_sample(sidecar: Path) -> Mapping[str, int]:
    counted: Counter[str] = Counter()
    for record in pq.read_table(sidecar).to_pylist():
        counted[record["sample_id"].hex()] += record["rows"] + (record["ambiguous_rows"] or 0)
    return counted


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    root = tmp_path_factory.mktemp("round") / "repository"
    Project.new(root)
    return Workbench(root)


# An example writes and reads a repository: what fails is not made smaller.
@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(lineages())
def test_prov_that_was_exported_and_imported_is_the_same_graph(
    bench: Workbench, made: tuple[list[list[dict[str, Any]]], list[int]]
) -> None:
    stated, rows = made
    known = bench.dataset("known.jsonl", [text(number) for number, each in enumerate(stated) for _ in each or [{}]])
    bench.complete(known, births=recorded(bench, stated))
    mix, copy = (bench.dataset(name, [text(number) for number in rows]) for name in ("mix.jsonl", "copy.jsonl"))
    bench.complete(mix, dependencies=[bench.dependency(known)])
    sidecar = Path(f"{mix}.lineage.parquet")
    document, again = bench.folder / "prov.json", Path(f"{copy}.lineage.parquet")
    again.unlink(missing_ok=True)
    with ledger_of(Repository.open(bench.folder), sidecar) as ledger:
        datasets = (ExportedDataset(Part(ledger, ledger.recorded[0])),)
        subject = Subject(datasets, About(path="*"), every_sample=True)
        assert export(subject, open_export("prov-json"), document, check=True).problems == ()
    declare(copy, "prov_json", using=[document])
    found, wanted = graph(again), graph(sidecar)
    assert [(found[each], wanted[each]) for each in wanted if found.get(each) != wanted[each]] == []
    assert found.keys() == wanted.keys()
    assert rows_by_sample(again) == rows_by_sample(sidecar)
    evidence = set(pq.read_table(again)["evidence"].to_pylist())
    assert evidence <= {"declared", None}


def elsewhere(project: Project, folder: Path, *files: str) -> Project:
    """Another repository with the data alone."""
    other = Project.new(folder / "other")
    for name in files:
        other.write({name: (project.root / name).read_bytes()})
        if name.endswith(".jsonl"):
            other.run("dvc", "add", "--quiet", name)
    return other


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = exported_project(tmp_path_factory.mktemp("exported") / "repository")
    told = project.provenance
    assert told("export", "mix.jsonl", "--format", "prov-json", "--sample", "all", "-o", "prov.json").code == 0
    rows = ("--rows", "rows.parquet")
    assert told("export", "mix.jsonl", "--format", "croissant", "-o", "croissant.json", *rows).code == 0
    return project


@pytest.mark.parametrize(
    ("importer", "document", "without"),
    [
        ("prov_json", "prov.json", ()),
        # A Croissant document names no prompt templates.
        ("croissant", "croissant.json", ("plan",)),
    ],
)
def test_a_repository_that_has_the_data_alone_learns_its_lineage(
    project: Project, tmp_path: Path, importer: str, document: str, without: tuple[str, ...]
) -> None:
    other = elsewhere(project, tmp_path, "mix.jsonl", document, "rows.parquet")
    answer = other.ask("declare", "mix.jsonl", "--from", importer, "--using", document)
    assert (answer["stated"], answer["unknown"], answer["ancestors"], answer["dangling"]) == (7, 0, 0, 0)
    name = "mix.jsonl.lineage.parquet"
    assert graph(other.root / name, without=without) == graph(project.root / name, without=without)
    assert other.provenance("verify", "mix.jsonl").code == 0
    # The same again changes nothing; what was declared is replaced.
    before = (other.root / name).read_bytes()
    other.ask("declare", "mix.jsonl", "--from", importer, "--using", document)
    assert graph(other.root / name) and len((other.root / name).read_bytes()) == len(before)


@pytest.mark.parametrize(("importer", "document"), [("prov_json", "prov.json"), ("croissant", "croissant.json")])
def test_documents_that_are_about_other_samples_are_told(
    project: Project, tmp_path: Path, importer: str, document: str
) -> None:
    other = elsewhere(project, tmp_path, document, "rows.parquet")
    other.write({"x.jsonl": lines([{"text": "another"}])})
    asked = ("declare", "x.jsonl", "--from", importer, "--using", document)
    answer = other.provenance(*asked)
    assert answer.code == 1 and "no row received any lineage" in answer.stderr
    assert "its samples are made of of, text, the rows of x.jsonl of text: put `fields`" in answer.stderr
    assert "leave --map and --set out" in other.refusal(*asked, "--set", "origin=real")
    other.write({"provenance.yaml": "version: 1\ndigest: blake2b\n"})
    (other.root / "x.jsonl.lineage.parquet").unlink()
    assert "its sample ids are xxh3_128 digests" in other.refusal(*asked)
