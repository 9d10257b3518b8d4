"""`provenance audit` with policies, and `provenance.audit`, on a real repository."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.project import Project, lines
from support.schemas import schema_of

import provenance
from provenance.attest.verdict_file import VerdictFile
from provenance.errors import ProvenanceError

HOSTILE = "x](javascript:a) <b>@all</b> | `rm`\x1b[2J\u202e"
REAL = [{"text": f"real {number}"} for number in range(20)]
MADE: list[dict[str, Any]] = [
    {"text": f"made {number}", "model": HOSTILE, "kind": "rewrite", "from": f"data/real.jsonl:{number + 1}"}
    for number in range(20)
]
SPEC = Path(__file__).resolve().parents[2] / "docs/specification"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """data/real.jsonl, and data/mix.jsonl of 5 real rows and 20 rewrites; committed."""
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    project.write({"data/real.jsonl": lines(REAL)})
    project.provenance("add", "data/real.jsonl", "--origin", "real", "--source", "library", "--license", "MIT")
    mixed(project, [*REAL[:5], *MADE])
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def mixed(project: Project, rows: list[dict[str, Any]]) -> None:
    project.write({"data/mix.jsonl": lines(rows)})
    project.run("dvc", "add", "--quiet", "data/mix.jsonl")
    columns = ("--map", "model=model", "--map", "kind=kind", "--map", "parents=from")
    declared = project.provenance(
        "declare", "data/mix.jsonl", "--from", "columns", *columns, "--parents", "data/real.jsonl"
    )
    assert declared.code == 0, declared.stderr


def policy(project: Project, text: str, name: str = "policy.yaml") -> str:
    project.write({name: text})
    return name


def findings(document: Any) -> dict[str, Any]:
    return {finding["rule"]: finding for finding in document["findings"]}


def test_without_a_policy_nothing_is_judged(project: Project) -> None:
    document = project.ask("audit", "data/mix.jsonl")
    assert (document["verdict"], document["passes"], document["findings"]) == (None, True, [])
    assert document["datasets"][0]["measures"]["exact_duplicates"]["rows"] == 25
    said = project.provenance("audit", "data/mix.jsonl").stdout
    assert "synthetic" in said
    assert "80.0%  20 rows" in said
    assert "not judged" in said


def test_a_sound_record_is_cleared_by_baseline_and_a_policy_may_ask_more(project: Project) -> None:
    answer = project.provenance("audit", "data/mix.jsonl", "--policy", "baseline", "--json")
    assert answer.code == 0
    assert answer.json()["verdict"] == "CLEARED"
    strict = policy(
        project,
        "extends: [model-collapse]\n"
        "override: {tenth-real: {severity: error, threshold: {at_least: 0.5}}}\ndisable: {real-not-replaced: first}\n",
    )
    answer = project.provenance("audit", "data/mix.jsonl", "--policy", strict, "--json")
    assert answer.code == 1
    document = answer.json()
    assert document["verdict"] == "BLOCKED"
    assert not document["passes"]
    blocked = findings(document)["tenth-real"]
    assert (blocked["status"], blocked["observed"], blocked["threshold"]) == ("BLOCKED", 0.2, {"at_least": 0.5})


def test_the_report_says_what_failed_by_how_much_in_which_rows_and_what_to_do(project: Project) -> None:
    text = """
rules:
  - {id: few-synthetic, value: by_origin.synthetic.fraction, threshold: {at_most: 0.5}, reason: so, remedy: drop some}
