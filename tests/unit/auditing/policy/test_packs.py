"""The packs that ship are documented rule by rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provenance.auditing.policy.loading import load_policy, pack, packs
from provenance.auditing.policy.thresholds import in_words

PAGE = (Path(__file__).resolve().parents[4] / "docs/policies.md").read_text(encoding="utf-8")


def table(name: str) -> dict[str, list[str]]:
    """The rows of the table in the section of the pack ``name``, by the rule's id."""
    (section,) = (part for part in re.split(r"^### ", PAGE, flags=re.MULTILINE) if part.startswith(f"{name}\n"))
    rows = [
        [cell.strip().replace("\\*", "*") for cell in line.strip("|").split(" | ")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    return {row[0].strip("` "): row[1:] for row in rows}


@pytest.mark.parametrize("name", packs())
def test_every_rule_is_documented_as_it_is(name: str) -> None:
    documented = table(name)
    rules = {rule.id: rule for rule in pack(name).rules}
    assert documented.keys() == rules.keys()
    for rule_id, rule in rules.items():
        asks, severity, why, source = documented[rule_id]
        assert asks.startswith(f"`{rule.value}` {in_words(rule.threshold)}")
        assert ("†" in asks) == rule.judgement
        assert severity == rule.severity.value + (f"; unknown: {rule.unknown.value}" if rule.unknown else "")
        assert why == rule.reason
        assert source.rstrip(" |") == (rule.source or "–")


def test_the_policy_that_the_documentation_shows_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(shown, encoding="utf-8")
    (tmp_path / "house-rules.yaml").write_text("rules: []\n", encoding="utf-8")
    policy = load_policy(["policy.yaml"], tmp_path)
    assert "library-only" in {rule.id for rule in policy.rules}
    assert [waiver.rule for waiver in policy.waivers] == ["some-verified"]


@pytest.mark.parametrize("name", packs())
def test_a_rule_has_a_source_or_says_that_it_is_judgement(name: str) -> None:
    assert [rule.id for rule in pack(name).rules if rule.source is None and not rule.judgement] == []


@pytest.mark.parametrize("name", packs())
def test_every_rule_has_a_title_for_each_outcome_that_stays_true_where_its_threshold_is_overridden(name: str) -> None:
    for rule in pack(name).rules:
        assert rule.title is not None, rule.id
        titles = (rule.title.kept, rule.title.broken, rule.title.not_judged)
        assert len(set(titles)) == 3
        assert rule.title.not_judged.startswith("Whether ")
        assert not re.search(r"\d|%|\b(tenth|third|half)\b", " ".join(titles)), rule.id
        assert not any(title.endswith(".") for title in titles)
