"""`export`: documents that the checkers of their standards accept, and that break where they are broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.exported import ABOUT, NOTHING_STATED, exported_project
from support.project import Project, lines

from provenance.export.exporters import export_names, open_export

DATASETS = ("mix.jsonl", "answers.jsonl")
ODD = "odd ä|`<b>.jsonl"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return exported_project(tmp_path_factory.mktemp("exporting") / "repository")


@pytest.fixture
def nothing_stated(project: Project) -> Iterator[Project]:
    project.write({"provenance.yaml": NOTHING_STATED})
    yield project
    project.write({"provenance.yaml": ABOUT})


def document(project: Project, name: str, *datasets: str) -> str:
    answer = project.provenance("export", *(datasets or DATASETS), "--format", name, "--check")
    said = [line for line in answer.stderr.splitlines() if not line.startswith("warning: not checked by")]
    assert (answer.code, said) == (0, []), answer.stderr
    return answer.stdout


@pytest.mark.parametrize("name", export_names())
def test_a_whole_document_is_accepted(project: Project, name: str) -> None:
    assert document(project, name)


@pytest.mark.parametrize("name", export_names())
def test_the_same_inputs_give_the_same_bytes(project: Project, name: str, tmp_path: Path) -> None:
    first = document(project, name)
    shutil.rmtree(project.root / ".dvc/tmp/provenance")
    answer = project.ask("export", *DATASETS, "--format", name, "-o", str(tmp_path / "document"))
    assert (tmp_path / "document").read_bytes() == first.encode()
    assert answer == {
        "format": name,
        "datasets": [*DATASETS],
        "bytes": len(first.encode()),
        "gaps": [],
        "problems": None,
        "not_checked": [],
        "sent": None,
    }


@pytest.mark.parametrize("name", export_names())
def test_what_nobody_stated_is_named_in_the_document_and_no_pass(
    nothing_stated: Project, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "document"
    answer = nothing_stated.provenance("export", *DATASETS, "--format", name, "-o", str(file), "--check", "--json")
    found = answer.json()
    expected = [gap for gap in found["gaps"] if gap["fact"] not in ("depth",)]
    assert answer.code == (1 if expected or found["problems"] else 0)
    text = file.read_text(encoding="utf-8").replace("\\", "")
    assert [gap["fact"] for gap in expected if gap["fact"] not in text] == []
    # A rule of the standard that fails for want of a fact is the fact's gap.
    assert found["problems"] == [] or expected


def broken(of: Callable[[Any], Any]) -> Callable[[str], str]:
    """A JSON document in which something was changed."""

    def change(text: str) -> str:
        parsed = json.loads(text)
        of(parsed)
        return json.dumps(parsed)

    return change


def event(of: Callable[[Any], Any]) -> Callable[[str], str]:
    """Events of which the first was changed."""

    def change(text: str) -> str:
        first, *others = text.splitlines(keepends=True)
        return "".join([broken(of)(first) + "\n", *others])

    return change


def spdx(kind: str, of: Callable[[Any], Any]) -> Callable[[str], str]:
    """An SPDX document in which the first element of a kind was changed."""
    return broken(lambda document: of(next(each for each in document["@graph"] if each["type"] == kind)))


SOURCE = "source:3213590c2e94cc04"
DERIVED_FROM_ITSELF = {"prov:generatedEntity": SOURCE, "prov:usedEntity": SOURCE}
BACK = {"prov:generatedEntity": SOURCE, "prov:usedEntity": "dataset:mix.jsonl"}
FORTH = {"prov:generatedEntity": "dataset:mix.jsonl", "prov:usedEntity": SOURCE}
BACKWARDS = {"prov:startTime": "2026-11-02T00:00:00Z", "prov:endTime": "2026-11-01T00:00:00Z"}


BROKEN: dict[str, list[tuple[Callable[[str], str], str]]] = {
    "croissant": [
        (
            broken(lambda d: d.update({"rai:dataLimitation": d.pop("rai:dataLimitations")})),
            "rai:dataLimitation: the voc",
        ),
        (broken(lambda d: d.pop("rai:hasSyntheticData")), "rai:hasSyntheticData: missing"),
        (broken(lambda d: d.update({"conformsTo": "http://mlcommons.org/croissant/1.0"})), "conformsTo"),
        (broken(lambda d: d.pop("name")), "name: missing"),
        (broken(lambda d: d["distribution"][1].pop("sha256")), "mlcroissant"),
        (broken(lambda d: d["recordSet"][0]["field"][0]["source"]["fileObject"].update({"@id": "x"})), "mlcroissant"),
        (lambda text: text[:-9], "not JSON"),
    ],
    "prov-json": [
        (broken(lambda d: d["wasInfluencedBy"].update(x={"prov:influencee": 5})), "wasInfluencedBy"),
        (broken(lambda d: d.update(wasMadeBy={})), "wasMadeBy"),
        (broken(lambda d: d["agent"].popitem()), "is no agent of the document"),
        (broken(lambda d: d["prefix"].pop("dataset")), "prov"),
        (broken(lambda d: d["wasDerivedFrom"].update(x=DERIVED_FROM_ITSELF)), "derived from itself"),
        (broken(lambda d: d["wasDerivedFrom"].update(x=BACK, y=FORTH)), "derived from itself, by way of"),
        (broken(lambda d: d["activity"].update({"activity:x": BACKWARDS})), "ends before it starts"),
    ],
    "prov-n": [
        (lambda text: text.replace("endDocument", ""), "prov: ProvNSyntaxError"),
        (lambda text: text.replace("wasInfluencedBy(", "wasInfluenced(", 1), "prov: "),
        (lambda text: text.replace("  agent(", "  entity("), "is no agent of the document"),
        (lambda text: text.replace("  prefix source ", "  prefix sources "), "prov: "),
    ],
    "slsa": [
        (broken(lambda d: d.update(_type="https://in-toto.io/Statement/v0.1")), "Wrong statement type"),
        (broken(lambda d: d["subject"][0].pop("digest")), "At least one digest required"),
        (broken(lambda d: d["subject"][0]["digest"].update(sha256="0f")), "is no sha256"),
        (broken(lambda d: d["predicate"].update(buildDefinitions={})), "in-toto-attestation"),
        (broken(lambda d: d["predicate"]["runDetails"]["builder"].pop("id")), "builder.id: missing"),
        (broken(lambda d: d["predicate"]["runDetails"]["metadata"].update(startedOn="today")), "in-toto-attestation"),
        (broken(lambda d: d.update(predicateType="https://slsa.dev/provenance/v0.2")), "predicateType"),
    ],
    "spdx": [
        (spdx("dataset_DatasetPackage", lambda e: e.pop("dataset_datasetType")), "dataset_datasetType"),
        (spdx("dataset_DatasetPackage", lambda e: e.pop("builtTime")), "builtTime: missing"),
        (spdx("dataset_DatasetPackage", lambda e: e.update(dataset_datasetType=["synthetic"])), "spdx-python-model"),
        (spdx("dataset_DatasetPackage", lambda e: e.update(datasetType=["text"])), "spdx-python-model"),
        (spdx("build_Build", lambda e: e.pop("build_buildType")), "spdx-python-model"),
        (spdx("Relationship", lambda e: e.update(relationshipType="hasLicense")), "relationship hasDeclaredLicense"),
        (
            spdx("Organization", lambda e: e.update(spdxId="urn:dvc-provenance:party:x")),
            "is not in the document",
        ),
        (spdx("ai_AIPackage", lambda e: e.update(spdxId="urn:dvc-provenance:agent:x")), "no element of the document"),
    ],
    "eu-summary": [
        (lambda text: text.replace("### 2.5 Synthetic data", "### 2.5 Data"), "2.5 Synthetic data: missing"),
        (
            lambda text: text.replace("Yes.", "**To be filled in by a person:** x"),
            "2.5 Synthetic data: to be filled in: x",
        ),
        (lambda text: text.replace("### 2.4 User data", "").replace("## 3. ", "### 2.4 User data\n## 3. "), "order"),
    ],
    "oasis-dps": [
        (broken(lambda d: d["use"].pop("intended-purpose")), "'intended-purpose' is a required property"),
        (
            broken(lambda d: d["provenance"]["generation-method"][0].update(code="synthetic")),
            "'synthetic' is not one of",
        ),
        (broken(lambda d: d["set"]["tracking"].update(version="one")), "'one' does not match"),
        (broken(lambda d: d["set"]["tracking"].update({"initial-release-date": "in May"})), "in May is no time"),
        (broken(lambda d: d["source"].update(location="somewhere")), "somewhere is no URI"),
        (broken(lambda d: d["source"]["id"]["hashes"][0]["tree-hashes"][0].update(value="0f")), "value"),
        (broken(lambda d: d.pop("$schema")), "'$schema' is a required property"),
    ],
    "openlineage": [
        (event(lambda e: e["run"].update(runId="first")), "run.runId: 'first' is not a 'uuid'"),
        (event(lambda e: e.update(eventType="DONE")), "eventType: 'DONE' is not one of"),
        (event(lambda e: e.pop("eventTime")), "'eventTime' is a required property"),
        (event(lambda e: e.update(eventTime="today")), "today is no time"),
        (event(lambda e: e["outputs"][0]["facets"]["version"].pop("_producer")), "'_producer' is a required"),
        (event(lambda e: e["outputs"][0]["outputFacets"]["outputStatistics"].update(rowCount="7")), "rowCount: '7'"),
        (event(lambda e: e["job"]["facets"]["jobType"].pop("integration")), "'integration' is a required property"),
        (event(lambda e: e["job"]["facets"]["jobType"].update(_schemaURL="https://example.org")), "not that facet's"),
        (lambda text: "", "there is no event in it"),
    ],
    "dataset-card": [
        (lambda text: text.replace("---\n", "", 1), "no front matter"),
        (lambda text: text.replace("license: cc-by-4.0", "license: llama-9"), "not an identifier of the Hub's"),
        (lambda text: text.replace("n<1K", "n<2K"), "n<2K is none of the Hub's"),
        (lambda text: text.replace("language:\n", "language: [\n"), "YAML"),
    ],
}


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [(name, *case) for name, cases in BROKEN.items() for case in cases],
)
def test_a_broken_document_is_rejected(
    project: Project, name: str, change: Callable[[str], str], problem: str, tmp_path: Path
) -> None:
    whole = document(project, name)
    file = tmp_path / "document"
    changed = change(whole)
    assert changed != whole
    file.write_text(changed, encoding="utf-8")
    found = open_export(name).check(file)
    if found.not_checked and not found.problems:
        pytest.skip(found.not_checked[0])
    assert any(problem in each for each in found.problems), found


def test_every_export_is_tried_broken() -> None:
    assert sorted(BROKEN) == export_names()


@pytest.mark.parametrize("name", export_names())
def test_bounds_are_no_exact_numbers(project: Project, name: str) -> None:
    """m1 wrote one or two of the mix's rows, and m2 none or one."""
    text = document(project, name, "mix.jsonl")
    if "m2" in text and "row" in text.lower():
        assert any(said in text for said in ("atMostRows", "at_most_rows", "0 to 1", "at most 1 row")), text


