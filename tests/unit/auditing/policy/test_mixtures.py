"""Judging mixtures: on what is not known of a part, and where no mixture is given."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.sidecars import ledger_of

from provenance.auditing.mixture import mixture
from provenance.auditing.policy.evaluation import evaluate_mixture
from provenance.auditing.policy.findings import Finding, Status
from provenance.auditing.policy.loading import pack
from provenance.auditing.policy.rules import Policy, Rule
from provenance.repository import Repository

TODAY = date(2030, 6, 1)


def audited(repository: Repository, folder: Path, parts: str) -> dict[str, Any]:
    file = folder / "mixture.yaml"
    file.write_text(f"name: m\nunit: tokens\ntrained: 1000\nparts: [{parts}]")
    with ledger_of(repository) as ledger:
        return mixture(ledger, file).as_json()


def judge(document: dict[str, Any] | None, *rules: Rule) -> dict[str, Finding]:
    return {found.rule: found for found in evaluate_mixture(Policy(("p",), rules), "m", document, TODAY)}


def asked(value: str, **threshold: Any) -> Rule:
    return Rule.model_validate({"id": "asked", "value": value, "threshold": threshold, "reason": "so"})


def test_a_rule_for_given_mixtures_says_nothing_without_one(repository: Repository, tmp_path: Path) -> None:
    rule = asked("mixture.real_epochs", at_most=4)
    given = Rule.model_validate(rule.model_dump() | {"scope": {"if_given": True}})
    assert judge(None, rule)["asked"].status is Status.UNKNOWN
    assert judge(None, given) == {}
    document = audited(repository, tmp_path, "{name: a, class: real, tokens: 500, share: 1}")
    assert judge(document, given)["asked"].status is Status.CLEARED


def test_the_part_that_is_repeated_most_is_named(repository: Repository, tmp_path: Path) -> None:
    parts = "{name: crawl, class: real, tokens: 900, share: 10%}, {name: wiki, class: real, tokens: 90, share: 90%}"
    found = judge(audited(repository, tmp_path, parts), *pack("model-collapse").rules)
    # 100 of the crawl's tokens are seen, once, and 90 of the wiki ten times.
    assert found["real-not-worn-out"].observed == pytest.approx(1000 / 190)
    assert found["real-not-worn-out"].status is found["no-real-part-worn-out"].status is Status.BLOCKED
    assert found["no-real-part-worn-out"].message.startswith("mixture.real_most_repeated.epochs (wiki): 10 epochs;")


def test_stages_and_parts_are_named_as_they_are(repository: Repository, tmp_path: Path) -> None:
    file = tmp_path / "mixture.yaml"
    file.write_text(
        "name: m\nparts: [{name: a.1, class: real, tokens: 5}, {name: b, class: synthetic, tokens: 5}]\n"
        "stages: [{name: v1.5, epochs: {a.1: 3, b: 1}}, {name: v1, epochs: {a.1: 1}}]"
    )
    with ledger_of(repository) as ledger:
        document = mixture(ledger, file).as_json()
    for path, value in (("parts.a.1", 0.75), ("synthetic.at_most", 0.25), ("exposure", 20)):
        assert judge(document, asked(f"mixture.stages.v1.5.{path}", equals=value))["asked"].status is Status.CLEARED
    assert judge(document, asked("mixture.stages.v2.exposure", at_least=0))["asked"].status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (asked("mixture.real_epochs", at_most=4), Status.UNKNOWN),
        # The part whose size is stated is repeated 5 times; the other may be more, and is not less known for it.
        (asked("mixture.real_most_repeated.epochs", at_most=4), Status.BLOCKED),
        (asked("mixture.real_most_repeated.epochs", at_most=6), Status.UNKNOWN),
        (asked("mixture.by_origin.real.unique_fraction", at_least=0.1), Status.UNKNOWN),
        (asked("mixture.by_origin.synthetic.unique", at_most=5), Status.UNKNOWN),
        (asked("mixture.by_origin.mixed.unique", at_most=5), Status.UNKNOWN),
        (asked("mixture.parts.b.unique", at_least=100), Status.CLEARED),
        (asked("mixture.by_origin.real.exposure_fraction", at_least=0.8), Status.CLEARED),
    ],
)
def test_what_a_size_that_is_not_stated_leaves_open(
    repository: Repository, tmp_path: Path, rule: Rule, status: Status
) -> None:
    parts = "{name: a, class: real, share: 30%}, {name: b, class: real, tokens: 100, share: 50%}"
    unsure = "{name: c, class: synthetic, share: 10%}, {name: d, class: unknown, share: 10%}"
    assert judge(audited(repository, tmp_path, f"{parts}, {unsure}"), rule)["asked"].status is status


@pytest.mark.parametrize(
    ("licences", "statuses"),
    [
        (("MIT", "CC-BY-4.0"), ("CLEARED", "CLEARED", "CLEARED")),
        (("MIT", "cc-by-nc-4.0"), ("CLEARED", "BLOCKED", "CLEARED")),
        (("llama3", "CC BY-ND 4.0"), ("CLEARED", "UNKNOWN", "BLOCKED")),
        (("MIT", None), ("BLOCKED", "UNKNOWN", "UNKNOWN")),
    ],
)
def test_licences_of_parts_are_judged(
    repository: Repository, tmp_path: Path, licences: tuple[str | None, ...], statuses: tuple[str, ...]
) -> None:
    parts = ", ".join(
        f"{{name: p{number}, class: real, tokens: 5, share: 50%{f', license: {each}' if each else ''}}}"
        for number, each in enumerate(licences)
    )
    found = judge(audited(repository, tmp_path, parts), *pack("licensing").rules)
    rules = ("parts-licensed", "parts-commercial-use", "parts-sharing-of-adaptations")
    assert tuple(found[rule].status for rule in rules) == statuses
    if None in licences:
        assert found["parts-licensed"].observed == ["p1"]