"""
    answer = project.provenance("audit", "data/mix.jsonl", "--policy", policy(project, text))
    assert answer.code == 1
    assert "✗ few-synthetic failed (error)" in answer.stdout
    assert "80% of the rows; the rule requires at most 50% (30 points over)" in answer.stdout
    assert "do:   drop some" in answer.stdout
    (look,) = (line for line in answer.stdout.splitlines() if "look:" in line)
    shown = look.split()[1].rstrip(",")
    assert re.fullmatch(r"data/mix\.jsonl:\d+", shown)
    assert project.ask("show", shown)["records"][0]["origin"] == "synthetic"
    assert answer.stdout.splitlines()[-1] == "BLOCKED by policy.yaml: 1 failed"


def test_what_is_missing_fails_unless_the_policy_says_otherwise(project: Project) -> None:
    value = "measures.accumulation.retained_fraction"
    text = f"rules: [{{id: kept, value: {value}, threshold: {{at_least: 1}}, reason: so}}]\n"
    for unknown, code in (("fail", 1), ("warn", 0), ("pass", 0)):
        name = policy(project, f"unknown: {unknown}\n{text}")
        answer = project.provenance("audit", "data/mix.jsonl", "--policy", name, "--json")
        assert (answer.code, answer.json()["verdict"]) == (code, "UNKNOWN")
        assert findings(answer.json())["kept"]["message"].endswith("to compare with; name its revision with --since")


def test_replacing_real_rows_is_blocked_and_accumulating_them_cleared(project: Project) -> None:
    for rows, status in (([REAL[9], *MADE], "BLOCKED"), ([*REAL[:12], *MADE], "CLEARED")):
        mixed(project, rows)
        document = project.ask("audit", "data/mix.jsonl", "--policy", "model-collapse", "--since", "HEAD")
        assert findings(document)["real-not-replaced"]["status"] == status


def test_a_waiver_lets_pass_until_it_expires(project: Project) -> None:
    name = policy(
        project,
        """
rules:
  - {id: all-real, value: by_origin.real.fraction, threshold: {at_least: 1}, reason: so}
waive:
  - {rule: all-real, owner: ann, reason: pilot, expires: 2030-06-01}