def test_card_has_sources_prompts_terms_and_their_rows(project: Project) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard(document(project, "dataset-card", "mix.jsonl"))
    data = card.data.to_dict()  # type: ignore[no-untyped-call]
    assert (data["license"], data["language"], data["size_categories"]) == ("cc-by-4.0", ["en"], ["n<1K"])
    assert data["source_datasets"] == ["org/manual"]
    assert (data["language_creators"], data["tags"]) == (["machine-generated", "other"], ["synthetic"])
    assert "| m1 | 1 to 2 | 14.3% to 28.6% |" in card.text
    assert "LicenseRef\\-scancode\\-llama\\-3.1\\-license\\-2024" in card.text
    assert "a name that begins with Llama | 1 to 2 |" in card.text
    assert "| manual | <https://huggingface.co/datasets/org/manual> | CC\\-BY\\-4.0 | Org | 6 |" in card.text
    # A prompt stays text, whatever it looks like.
    assert "\n    Ask <b>me</b>\n    \\# now." in card.text or "\n    # now." in card.text
    assert "compatible" not in card.text


def test_several_datasets_are_one_whole(project: Project) -> None:
    found = json.loads(document(project, "croissant"))
    assert found["dvcprov:composition"]["rows"] == 7 + 3
    assert [each["@id"] for each in found["recordSet"]] == ["mix.jsonl/lineage", "answers.jsonl/lineage"]
    assert found["dvcprov:composition"]["by_model"] == [
        {"group": "m1", "atLeastRows": 3, "atMostRows": 4},
        {"group": "m2", "atLeastRows": 1, "atMostRows": 2},
    ]
    (terms,) = found["dvcprov:outputTerms"]
    assert (terms["atLeastRows"], terms["atMostRows"]) == (3, 4)


