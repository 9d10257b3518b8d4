from __future__ import annotations

from pathlib import Path

import pytest

from provenance.auditing.policy.loading import load_policy, pack, packs, policy_contents
from provenance.auditing.policy.rules import Policy, Severity, WhenUnknown
from provenance.auditing.policy.thresholds import AtLeast
from provenance.errors import ProvenanceError, UnknownReferenceError

OWN = """
rules:
  - {id: few-rows, value: rows, threshold: {at_most: 10}, reason: it is a sample}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def load(root: Path, text: str, *others: str) -> Policy:
    (root / "policy.yaml").write_text(text, encoding="utf-8")
    return load_policy(["policy.yaml", *others], root)


def test_packs_ship_and_go_together(root: Path) -> None:
    assert packs() == ["baseline", "contamination", "eu-ai-act", "licensing", "model-collapse"]
    together = load_policy(packs(), root)
    assert len(together.rules) == sum(len(pack(name).rules) for name in packs())
    assert together.name == "baseline + contamination + eu-ai-act + licensing + model-collapse"


def test_a_file_extends_overrides_disables_and_waives(root: Path) -> None:
    policy = load(
        root,
        f"""
extends: [model-collapse]
unknown: warn
{OWN}
override:
  tenth-real: {{severity: error, threshold: {{at_least: 0.5}}, reason: ours is stricter}}
disable:
  two-thirds-real: we decided for half
waive:
  - {{rule: some-real, owner: ann, reason: the real part is another file, expires: 2030-01-01}}
