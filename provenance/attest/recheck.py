"""Does a verdict still hold? The same is asked again, of what is there now, and all that differs is told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from provenance.attest.verdict_file import RecordedFinding, RecordedInput, VerdictFile, recorded_findings
from provenance.auditing.audit import run_audit
from provenance.auditing.inputs import Input, input_of, mixture_digest
from provenance.auditing.policy.loading import is_file_name, load_policy
from provenance.auditing.policy.rules import Policy
from provenance.auditing.request import opened_ledgers
from provenance.errors import ProvenanceError
from provenance.repository import Repository
from provenance.version import __version__

_TOOL = f"dvc-provenance {__version__}"


@dataclass(frozen=True)
class Change:
    """One thing that is not as the verdict has it, in words."""

    what: str
    was: str
    now: str


@dataclass(frozen=True)
class Recheck:
    """Whether the verdict ``holds``: nothing that it rests on has changed, and it comes out the same.

    ``remarks`` are differences that it does not hang on. ``as_recorded``: those of them by which something was taken
    as the verdict has it, and not looked at; then what holds was not recomputed, and nobody may call it verified.
    ``policy_is_here``: it was judged by the policy of that name, not by the rules that the verdict states.
    """

    recorded: VerdictFile
    changes: tuple[Change, ...]
    remarks: tuple[str, ...]
    as_recorded: tuple[str, ...] = ()
    policy_is_here: bool = True

    @property
    def holds(self) -> bool:
        return not self.changes

    @property
    def passes(self) -> bool:
        """Whether it holds and passes by the policy of that name: rules that only the verdict states may be fewer."""
        return self.holds and self.policy_is_here and self.recorded.passes

    @property
    def recomputed(self) -> bool:
        """Whether it came out the same with nothing taken as it was recorded."""
        return self.holds and not self.as_recorded

    def as_json(self) -> dict[str, Any]:
        """The recheck in JSON's types."""
        recorded = self.recorded
        return {
            "holds": self.holds,
            "recomputed": self.recomputed,
            "verdict": recorded.verdict.value,
            "passes": recorded.passes,
            "date": recorded.date.isoformat(),
            "changes": [asdict(change) for change in self.changes],
            "remarks": list(self.remarks),
            "as_recorded": list(self.as_recorded),
        }


def recheck(repository: Repository, recorded: VerdictFile, today: date | None = None) -> Recheck:
    """Recompute the verdict ``recorded``; ``today``: the day on which waivers must be in force."""
    remarks: list[str] = []
    as_recorded: list[str] = []
    if recorded.tool != _TOOL:
        remarks.append(f"made by {recorded.tool}, recomputed by {_TOOL}")
    today = today or datetime.now(UTC).date()
    policy, changes = _policy(repository, recorded, as_recorded)
    policy_is_here = not as_recorded
    if recorded.date > today:
        changes.append(Change("the date", recorded.date.isoformat(), f"it is {today.isoformat()}"))
    unusable, differing = _inputs(repository, recorded, as_recorded)
    changes += differing
    if policy is not None and not unusable:
        changes += _outcome(repository, recorded, policy, today)
    return Recheck(recorded, tuple(changes), (*remarks, *as_recorded), tuple(as_recorded), policy_is_here)


def _policy(
    repository: Repository, recorded: VerdictFile, as_recorded: list[str]
) -> tuple[Policy | None, list[Change]]:
    """The policy as it is now, and how it differs; None where there is none that can be used."""
    kept = recorded.policy
    stated = Policy(kept.sources, kept.rules, kept.waive, kept.unknown)
    if stated.digest != kept.digest:
        return None, [Change("the verdict file's policy", f"digest {kept.digest}", stated.digest)]
    gone = [name for name in kept.sources if is_file_name(name) and not (repository.root / name).is_file()]
    if gone:
        as_recorded.append(f"{', '.join(gone)} is not in this repository: judged by the policy as the verdict holds it")
        return stated, []
    try:
        with chdir(repository.root):
            now = load_policy(kept.sources, repository.root)
    except ProvenanceError as error:
        return None, [Change("the policy", kept.digest, str(error))]
    return now, [] if now.digest == kept.digest else list(_policy_changes(stated, now))


def _policy_changes(was: Policy, now: Policy) -> Iterator[Change]:
    yield Change("the policy", was.digest, now.digest)
    old, new = ({rule.id: rule for rule in policy.rules} for policy in (was, now))
    for rule_id in sorted(old.keys() | new.keys()):
        if rule_id not in new:
            yield Change(f"rule {rule_id}", "in the policy", "not in it")
        elif rule_id not in old:
            yield Change(f"rule {rule_id}", "not in the policy", "in it")
        elif old[rule_id] != new[rule_id]:
            before, after = (rule.model_dump(mode="json") for rule in (old[rule_id], new[rule_id]))
            for key in (key for key in before if before[key] != after[key]):
                yield Change(f"rule {rule_id}: {key}", str(before[key]), str(after[key]))