def test_a_revision_is_exported_as_it_was(project: Project) -> None:
    assert project.provenance("export", "mix.jsonl", "--format", "croissant", "--rev", "HEAD").stdout == document(
        project, "croissant", "mix.jsonl"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mix.jsonl", "--format", "croissants"), "no such export; there are croissant, dataset-card"),
        (("none.jsonl", "--format", "croissant"), "not a dataset that DVC tracks"),
        (("mix.jsonl", "--format", "croissant", "-o", "documents.jsonl"), "would write over a dataset"),
    ],
)
def test_what_cannot_be_exported_is_refused(project: Project, arguments: tuple[str, ...], said: str) -> None:
    assert said in project.refusal("export", *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mix.jsonl", "--format", "croissant", "--sample", "mix.jsonl:1"), "about whole datasets"),
        (("mix.jsonl", "--format", "croissant", "--depth", "1"), "--depth needs a --sample"),
        (("mix.jsonl", "--format", "croissant", "--json"), "name a file with -o"),
    ],
)
def test_options_that_do_not_fit_are_refused(project: Project, arguments: tuple[str, ...], said: str) -> None:
    answer = project.provenance("export", *arguments)
    assert answer.code == 2
    assert said in " ".join(answer.stderr.replace("│", " ").split())


def test_export_is_a_stage_that_dvc_need_not_run_again(tmp_path: Path) -> None:
    project = exported_project(tmp_path / "repository")
    files = ("-d", "mix.jsonl", "-d", "mix.jsonl.lineage.parquet", "-d", "provenance.yaml", "-o", "card.md")
    command = "provenance export mix.jsonl --format dataset-card -o card.md --check"
    project.run("dvc", "stage", "add", "--quiet", "-n", "card", *files, command)
    project.run("dvc", "repro", "--quiet")
    first = (project.root / "card.md").read_bytes()
    project.run("dvc", "repro", "--quiet", "--single-item", "--force", "card")
    assert (project.root / "card.md").read_bytes() == first
    assert "didn't change" in project.run("dvc", "repro").stdout