""",
    )
    rules = {rule.id: rule for rule in policy.rules}
    assert rules["tenth-real"].threshold == AtLeast(at_least=0.5)
    assert (rules["tenth-real"].severity, rules["tenth-real"].reason) == (Severity.ERROR, "ours is stricter")
    assert rules["tenth-real"].source is not None, "what is not overridden stays"
    assert "few-rows" in rules
    assert "two-thirds-real" not in rules
    assert [waiver.owner for waiver in policy.waivers] == ["ann"]
    assert policy.unknown is WhenUnknown.WARN
    assert policy.sources == ("policy.yaml",)


def test_an_overridden_threshold_is_no_longer_our_judgement(root: Path) -> None:
    policy = load(root, "extends: [model-collapse]\noverride: {shallow: {threshold: {at_most: 4}}}")
    (rule,) = (rule for rule in policy.rules if rule.id == "shallow")
    assert not rule.judgement


def test_a_file_extends_files_of_its_own_folder(root: Path) -> None:
    (root / "team").mkdir()
    (root / "team/base.yaml").write_text(OWN, encoding="utf-8")
    (root / "team/ours.yaml").write_text("extends: [base.yaml]\noverride: {few-rows: {severity: info}}")
    policy = load_policy([Path("team/ours.yaml")], root)
    assert [(rule.id, rule.severity) for rule in policy.rules] == [("few-rows", Severity.INFO)]
    assert policy.sources == ("team/ours.yaml",)


def test_the_bytes_of_a_policy_are_those_of_all_that_it_extends(root: Path) -> None:
    (root / "team").mkdir()
    texts = {
        "base.yaml": OWN,
        "team/base.yaml": "extends: [baseline]",
        "team/ours.yaml": "extends: [base.yaml]",
        "policy.yaml": "extends: [base.yaml, team/ours.yaml, policy.yaml]",
    }
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    contents = policy_contents(["policy.yaml", "baseline"], root)
    assert set(contents) == {*texts, "baseline"}
    assert {name: contents[name].decode() for name in texts} == texts
    assert b"rules:" in contents["baseline"]
    (root / "team/base.yaml").unlink()
    with pytest.raises(ProvenanceError, match="cannot be read"):
        policy_contents(["policy.yaml"], root)


def test_of_extended_policies_the_strictest_unknown_counts(root: Path) -> None:
    (root / "lax.yaml").write_text("unknown: pass")
    (root / "wary.yaml").write_text("unknown: warn")
    assert load(root, "extends: [lax.yaml, wary.yaml]").unknown is WhenUnknown.WARN
    assert load(root, "extends: [baseline]").unknown is WhenUnknown.FAIL


@pytest.mark.parametrize("name", ["../outside.yaml", "/outside.yaml", "link.yaml"])
def test_no_file_outside_of_the_repository_is_read(root: Path, name: str) -> None:
    (root.parent / "outside.yaml").write_text(OWN)
    (root / "link.yaml").symlink_to(root.parent / "outside.yaml")
    named = name.replace("/outside", f"{root.parent}/outside", 1) if name.startswith("/") else name
    with pytest.raises(ProvenanceError, match="policy.yaml: extends .*outside of"):
        load(root, f"extends: ['{named}']")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: [policy.yaml]", "extends itself"),
        ("extends: [nobody]", "nobody: no such policy pack; there are baseline, contamination"),
        ("extends: [nothing.yaml]", "nothing.yaml: the policy cannot be read"),
        (f"extends: [baseline]\n{OWN.replace('few-rows', 'has-rows')}", "'has-rows' is there already"),
        (f"{OWN}{OWN.replace('rules:', '').rstrip()}", "'few-rows' is there already"),
        ("extends: [baseline]\noverride: {has-row: {severity: warn}}", "override: no rule 'has-row'"),
        (f"{OWN}disable: {{few-rows: so}}", "disable: no rule 'few-rows'"),
        ("waive: [{rule: x, owner: a, reason: b, expires: 2030-01-01}]", "waive: no rule 'x'"),
        ("waive: [{rule: x, owner: a, reason: b, expires: 2030-02-30}]", "not valid YAML|expires"),
        ("rules: [", "policy.yaml: not valid YAML"),
        ("- rules", "policy.yaml: Input should be a valid dictionary"),
        ("rulez: []", "policy.yaml: rulez: Extra inputs"),
        ("rules: [{id: a, value: rows, threshold: {at_leest: 1}, reason: so}]", "a threshold is one of at_least"),
        ("rules: &a [*a]", "aliases"),
        ("!!python/object/apply:os.system ['true']", "policy.yaml: "),
    ],
)
def test_what_is_no_policy_is_refused_in_one_line(root: Path, text: str, message: str) -> None:
    with pytest.raises(ProvenanceError, match=message) as refused:
        load(root, text)
    assert "\n" not in str(refused.value)


def test_two_policies_of_one_rule_must_agree_on_it(root: Path) -> None:
    assert load(root, "extends: [baseline]", "baseline").rules
    (root / "other.yaml").write_text(OWN.replace("10", "11"))
    with pytest.raises(ProvenanceError, match="have different rules 'few-rows'"):
        load(root, OWN, "other.yaml")


def test_an_unknown_pack_is_named(root: Path) -> None:
    with pytest.raises(UnknownReferenceError, match="base: no such policy pack"):
        load_policy(["base"], root)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("rules: [{id: a, value: rows, threshold: {at_most: 1}, reason: SECRET}]", "rules[0].reason"),
        ("rules: [{id: a, value: rows, threshold: {at_most: 1}, reason: so, remedy: ask SECRET}]", "rules[0].remedy"),
        (f"{OWN}waive: [{{rule: few-rows, owner: SECRET, reason: so, expires: 2030-01-01}}]", "waive[0].owner"),
    ],
)
def test_what_would_carry_a_secret_into_verdicts_is_refused(root: Path, text: str, where: str) -> None:
    secret = f"ghp_{'a1B2c3D4' * 5}"
    with pytest.raises(ProvenanceError, match="holds what looks like a secret") as caught:
        load(root, text.replace("SECRET", secret))
    assert f"policy.yaml: {where} holds" in str(caught.value) and secret not in str(caught.value)