""",
    )
    for day, passes in ((date(2030, 6, 1), True), (date(2030, 6, 2), False)):
        found = provenance.audit("data/mix.jsonl", policy=name, repo=project.root, today=day)
        assert found.passes == passes
        assert found.findings[0].finding.status == "BLOCKED"


def test_only_what_the_policy_needs_is_measured(project: Project) -> None:
    found = provenance.audit("data/mix.jsonl", repo=project.root)
    from provenance.auditing.measures import measures

    assert set(found.datasets[0].measured) == {name for name, each in measures().items() if each.needs == "lineage"}
    with pytest.raises(ProvenanceError, match="nothing: no such measure"):
        provenance.audit("data/mix.jsonl", measures=["nothing"], repo=project.root)
    with pytest.raises(ProvenanceError, match="nothing: no such measure"):
        provenance.audit("data/mix.jsonl", measures="nothing", repo=project.root)


def test_a_card_that_is_broken_is_told_though_the_policy_passes_over_it(project: Project) -> None:
    asked = ("audit", "data/real.jsonl", "--policy", "baseline")
    assert project.provenance(*asked).stderr == ""
    project.write({"data/README.md": "---\na: [\n---\n"})
    said = project.provenance(*asked)
    assert said.code == 0
    warning = "warning: declared_actual was not measured: the dataset card of data/real.jsonl: "
    assert said.stderr.startswith(warning)
    assert len(said.stderr.splitlines()) == 1
    assert project.provenance(*asked, "--quiet").stderr == ""


def test_a_single_name_stands_for_a_list_of_one(project: Project) -> None:
    found = provenance.audit(
        "data/mix.jsonl", fields="model", evaluation="data/real.jsonl", measures="cost", repo=project.root
    )
    assert list(found.as_json()["datasets"][0]["by_field"]) == ["model"]
    assert [each.path for each in found.request.evaluation] == ["data/real.jsonl"]


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"today": "2030-01-01"}, "today: expected date, got"),
        ({"datasets": 3}, "datasets: expected a name or a list of names, got 3"),
        ({"measures": [None]}, r"measures: expected a name or a list of names, got \[None\]"),
        ({"rev": 3}, "rev: expected str, got"),
        ({"mixture": 3}, "mixture: expected str or PathLike, got"),
        ({"fields": [""]}, "a field of the data needs a name"),
        ({"seed": -1}, "seed: expected a whole number from 0 to"),
        ({"seed": 2**64}, "seed: expected a whole number from 0 to"),
        ({"seed": "one"}, "seed: expected int, got"),
    ],
)
def test_what_is_no_question_is_refused(project: Project, asked: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProvenanceError, match=problem):
        provenance.audit(**{"datasets": "data/mix.jsonl", "repo": project.root, **asked})


def test_another_revision_is_judged_without_checkout(project: Project) -> None:
    commit = project.run("git", "rev-parse", "HEAD").stdout.strip()
    mixed(project, [row | {"from": None} for row in MADE])
    now = project.provenance("audit", "data/mix.jsonl", "--policy", "model-collapse", "--json")
    assert (now.code, findings(now.json())["some-real"]["status"]) == (1, "BLOCKED")
    then = project.ask("audit", "data/mix.jsonl", "--policy", "model-collapse", "--rev", commit)
    assert findings(then)["some-real"]["status"] == "CLEARED"


def test_a_set_of_rewrites_of_real_rows_alone_has_a_real_basis(project: Project) -> None:
    mixed(project, MADE)
    document = project.ask("audit", "data/mix.jsonl", "--policy", "model-collapse")
    assert document["datasets"][0]["by_origin"].keys() == {"synthetic"}
    assert findings(document)["some-real"]["status"] == "CLEARED"
    assert findings(document)["tenth-real"]["status"] == "BLOCKED"


@pytest.mark.parametrize("arguments", [("--json", "--md"), ("--verdict", "v"), ("--recheck", "v", "--policy", "p")])
def test_options_that_do_not_go_together_are_refused(project: Project, arguments: tuple[str, ...]) -> None:
    assert project.provenance("audit", "data/mix.jsonl", *arguments).code == 2
    assert not (project.root / "v").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policy", "nobody"), "nobody: no such policy pack"),
        (("--policy", "nothing.yaml"), "nothing.yaml: the policy cannot be read"),
        (("--measures", "nothing"), "nothing: no such measure"),
        (("--since", "nothing"), "nothing"),
        (("--reference", "data/none.jsonl"), "data/none.jsonl: not a dataset that DVC tracks"),
        (("--evaluation", "data/real.jsonl@nothing"), "nothing"),
    ],
)
def test_what_is_not_there_is_an_error_in_one_line(project: Project, arguments: tuple[str, ...], message: str) -> None:
    assert message in project.refusal("audit", "data/mix.jsonl", *arguments)


def test_names_from_data_steer_neither_terminal_nor_markdown(project: Project) -> None:
    text = "rules:\n  - {id: models, value: by_model, threshold: {only: [a]}, reason: so}\n"
    name = policy(project, text)
    for form in ((), ("--tables",), ("--md",)):
        said = project.provenance("audit", "data/mix.jsonl", "--policy", name, *form).stdout
        assert "javascript" in said
        assert "\x1b" not in said
        assert "\u202e" not in said
        if form == ("--md",):
            assert "](javascript" not in said
            assert "<b>" not in said.replace("\\<b\\>", "")
            assert "@all" not in said.replace("\\@all", "")


def test_findings_as_sarif_point_to_what_is_in_git_and_hold_no_links(project: Project) -> None:
    text = """
rules:
  - {id: models, value: by_model, threshold: {only: [a]}, reason: so}
  - {id: all-real, value: by_origin.real.fraction, threshold: {at_least: 1}, reason: so}