def read_prov(text: str, form: str) -> Any:
    import io

    pytest.importorskip("prov", reason="pip install prov")
    from prov.model import ProvDocument

    return ProvDocument.deserialize(io.StringIO(text), format=form)


@pytest.mark.parametrize(
    "asked",
    [
        (),
        ("--sample", "mix.jsonl:1", "--sample", "mix.jsonl:2"),
        ("--sample", "mix.jsonl:2"),
        ("--sample", "all"),
    ],
)
def test_both_formats_of_prov_say_the_same(project: Project, asked: tuple[str, ...]) -> None:
    texts = {name: document(project, name, "mix.jsonl", *asked) for name in ("prov-json", "prov-n")}
    assert read_prov(texts["prov-json"], "json") == read_prov(texts["prov-n"], "provn")


def test_prov_of_a_sample_is_what_trace_shows(project: Project) -> None:
    traced = project.ask("trace", "mix.jsonl:2")
    found = json.loads(document(project, "prov-json", "mix.jsonl", "--sample", "mix.jsonl:2"))
    samples = {name.removeprefix("sample:") for name in found["entity"] if name.startswith("sample:")}
    assert samples == {node["sample_id"] for node in traced["nodes"]}
    assert len(samples) == 2
    edges = {
        (each["prov:generatedEntity"], each["prov:usedEntity"])
        for each in found["wasDerivedFrom"].values()
        if each["prov:usedEntity"].startswith("sample:")
    }
    assert edges == {(f"sample:{edge['child']}", f"sample:{edge['parent']}") for edge in traced["edges"]}


