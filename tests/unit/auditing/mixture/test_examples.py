"""The published mixtures under examples/, and the figures that their sources state."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.sidecars import ledger_of

from provenance.auditing.mixture import MixtureAudit, mixture
from provenance.auditing.policy.values import look_up
from provenance.repository import Repository

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"


def audited(repository: Repository, name: str) -> MixtureAudit:
    with ledger_of(repository) as ledger:
        return mixture(ledger, EXAMPLES / "mixtures" / name)


def test_phi_4_is_mostly_synthetic_by_exposure_only(repository: Repository) -> None:
    found = audited(repository, "phi-4.yaml")
    assert found.whole.unique == 3_280_000_000_000
    assert found.by_origin["synthetic"].unique_fraction == pytest.approx(0.177, abs=0.0005)
    assert found.by_origin["synthetic"].exposure_fraction == pytest.approx(0.55)
    assert found.synthetic_exposure.at_least == pytest.approx(0.55)
    assert found.synthetic_exposure.at_most == pytest.approx(0.75)
    assert found.by_origin["mixed"].exposure_fraction == pytest.approx(0.20)
    assert found.parts["code, raw and synthetic"].unique == 820_000_000_000
    unstated = found.by_kind["unstated"].unique
    assert unstated is not None and found.by_kind["rewrite"].unique == unstated - 820_000_000_000
    # Shares of 10T tokens, over unique tokens: what the table rounds to one digit.
    for name, epochs in (("web", 1.2), ("web rewrites", 5.2), ("synthetic", 13.8), ("acquired sources", 1.7)):
        assert found.parts[name].epochs == pytest.approx(epochs, abs=0.06)
    assert found.real_epochs == pytest.approx(2.5 / 1.88)
    assert found.whole.epochs == pytest.approx(10 / 3.28)
    assert found.findings == ()


def test_constitutional_ai_prompts_are_written_by_people_in_less_than_a_quarter(repository: Repository) -> None:
    found = audited(repository, "constitutional-ai.yaml")
    assert found.by_origin["real"].unique_fraction == pytest.approx(0.232, abs=0.0005)
    assert found.by_origin["real"].exposure_fraction is None and found.real_epochs is None
    assert found.findings == ()


def test_nemotron_cc_is_nearly_a_third_synthetic(repository: Repository) -> None:
    found = audited(repository, "nemotron-cc.yaml")
    assert found.by_origin["synthetic"].unique_fraction == pytest.approx(0.302, abs=0.0005)
    assert found.findings == ()


def test_the_parts_of_tulu_3_do_not_come_to_the_stated_total(repository: Repository) -> None:
    found = audited(repository, "tulu-3-sft.yaml")
    assert found.whole.unique == 889_344
    (finding,) = found.findings
    assert (finding.what, finding.stated, finding.actual) == ("total.rows", 939_344, 889_344)
    assert finding.difference == 50_000
    assert "939,344 rows are stated in all, but its parts sum to 889,344" in finding.message


def test_palmyra_cost_a_fraction_of_its_peer(repository: Repository) -> None:
    found = audited(repository, "palmyra-x-004.yaml")
    (peer,) = found.compared_with
    assert peer.ratio == pytest.approx(6.57, abs=0.005)
    assert found.as_json()["cost"]["amount"] == "700000"
    assert found.findings == ()


def test_every_example_is_explained(repository: Repository) -> None:
    explained = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    names = [path.name for path in (EXAMPLES / "mixtures").iterdir()]
    assert names and all(f"`{name}`" in explained for name in names)


def test_what_is_seen_of_dolma_3_is_hardly_repeated_but_its_mathematics_is(repository: Repository) -> None:
    found = audited(repository, "dolma-3.yaml")
    assert found.findings == () and {total.agrees_with for total in found.totals.values()} == {"once"}
    assert found.real_most_repeated.part == "FineMath 3+"


def test_the_last_stage_of_smollm3_is_the_most_synthetic(repository: Repository) -> None:
    found = audited(repository, "smollm3.yaml")
    assert found.findings == ()
    synthetic = [stage.synthetic.at_least for stage in found.stages.values()]
    assert synthetic == sorted(synthetic, key=lambda fraction: fraction or 0.0)
    # 192 replicas of 3 sequences of 4,096 tokens a step, for 4,720,000 steps.
    assert found.whole.exposure == pytest.approx(192 * 3 * 4096 * 4_720_000)
    assert found.whole.unique is None


def test_the_cooldown_of_comma_draws_from_sources_of_the_main_stage(repository: Repository) -> None:
    found = audited(repository, "comma-0.1.yaml")
    main, cooldown = found.stages.values()
    assert cooldown.parts.keys() < main.parts.keys() == found.parts.keys()
    assert found.findings == ()


_ROW = re.compile(r"^\| .* \| (?P<shown>[\d.]+)(?P<unit>[%TBM]?) \| `(?P<path>[^`]+)` \|$", re.MULTILINE)
_UNITS = {"": 1.0, "%": 0.01, "M": 1e6, "B": 1e9, "T": 1e12}


@pytest.mark.parametrize("name", ["dolma-3.yaml", "smollm3.yaml", "comma-0.1.yaml"])
def test_the_tables_show_what_an_audit_shows(repository: Repository, name: str) -> None:
    (section,) = (
        part
        for part in re.split(r"^## ", (EXAMPLES / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
        if re.sub(r"[^a-z0-9]", "", part.splitlines()[0].lower()).replace("v01", "01")
        == re.sub(r"[^a-z0-9]", "", name.removesuffix(".yaml"))
    )
    document = {"mixture": audited(repository, name).as_json()}
    rows = list(_ROW.finditer(section))
    assert len(rows) == section.count("\n| ") - 1
    for row in rows:
        stem, _, several = row["path"].partition("{")
        paths = [stem + last for last in several.rstrip("}").split(", ")]
        found = [look_up(document, f"mixture.{path}") for path in paths]
        values = [float(value) for value in found if isinstance(value, int | float)]
        assert len(values) == len(found), row
        last_digit = 10 ** -len(row["shown"].partition(".")[2]) * _UNITS[row["unit"]]
        assert sum(values) == pytest.approx(float(row["shown"]) * _UNITS[row["unit"]], abs=0.51 * last_digit), row
