"""What an audit says of datasets, of rules, and in the whole: the values of `audit`, in JSON, tables and notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from provenance.auditing.examples import Example
from provenance.auditing.inputs import Input
from provenance.auditing.measures import Measured, NotMeasured, Outstanding
from provenance.auditing.mixture import MixtureAudit
from provenance.auditing.policy.findings import Finding, Status
from provenance.auditing.policy.rules import Policy
from provenance.auditing.request import Request
from provenance.auditing.units import unit_of
from provenance.auditing.verdict import Verdict, finding_as_json
from provenance.faces.tabular import Tabular
from provenance.ledger.composition.composition import Composition, Share
from provenance.lineage.records import Header

# The measure that counts whatever the policy.
REVOKED = "revoked"


@dataclass(frozen=True)
class AuditedDataset:
    """What one dataset is made of, and what the measures that were taken found, by their names.

    ``header``: of the dataset's sidecar. ``by_field``: for each field of the data that was asked for, the rows by
    their value of it.
    """

    composition: Composition
    measured: Mapping[str, Measured | NotMeasured]
    header: Header
    by_field: Mapping[str, Mapping[str, Share] | NotMeasured] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The dataset in JSON's types, as rules' paths address it."""
        found = {name: each for name, each in self.measured.items() if isinstance(each, Measured)}
        return self.composition.as_json() | {
            "content": self.header.identity.choice(),
            "by_field": {
                name: {"not_measured": groups.reason}
                if isinstance(groups, NotMeasured)
                else {value: asdict(share) for value, share in groups.items()}
                for name, groups in self.by_field.items()
            },
            "measures": {
                name: dict(each.values) if isinstance(each, Measured) else {"not_measured": each.reason}
                for name, each in self.measured.items()
            },
            "outstanding": {name: samples_as_json(each.outstanding) for name, each in found.items()},
            "sampled": {name: each.sampled for name, each in found.items() if each.sampled},
            "said": {name: each.said for name, each in found.items() if each.said},
            "doubts": {name: doubts_as_json(each) for name, each in found.items() if each.doubts},
        }


@dataclass(frozen=True)
class JudgedRule:
    """A finding, with samples that show it."""

    finding: Finding
    samples: tuple[Example, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The finding in JSON's types."""
        return finding_as_json(self.finding) | {
            "title": self.finding.title,
            "unit": unit_of(self.finding.value).name,
            "samples": [
                {"sample_id": sample.sample_id, "why": sample.why, "place": sample.place} | _details_as_json(sample)
                for sample in self.samples
            ],
        }


@dataclass(frozen=True, repr=False)
class Audit(Tabular):
    """The whole; its table has a row for each finding.

    ``verdict`` and ``policy`` are None where no policy was asked for; ``findings`` are then none.
    ``mixture``: what the mixture file comes to, if there is one.
    ``inputs``: the data and sidecars that were read. ``today``: the day for which waivers were looked at.
    """

    request: Request
    datasets: tuple[AuditedDataset, ...]
    mixture: MixtureAudit | None
    policy: Policy | None
    findings: tuple[JudgedRule, ...]
    verdict: Verdict | None
    inputs: tuple[Input, ...]
    today: date

    @property
    def passes(self) -> bool:
        """Whether nothing stands against using the datasets: what was revoked, and what the policy asks.

        A policy that has a rule on revoked rows judges them itself, and may waive them.
        """
        judged = self.policy is not None and REVOKED in self.policy.measures
        return (judged or not self.revoked_rows) and (self.verdict is None or self.verdict.passes)

    @property
    def revoked_rows(self) -> int:
        """Rows of the datasets that are, or came from, what is revoked."""
        found = (dataset.measured.get(REVOKED) for dataset in self.datasets)
        return sum(int(str(each.values["rows"])) for each in found if isinstance(each, Measured))

    def as_json(self) -> dict[str, Any]:
        """The audit in JSON's types: what `provenance audit --json` prints."""
        policy = self.policy
        return {
            "datasets": [dataset.as_json() for dataset in self.datasets],
            "mixture": None if self.mixture is None else self.mixture.as_json(),
            "policy": None
            if policy is None
            else {"name": policy.name, "digest": policy.digest, "caveat": policy.caveat},
            "verdict": None if self.verdict is None else self.verdict.status.value,
            "warnings": None if self.verdict is None else self.verdict.warnings,
            "passes": self.passes,
            "findings": [judged.as_json() for judged in self.findings],
        }

    def _table_rows(self) -> Iterator[dict[str, Any]]:
        for judged in self.findings:
            found = judged.finding
            yield {
                "rule": found.rule,
                "dataset": found.dataset,
                "status": found.status.value,
                "severity": found.severity.value,
                "title": found.title,
                "value": found.value,
                "observed": None if found.observed is None else str(found.observed),
            }

    @property
    def _told(self) -> str:
        return "nothing judged" if self.verdict is None else self.verdict.status.value

    def __repr__(self) -> str:
        paths = ", ".join(repr(each.composition.path) for each in self.datasets)
        return f"<Audit of {paths or 'a mixture'}: {self._told}>"

    def _repr_html_(self) -> str:
        from provenance.faces.notebook import Table, block

        wrong = [row for row in self._table_rows() if row["status"] != Status.CLEARED.value]
        shown = [
            {name: row[name] for name in ("status", "severity", "rule", "title", "dataset", "observed")}
            for row in wrong
        ]
        strands = [(each.composition.path, each.composition.origins) for each in self.datasets]
        return block(f"Audit: {self._told}", strands=strands, tables=[Table.of("rules not kept", shown, len(shown))])


def doubts_as_json(found: Measured) -> dict[str, dict[str, Any]]:
    """The doubts about a measure's values in JSON's types."""
    return {name: asdict(doubt) for name, doubt in found.doubts.items()}


def samples_as_json(samples: Sequence[Outstanding]) -> list[dict[str, Any]]:
    """Samples that stand out, in JSON's types."""
    return [{"sample_id": sample.sample_id, "why": sample.why} | _details_as_json(sample) for sample in samples]


def _details_as_json(sample: Outstanding | Example) -> dict[str, Any]:
    return {"details": dict(sample.details)} if sample.details else {}