def test_prov_of_all_samples_has_each_and_what_prov_of_single_ones_says(project: Project) -> None:
    found = json.loads(document(project, "prov-json", "mix.jsonl", "--sample", "all"))
    samples = {name.removeprefix("sample:") for name in found["entity"] if name.startswith("sample:")}
    assert samples == {record["sample_id"] for record in project.records("mix.jsonl")}
    each = json.loads(document(project, "prov-json", "mix.jsonl", *(f"--sample={sample}" for sample in samples)))
    assert found == each
    refused = project.provenance("export", "mix.jsonl", "--format", "prov-json", "--sample", "all", "--depth", "1")
    assert refused.code == 2 and "--depth is not for --sample all" in refused.stderr


def test_each_birth_of_a_sample_is_an_entity_that_was_generated_once(project: Project) -> None:
    found = json.loads(document(project, "prov-json", "mix.jsonl", "--sample", "mix.jsonl:1", "--depth", "1"))
    (sample,) = [name for name in found["entity"] if name.startswith("sample:")]
    births = [each["prov:specificEntity"] for each in found["specializationOf"].values()]
    assert len(births) == 2
    assert sorted(each["prov:entity"] for each in found["wasGeneratedBy"].values()) == births
    assert len({each["prov:agent"] for each in found["wasAttributedTo"].values()}) == 2
    assert {each["prov:generalEntity"] for each in found["specializationOf"].values()} == {sample}


def test_only_samples_of_the_dataset_are_told(project: Project) -> None:
    said = project.refusal("export", "documents.jsonl", "--format", "prov-json", "--sample", "mix.jsonl:1")
    assert "neither in documents.jsonl nor an ancestor" in said
    several = project.provenance("export", *DATASETS, "--format", "prov-json", "--sample", "mix.jsonl:1")
    assert several.code == 2
    assert "name that alone" in several.stderr


def test_text_of_every_kind_passes_through_prov_n() -> None:
    from provenance.export.prov_n import notation
    from provenance.export.prov_records import Record, name

    text = 'quotes " and \\ and\nlines\tand \u00e9 and \u2028 and \x1b[31m'
    record = Record("entity", name("dataset", "odd name/ä (1).jsonl."), (), [("prov:label", text), ("prov:value", 1.5)])
    written = "document\nprefix dataset <urn:d:>\n" + notation(record) + "\nendDocument\n"
    assert written.isprintable() or "\x1b" not in written
    (entity,) = read_prov(written, "provn").get_records()
    assert dict(entity.attributes)[
        next(key for key, _ in entity.attributes if str(key) == "prov:label")
    ] == text.replace("\u2028", "\\u2028").replace("\x1b", "\\u001b")


