from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.auditing.mixture import MixtureAudit, mixture
from provenance.errors import ProvenanceError
from provenance.lineage.records import Agent, Source
from provenance.repository import Repository

WORDS = Words(agents=(Agent(name="org/writer-7b", revision="1"),), sources=(Source(name="library", license="MIT"),))


def audited(repository: Repository, folder: Path, text: str, **datasets: list[dict[str, Any]]) -> MixtureAudit:
    """The audit of the mixture file ``text``; ``datasets`` are NAME.jsonl with these records."""
    file = folder / "mixture.yaml"
    file.write_text(text)
    paths = [write(folder, f"{name}.jsonl", records, WORDS) for name, records in datasets.items()]
    with ledger_of(repository, *paths) as ledger:
        return mixture(ledger, file)


# Of each sample by its number: in how many rows of a dataset it is.
ROWS = st.dictionaries(st.integers(0, 8), st.integers(1, 3), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(ROWS, ROWS, st.integers(1, 5), st.integers(0, 5))
def test_agrees_with_writing_out_all_that_is_trained_on(
    repository: Repository, tmp_path: Path, one: dict[int, int], two: dict[int, int], first: int, second: int
) -> None:
    origin = ["real", "synthetic", "mixed"]
    parts = f"[{{dataset: one.jsonl, epochs: {first}}}, {{dataset: two.jsonl, epochs: {second}}}]"
    records = [
        [record(sample(number), rows, origin=origin[number % 3]) for number, rows in each.items()]
        for each in (one, two)
    ]
    found = audited(repository, tmp_path, f"name: m\nunit: rows\nparts: {parts}", one=records[0], two=records[1])
    trained_on = [
        number
        for each, epochs in ((one, first), (two, second))
        for number, rows in each.items()
        for _ in range(rows * epochs)
    ]
    held = set(one) | set(two)
    assert (found.whole.unique, found.whole.exposure) == (len(held), len(trained_on))
    assert found.parts["two.jsonl"].unique == len(set(two) - set(one))
    assert found.parts["two.jsonl"].epochs == pytest.approx(second * sum(two.values()) / len(two))
    for place, name in enumerate(origin):
        unique = sum(number % 3 == place for number in held)
        exposure = sum(number % 3 == place for number in trained_on)
        if not unique:
            assert name not in found.by_origin
            continue
        weight = found.by_origin[name]
        assert (weight.unique, weight.exposure) == (unique, exposure)
        assert weight.unique_fraction == pytest.approx(unique / len(held))
        assert weight.exposure_fraction == pytest.approx(exposure / len(trained_on))
        assert weight.epochs == pytest.approx(exposure / unique)


def test_datasets_and_data_that_is_not_held_are_weighed_together(repository: Repository, tmp_path: Path) -> None:
    found = audited(
        repository,
        tmp_path,
        """
        name: m
        unit: tokens
        trained: 1000
        parts:
          - {dataset: mix.jsonl, share: 40%}
          - {name: web, class: real, tokens: 300, share: 60%, license: CC-BY-4.0}
        """,
        mix=[
            record(sample(1), 2, tokens=20, source=0, depth=0, evidence="observed"),
            record(sample(2), 1, tokens=60, origin="synthetic", kind="answer", agent=0, depth=2, evidence="observed"),
        ],
    )
    assert (found.whole.unique, found.whole.exposure) == (20 + 60 + 300, 1000)
    # 400 tokens of the dataset are trained on, of whose 100 (with the repeated row) 60 are synthetic.
    assert found.by_origin["synthetic"].exposure == pytest.approx(240)
    assert found.by_origin["real"].exposure == pytest.approx(760)
    assert found.real_epochs == pytest.approx(760 / 320)
    assert found.by_model["org/writer-7b@1"].epochs == pytest.approx(4)
    assert list(found.by_model_family) == ["writer"]
    assert found.by_source["library"].exposure == pytest.approx(160)
    assert found.by_source["web"].exposure == pytest.approx(600)
    licenses = {name: weight.unique for name, weight in found.by_license.items()}
    assert licenses == {"CC-BY-4.0": 300, "unknown": 60, "MIT": 20}
    assert {name: weight.exposure for name, weight in found.by_depth.items()} == pytest.approx({"0": 760, "2": 240})
    exposures = {name: weight.exposure for name, weight in found.by_evidence.items()}
    assert exposures == pytest.approx({"declared": 600, "observed": 400})


def test_shares_alone_weigh_without_amounts(repository: Repository, tmp_path: Path) -> None:
    text = (
        "name: m\nparts: [{name: a, class: real, rows: 9, share: 25%}, {name: b, class: unknown, rows: 1, share: 75%}]"
    )
    found = audited(repository, tmp_path, text)
    assert (found.whole.exposure, found.real_epochs) == (None, None)
    assert found.by_origin["unknown"].exposure_fraction == pytest.approx(0.75)
    assert found.synthetic_exposure.at_least == 0.0
    assert found.synthetic_exposure.at_most == pytest.approx(0.75)


def test_what_the_file_states_of_a_dataset_is_recounted(repository: Repository, tmp_path: Path) -> None:
    text = "name: m\nstated: {rows: 5, bytes: 30}\nparts: [{dataset: mix.jsonl, rows: 4, bytes: 30}]"
    found = audited(repository, tmp_path, text, mix=[record(sample(1), 3)])
    assert [(each.what, each.stated, each.actual) for each in found.findings] == [
        ("total.rows", 5, 3),
        ("part.mix.jsonl.rows", 4, 3),
    ]
    assert found.as_json()["findings"][1]["message"] == "mix.jsonl: 4 rows are stated, its sidecar counts 3"


def test_shares_that_do_not_fit_are_findings(repository: Repository, tmp_path: Path) -> None:
    text = """
        name: m
        trained: 1000
        parts:
          - {name: a, class: real, tokens: 100, share: 50%, epochs: 3}
          - {name: b, class: real, tokens: 100, share: 40%, epochs: 4.2}
        """
    found = audited(repository, tmp_path, text)
    assert [each.what for each in found.findings] == ["shares", "trained", "part.a.exposure"]
    assert found.findings[0].message == "m: its shares sum to 90.0%"


def test_epochs_that_leave_no_room_for_a_share_are_a_finding(repository: Repository, tmp_path: Path) -> None:
    text = """
        name: m
        trained: 1000
        parts:
          - {name: a, class: real, tokens: 1000, epochs: 5}
          - {name: b, class: synthetic, tokens: 100, share: 50%}
        """
    (finding,) = audited(repository, tmp_path, text).findings
    assert (finding.what, finding.actual) == ("trained", 5500)
    assert finding.message == "m: 1,000 tokens are trained on, but shares and epochs are 5,500"


def test_parts_without_a_unit_in_common_cannot_be_compared(repository: Repository, tmp_path: Path) -> None:
    text = "name: m\nparts: [{name: a, class: real, rows: 1}, {name: b, class: real, tokens: 1}]"
    with pytest.raises(ProvenanceError, match="the tokens of a, the rows of b, the bytes of a are not known"):
        audited(repository, tmp_path, text)
    unit = "name: m\nunit: tokens\nparts: [{dataset: mix.jsonl}]"
    with pytest.raises(ProvenanceError, match="the tokens of mix.jsonl are not known"):
        audited(repository, tmp_path, unit, mix=[record(sample(1), tokens=3), record(sample(2))])


@pytest.mark.parametrize("path", ["other.jsonl", "../mix.jsonl", "/etc/passwd"])
def test_a_dataset_that_is_not_there_is_told(repository: Repository, tmp_path: Path, path: str) -> None:
    with pytest.raises(ProvenanceError, match=path):
        audited(repository, tmp_path, f"name: m\nparts: [{{dataset: {path}}}]", mix=[record(sample(1))])


def test_costs_of_datasets_are_added_up(repository: Repository, tmp_path: Path) -> None:
    text = """
        name: m
        parts: [{dataset: mix.jsonl}]
        compared_with: [{name: peer, cost: {amount: "3", currency: USD}}]
        """
    found = audited(repository, tmp_path, text, mix=[record(sample(1), cost=Decimal("0.75")), record(sample(2))])
    assert found.cost is not None
    assert (found.as_json()["cost"]["amount"], found.cost.costed_fraction) == ("0.75", 0.5)
    # Reported costs bear no currency, so nothing is compared.
    assert found.compared_with[0].ratio is None