waive: [{rule: all-real, owner: ann, reason: pilot, expires: 2999-01-01}]
"""
    answer = project.provenance(
        "audit", "data/mix.jsonl", "--policy", policy(project, text), "--sarif", "out/findings.sarif"
    )
    assert answer.code == 1
    log = json.loads((project.root / "out/findings.sarif").read_text())
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    results = {result["ruleId"]: result for result in run["results"]}
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(results) == {"models", "all-real"}
    place = results["models"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "data/mix.jsonl.dvc"
    assert (project.root / place).is_file()
    assert "x\\]" in results["models"]["message"]["text"]
    assert "\x1b" not in results["models"]["message"]["text"]
    assert results["all-real"]["suppressions"] == [
        {"kind": "external", "justification": "pilot (ann, until 2999-01-01)"}
    ]
    assert "suppressions" not in results["models"]


def test_a_verdict_file_is_as_published(project: Project) -> None:
    answer = project.provenance("audit", "data/mix.jsonl", "--policy", "baseline", "--verdict", "verdict.json")
    assert answer.code == 0
    document = json.loads((project.root / "verdict.json").read_text())
    published = json.loads((SPEC / "verdict.schema.json").read_text(encoding="utf-8"))
    assert published == schema_of(VerdictFile)
    jsonschema.validate(document, published)
    assert document["verdict"] == "CLEARED"
    assert document["policy"]["digest"].startswith("sha256:")
    (read,) = document["inputs"]
    assert (read["dataset"]["path"], read["rows"]) == ("data/mix.jsonl", 25)


def test_the_same_audit_gives_the_same_bytes(project: Project) -> None:
    written = []
    for name in ("first", "second"):
        outputs = ("--verdict", f"{name}/v.json", "--sarif", f"{name}/s.sarif", "--metrics", f"{name}/m.json")
        project.provenance("audit", "data/mix.jsonl", "--policy", "baseline", "--policy", "licensing", *outputs)
        written.append({file.name: file.read_bytes() for file in (project.root / name).iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 3


def test_rows_are_named_where_the_data_lies_in_the_workspace(project: Project) -> None:
    project.write(
        {"policy.yaml": "rules: [{id: real, value: by_origin.synthetic.rows, threshold: {at_most: 0}, reason: so}]"}
    )
    (finding,) = project.ask("audit", "data/mix.jsonl", "--policy", "policy.yaml")["findings"]
    for sample in finding["samples"]:
        assert project.ask("show", sample["place"])["sample_id"] == sample["sample_id"]
    assert len(finding["samples"]) == 5
    project.run("dvc", "gc", "--quiet", "--force", "--workspace")
    (project.root / "data/mix.jsonl").unlink()
    (finding,) = project.ask("audit", "data/mix.jsonl", "--policy", "policy.yaml")["findings"]
    assert [sample["place"] for sample in finding["samples"]] == [None] * 5


def test_metrics_and_plots_of_an_audit_are_read_by_dvc(project: Project) -> None:
    project.provenance(
        "audit", "data/mix.jsonl", "--policy", "baseline", "--metrics", "metrics.json", "--plots", "plots"
    )
    shown = json.loads(project.run("dvc", "metrics", "show", "--json", "metrics.json").stdout)
    numbers = shown[""]["data"]["metrics.json"]["data"]["data_mix_jsonl"]
    assert numbers["verdict"]["passes"] == 1
    assert numbers["measures"]["exact_duplicates"]["fraction"] == 0
    assert json.loads((project.root / "plots/findings.json").read_text())


def test_audit_is_a_function_whatever_was_imported_first(project: Project) -> None:
    for first in (
        "import provenance",
        "import provenance.auditing.measures, provenance",
        "from provenance import audit",
    ):
        call = "audit" if first.startswith("from") else "provenance.audit"
        program = f"{first}\nprint({call}('data/mix.jsonl', policy='baseline').verdict.status.value)"
        assert project.run("python", "-c", program).stdout == "CLEARED\n"


@pytest.mark.parametrize(
    ("stated", "shown", "status"),
    [
        ("mit", "MIT", "CLEARED"),
        ("CC by-sa NC 3.0", "CC-BY-NC-SA-3.0", "BLOCKED"),
        ("creativeml-openrail-m", "creativeml-openrail-m", "UNKNOWN"),
        ("unknown", "unknown", "UNKNOWN"),
    ],
)
def test_a_licence_is_cleared_for_a_use_only_where_it_is_known(
    project: Project, stated: str, shown: str, status: str
) -> None:
    project.write({"data/licensed.jsonl": json.dumps({"text": "a text of its own", "rights": stated}) + "\n"})
    declared = ("declare", "data/licensed.jsonl", "--from", "columns", "--map", "license=rights")
    project.provenance(*declared, "--set", "origin=real", "--set", "source=S")
    project.run("dvc", "add", "-q", "data/licensed.jsonl")
    answer = project.provenance("audit", "data/licensed.jsonl", "--policy", "licensing", "--json")
    audited = json.loads(answer.stdout)
    assert list(audited["datasets"][0]["by_license"]) == [shown]
    assert {each["status"] for each in audited["findings"] if each["rule"] == "commercial-use"} == {status}
    # A licence that excludes the use is a warning; of one that nobody can read, nothing is cleared.
    assert (audited["verdict"], answer.code) == (("UNKNOWN", 1) if status == "UNKNOWN" else ("CLEARED", 0))
