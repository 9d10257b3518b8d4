"""What a policy may say, as pydantic models; docs/specification/policy.schema.json is made from them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from provenance.auditing.policy.thresholds import NoneOf, Only, Threshold, references
from provenance.auditing.policy.values import is_breakdown, problem_of_path
from provenance.lineage.records import Kind, Origin

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Severity(StrEnum):
    """What it means that a rule is not kept: ``error`` blocks, the others are reported."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"


class WhenUnknown(StrEnum):
    """What a rule that nothing can be said of does to the whole, the strictest first."""

    FAIL = "fail"
    WARN = "warn"
    PASS = "pass"  # noqa: S105 - not a password


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scope(_Part):
    """The datasets that a rule is for: all conditions must hold.

    A rule about mixtures with ``if_given`` is for those that are given; without a mixture it says nothing.
    """

    datasets: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="globs of paths from the DVC root; default: every dataset"
    )
    origin: Origin | None = Field(default=None, description="only datasets with rows of this origin")
    kind: Kind | None = Field(default=None, description="only datasets with rows of this kind")
    if_given: bool = Field(default=False, description="of rules about mixtures: only where a mixture is given")

    def covers(self, path: str) -> bool:
        """Whether the dataset at ``path`` is meant, as far as its path says."""
        return self.datasets is None or any(fnmatchcase(path, pattern) for pattern in self.datasets)


class Titles(_Part):
    """What a rule comes to, in words for people: a rule that is kept must not read like a broken one.

    They state no number, so that they are still true where an override changes the threshold.
    """

    kept: Title
    broken: Title
    not_judged: Title = Field(description='what is not known then, as in "Whether every source is named"')


class Rule(_Part):
    """One thing that a dataset has to keep."""

    id: RuleId
    title: Titles | None = Field(default=None, description="what it comes to, in words for people")
    value: str = Field(description="dotted path of a value in the audit of a dataset, such as by_origin.real.fraction")
    threshold: Threshold
    severity: Severity = Severity.ERROR
    scope: Scope = Scope()
    reason: Words = Field(description="why, in words")
    remedy: Words | None = Field(default=None, description="what to do where the rule is not kept")
    source: Words | None = Field(default=None, description="the paper or text that the rule comes from")
    judgement: bool = Field(default=False, description="the threshold is judgement: no source supplies one")
    unknown: WhenUnknown | None = Field(
        default=None, description="for this rule, in place of the policy's; fail: whatever its severity"
    )

    @field_validator("value")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        if problem := problem_of_path(path):
            raise ValueError(problem)
        return path

    @property
    def measures(self) -> set[str]:
        """The names of the measures that the rule reads."""
        paths = (self.value, *references(self.threshold))
        return {path.split(".")[1] for path in paths if path.startswith("measures.")}

    @model_validator(mode="after")
    def _asks_names_of_groups(self) -> Rule:
        if is_breakdown(self.value) and not isinstance(self.threshold, Only | NoneOf):
            raise ValueError(f"{self.value} is a breakdown: name a group and a number of it, or ask only or none_of")
        for path in references(self.threshold):
            if problem := problem_of_path(path):
                raise ValueError(problem)
        return self


class Override(_Part):
    """What is different about a rule that was extended; what is not named stays."""

    title: Titles | None = None
    threshold: Threshold | None = None
    severity: Severity | None = None
    scope: Scope | None = None
    reason: Words | None = None
    remedy: Words | None = None
    unknown: WhenUnknown | None = None


class Waiver(_Part):
    """A rule that need not be kept, for a while: somebody answers for it. ``expires`` is its last day."""

    rule: RuleId
    datasets: tuple[str, ...] | None = Field(default=None, min_length=1, description="globs; default: every dataset")
    owner: Words
    reason: Words
    expires: date


class PolicyFile(_Part):
    """The whole file."""

    version: Literal[1] = 1
    description: Words | None = None
    caveat: Words | None = Field(default=None, description="what a verdict must not be taken for; in each headline")
    extends: tuple[str, ...] = Field(default=(), description="packs by name, or files (*.yaml) from this one's folder")
    unknown: WhenUnknown | None = Field(default=None, description="default: the strictest that is extended, else fail")
    rules: tuple[Rule, ...] = ()
    override: dict[RuleId, Override] = Field(default_factory=dict, description="extended rules that are to differ")
    disable: dict[RuleId, Words] = Field(default_factory=dict, description="extended rules to do without, and why")
    waive: tuple[Waiver, ...] = ()


@dataclass(frozen=True)
class Policy:
    """A policy as it is applied, with all that it extends settled.

    ``sources``: packs by name; files by their path from the DVC root, those outside of it by their bare name.
    ``caveats``: of all that it extends, too. They are words about a verdict, and no part of what is applied.
    """

    sources: tuple[str, ...]
    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...] = ()
    unknown: WhenUnknown = WhenUnknown.FAIL
    caveats: tuple[str, ...] = ()
    measures: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", frozenset().union(*(rule.measures for rule in self.rules)))

    @property
    def name(self) -> str:
        """What to call it."""
        return " + ".join(self.sources)

    @property
    def caveat(self) -> str | None:
        """What a verdict by it must not be taken for."""
        return "; ".join(self.caveats) or None

    def as_json(self) -> dict[str, Any]:
        """The policy in JSON's types, whatever files it was put together from, and whatever its rules are titled."""
        return {
            "unknown": self.unknown.value,
            "rules": [rule.model_dump(mode="json", exclude_defaults=True, exclude={"title"}) for rule in self.rules],
            "waive": [waiver.model_dump(mode="json", exclude_defaults=True) for waiver in self.waivers],
        }

    @property
    def digest(self) -> str:
        """``sha256:…`` of `as_json` (sorted keys, no spaces): of what is applied, not of how it was written."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