def test_statement_names_every_digest_and_what_stages_read(project: Project) -> None:
    import hashlib

    found = json.loads(document(project, "slsa", "mix.jsonl"))
    data, sidecar = found["subject"]
    for each in (data, sidecar):
        content = (project.root / each["name"]).read_bytes()
        assert each["digest"] == {
            "sha256": hashlib.sha256(content).hexdigest(),
            "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        }
    definition = found["predicate"]["buildDefinition"]
    assert definition["internalParameters"]["licensesStatedAs"] == {
        "LicenseRef-scancode-llama-3.1-license-2024": "llama3.1"
    }
    names = {each["name"] for each in definition["resolvedDependencies"]}
    assert names >= {"manual", "commit", "mix.py", "documents.jsonl", "answers.jsonl"}
    (stage,) = definition["externalParameters"]["stages"]
    assert (stage["name"], stage["command"]) == ("mix", "provenance run -- python mix.py")


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """The address of a server that takes events as OpenLineage's receivers do, and what it was sent."""
    import http.server
    import threading

    received: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, self.headers.get("Authorization"), json.loads(body)))
            self.send_response(201)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def test_events_reach_a_receiver_by_the_variables_of_openlineage(
    project: Project, receiver: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openlineage.client", reason="pip install openlineage-python")
    address, received = receiver
    monkeypatch.setenv("OPENLINEAGE_URL", address)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "a-key")
    answer = project.provenance("export", *DATASETS, "--format", "openlineage", "--send", "--check")
    assert (answer.code, answer.stdout) == (0, ""), answer.stderr
    assert "sent 2 events" in answer.stderr
    written = [json.loads(line) for line in document(project, "openlineage").splitlines()]
    assert [path for path, _, _ in received] == ["/api/v1/lineage"] * 2
    assert {key for _, key, _ in received} == {"Bearer a-key"}
    for (_, _, sent), event in zip(received, written, strict=True):
        for name in ("run", "job", "dataset", "inputs", "outputs"):
            if name in event:
                assert_has(sent[name], event[name])


def assert_has(sent: Any, written: Any) -> None:
    """All that was written was sent; the client may add to it."""
    if isinstance(written, dict):
        for key, value in written.items():
            assert_has(sent[key], value)
    elif isinstance(written, list):
        for one, other in zip(sent, written, strict=True):
            assert_has(one, other)
    else:
        assert sent == written


def test_nowhere_to_send_to_is_an_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openlineage.client", reason="pip install openlineage-python")
    monkeypatch.delenv("OPENLINEAGE_URL", raising=False)
    assert "set OPENLINEAGE_URL" in project.refusal("export", *DATASETS, "--format", "openlineage", "--send")
    other = project.provenance("export", *DATASETS, "--format", "croissant", "--send")
    assert (other.code, "not for croissant" in other.stderr) == (2, True)


def test_a_run_has_what_went_in_and_came_out(project: Project) -> None:
    run, dataset = (json.loads(line) for line in document(project, "openlineage").splitlines())
    assert run["job"]["name"] == "mix"
    assert {each["name"] for each in run["inputs"]} >= {"answers.jsonl", "documents.jsonl", "mix.py"}
    (out,) = run["outputs"]
    assert (out["name"], out["outputFacets"]["outputStatistics"]["rowCount"]) == ("mix.jsonl", 7)
    lineage = out["facets"]["dvcProvenance_lineage"]
    assert lineage["sidecar"] == "mix.jsonl.lineage.parquet"
    assert lineage["rowsByOrigin"]["synthetic"] == {"atLeastRows": 2, "atMostRows": 2}
    assert dataset["dataset"]["name"] == "answers.jsonl"


def test_eu_summary_names_every_generator_and_whether_it_is_on_the_market(project: Project) -> None:
    text = document(project, "eu-summary", "mix.jsonl").replace("\\", "")
    section = text.split("### 2.5 Synthetic data")[1].split("### 2.6")[0]
    on_market, others = section.split("Other AI models that generated it")
    assert "| m1 |" in on_market and "| m2 |" not in on_market
    assert "| m2 |" in others and "| m1 |" not in others
    assert "2 rows of 7" in section
    assert "| 1 to 2 |" in on_market and "| 0 to 1 |" in others
    assert "LicenseRef-scancode-llama-3.1-license-2024" in on_market
    assert "on its behalf" not in section and "Yes." in section