def _inputs(repository: Repository, recorded: VerdictFile, as_recorded: list[str]) -> tuple[bool, list[Change]]:
    """Whether an input cannot be used any more, and how inputs differ from what was read."""
    unusable, changes = False, []
    try:
        digest = mixture_digest(repository.root, recorded.request)
        if digest != recorded.mixture:
            changes.append(Change("the mixture file", str(recorded.mixture), str(digest)))
    except ProvenanceError as error:
        unusable = True
        changes.append(Change("the mixture file", str(recorded.mixture), str(error)))
    with opened_ledgers(repository) as ledgers:
        for was in recorded.inputs:
            name = _named(was)
            try:
                now = input_of(ledgers, was.role, was.dataset)
            except ProvenanceError as error:
                unusable = True
                changes.append(Change(name, "there", str(error)))
                continue
            if was.dataset.commit is None and not (repository.root / was.dataset.path).exists():
                as_recorded.append(f"{name} is not here: its data is taken for what DVC has recorded")
            md5 = _md5(repository, now)
            if md5 != was.md5:
                changes.append(Change(f"data of {name}", f"md5 {was.md5}", f"md5 {md5}"))
            if (digest := now.sidecar_digest()) != was.sidecar:
                changes.append(Change(f"sidecar of {name}", was.sidecar, digest))
            for what, before, after in (("rows", was.rows, now.rows), ("bytes", was.size, now.size)):
                if before != after:
                    changes.append(Change(f"{what} of {name}", f"{before:,}", f"{after:,}"))
            unusable = unusable or not now.is_current or md5 != now.md5
    return unusable, changes


def _md5(repository: Repository, now: Input) -> str | None:
    """DVC's hash of the data. What is in the workspace is read: DVC trusts size and time, and here somebody asks."""
    path = now.dataset.path
    if now.dataset.commit is not None or not (repository.root / path).exists():
        return now.md5
    return repository.md5(path, anew=True)[0]


def _outcome(repository: Repository, recorded: VerdictFile, policy: Policy, today: date) -> Iterator[Change]:
    audit = run_audit(repository, recorded.request, policy, today)
    assert audit.verdict is not None
    read, named = ({(each.role, each.dataset) for each in inputs} for inputs in (audit.inputs, recorded.inputs))
    for role, dataset in sorted(read ^ named, key=str):
        what = f"{role} {dataset.path}"
        yield Change(what, *(("not in the verdict", "read") if (role, dataset) in read else ("read", "not read")))
    if (audit.verdict.status, audit.verdict.passes) != (recorded.verdict, recorded.passes):
        yield Change(
            "the verdict",
            _outcome_in_words(recorded.verdict, passes=recorded.passes),
            _outcome_in_words(audit.verdict.status, passes=audit.verdict.passes),
        )
    was = {(finding.rule, finding.dataset): finding for finding in recorded.findings}
    now = {(finding.rule, finding.dataset): finding for finding in recorded_findings(audit)}
    for key in sorted(was.keys() | now.keys()):
        before, after = was.get(key), now.get(key)
        if before is None or after is None:
            yield Change(f"{key[0]} of {key[1]}", _in_words(before), _in_words(after))
            continue
        yield from _differences(before, after, same_words=recorded.tool == _TOOL)


def _differences(before: RecordedFinding, after: RecordedFinding, *, same_words: bool) -> Iterator[Change]:
    """``same_words``: the same version wrote both, so that messages are alike, too."""
    name = f"{before.rule} of {before.dataset}"
    if before.status != after.status or (same_words and before.message != after.message):
        yield Change(name, _in_words(before), _in_words(after))
    for what in ("severity", "value", "threshold", "waived"):
        was, now = getattr(before, what), getattr(after, what)
        if was != now:
            yield Change(f"{name}: {what}", str(was), str(now))
    for what in ("observed", "observed_at_most"):
        was, now = getattr(before, what), getattr(after, what)
        if not _close(was, now):
            yield Change(f"{name}: {what}", str(was), str(now))


def _close(one: Any, other: Any) -> bool:
    """Equal; numbers up to what the order of a sum may change."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)


def _named(was: RecordedInput) -> str:
    at = "" if was.dataset.commit is None else f" at {was.dataset.commit[:12]}"
    return f"{was.dataset.path}{at}"


def _in_words(finding: RecordedFinding | None) -> str:
    if finding is None:
        return "not judged"
    return f"{finding.status.value}{' (waived)' if finding.waived else ''}: {finding.message}"


def _outcome_in_words(status: str, *, passes: bool) -> str:
    return f"{status}, {'passes' if passes else 'does not pass'}"