def test_eu_summary_lists_what_a_person_has_to_fill_in(nothing_stated: Project) -> None:
    answer = nothing_stated.provenance("export", "mix.jsonl", "--format", "eu-summary", "--check")
    assert answer.code == 1
    text = answer.stdout.replace("\\", "")
    listed = text.split("## To be filled in by a person")[1]
    stated = ("version", "published", "provider", "model", "on_market of m1", "kind of manual", "training_size")
    for fact in (*stated, "on_market of m2"):
        assert fact in listed
    # Whether there are none is open, and when something was collected is not when it was added.
    assert text.count("none that is stated to be one") == 2 and "recorded: none is recorded" in text
    assert "invalid: 1.1 Provider identification: to be filled in" in answer.stderr
    assert "to be filled in: training_size\n" in answer.stderr


def test_mlcroissant_iterates_the_lineage_of_each_row(project: Project, tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="pip install mlcroissant")
    files = ("-o", str(tmp_path / "croissant.json"), "--rows", str(tmp_path / "rows/lineage.parquet"))
    (tmp_path / "rows").mkdir()
    assert project.ask("export", *DATASETS, "--format", "croissant", *files, "--check")["problems"] == []
    loaded = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
    found = [
        {key.removeprefix("lineage/"): value for key, value in record.items()} for record in loaded.records("lineage")
    ]
    for name in DATASETS:
        own = [each for each in found if each["dataset"] == name.encode()]
        recorded = project.records(name)
        assert [each["sample_id"].decode() for each in own] == [each["sample_id"] for each in recorded]
        assert [[*map(_text, each["parents"])] for each in own] == [each["parents"] for each in recorded]
        assert [each["rows"] for each in own] == [each["rows"] for each in recorded]
        assert {_text(each["agent"]).partition(":agent:")[1] for each in own if each["agent"]} == {":agent:"}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.fixture(scope="module")
def odd_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Names, sources and licences that are markup elsewhere; a directory, rows of unknown origin, and no row at all."""
    project = Project.new(tmp_path_factory.mktemp("odd") / "repository")
    project.write(
        {ODD: lines([{"text": "z"}]), "images/a.txt": "one", "empty.jsonl": "", "unknown.jsonl": lines([{"text": "x"}])}
    )
    stated = ("--origin", "real", "--source", "s|<b>`x`\n## h", "--license", "our | <terms>")
    assert project.provenance("add", ODD, "images", *stated).code == 0
    project.run("dvc", "add", "--quiet", "unknown.jsonl", "empty.jsonl")
    for name in ("unknown.jsonl", "empty.jsonl"):
        assert project.provenance("declare", name, "--from", "columns", "--set", "origin=unknown").code == 0
    return project


@pytest.mark.parametrize("name", export_names())
@pytest.mark.parametrize(
    "datasets", [(ODD,), ("images",), ("unknown.jsonl",), ("empty.jsonl",), (ODD, "images", "empty.jsonl")]
)
def test_odd_datasets_are_wrong_only_in_what_is_not_stated(
    odd_project: Project, name: str, datasets: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "document"
    answer = odd_project.provenance("export", *datasets, "--format", name, "-o", str(file), "--check", "--json").json()
    missing = ("to be filled in", "is a required property", "is too short", "should be non-empty")
    assert [each for each in answer["problems"] if not any(word in each for word in missing)] == []
    assert not answer["problems"] or answer["gaps"]
    text = file.read_text(encoding="utf-8")
    if name in ("dataset-card", "eu-summary"):
        # Indented lines are code, which is shown as it stands.
        lines_of_text = [line for line in text.splitlines() if not line.startswith("    ")]
        assert not any("<b>" in line or line.startswith("## h") for line in lines_of_text)
    if name == "dataset-card" and ODD in datasets:
        assert "our \\| " not in text.split("## Licences")[0]
        assert "LicenseRef\\-our\\-terms" in text.split("## Licences")[0]
