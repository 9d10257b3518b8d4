"""An audit as DVC metrics and plots."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from provenance.auditing.audited import Audit
from provenance.auditing.measures import NotMeasured
from provenance.auditing.mixture import MixtureAudit
from provenance.auditing.policy.findings import Outcome, Status
from provenance.auditing.verdict import verdict_of
from provenance.dotted import leaves
from provenance.files import whole_file
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.ledger.composition.composition import Composition, Share

_AT_MOST = "at_most_"
_OUTSIDE_SLUG = re.compile(r"[^0-9A-Za-z_-]+")


class Metrics:
    """For ``dvc metrics``: per dataset, nested numbers and nothing else (DVC drops lists and nulls).

    The mixture's numbers are there too, under the name of its file.
    """

    name = "metrics"

    def write(self, audit: Audit) -> str:
        return _sorted_json(_documents(audit))


def _documents(audit: Audit) -> dict[str, Any]:
    paths = [dataset.composition.path for dataset in audit.datasets]
    mixed = [] if audit.mixture is None else [audit.mixture]
    slugs = _slugs([*paths, *(mixture.path for mixture in mixed)])
    documents = {slugs[mixture.path]: _only_numbers(mixture.as_json()) for mixture in mixed}
    for dataset in audit.datasets:
        found = dataset.as_json()
        numbers = _numbers(dataset.composition) | {"measures": _only_numbers(_with_both_ends(found))}
        if dataset.by_field:
            numbers["by_field"] = _only_numbers(found["by_field"])
        if audit.policy is not None:
            numbers["verdict"] = _verdict(audit, dataset.composition.path)
        documents[slugs[dataset.composition.path]] = numbers
    return documents


def _with_both_ends(found: Mapping[str, Any]) -> dict[str, Any]:
    """The values of measures; beside each that ambiguous rows leave in doubt, what it is at most."""
    values: dict[str, Any] = deepcopy(dict(found["measures"]))
    for measure, doubts in found["doubts"].items():
        for path, doubt in doubts.items():
            place, names = values[measure], _names_in(values[measure], path)
            for name in names[:-1]:
                place = place[name]
            if names and doubt["at_most"] is not None:
                place[f"{_AT_MOST}{names[-1]}"] = doubt["at_most"]
    return values


def _names_in(values: Mapping[str, Any], path: str) -> list[str]:
    """The names that ``path`` leads along, which may have dots themselves; none where it leads nowhere."""
    for name, value in values.items():
        if name == path:
            return [name]
        is_inside = isinstance(value, Mapping) and path.startswith(f"{name}.")
        if is_inside and (inside := _names_in(value, path.removeprefix(f"{name}."))):
            return [name, *inside]
    return []


def write_plots(directory: Path, audit: Audit) -> None:
    """Write files for ``dvc plots``, each a list of JSON rows.

    One for each breakdown (``{dataset, group, rows, fraction, at_most_rows, at_most_fraction}``), ``by_field.json``
    (``{dataset, field, group, rows, fraction}``), ``measures.json`` (``{dataset, measure, value}``), ``findings.json``
    (``{dataset, rule, severity, status, message}``) and ``mixture.json`` (``{mixture, breakdown, group, weighting,
    fraction}``, by unique amount and by exposure). All are written each time, so none is left from before.
    """
    by_field = [
        {
            "dataset": dataset.composition.path,
            "field": name,
            "group": value,
            "rows": each.rows,
            "fraction": each.fraction,
        }
        for dataset in audit.datasets
        for name, values in dataset.by_field.items()
        if not isinstance(values, NotMeasured)
        for value, each in values.items()
    ]
    _write_json(directory / "by_field.json", by_field)
    _write_json(directory / "mixture.json", [] if audit.mixture is None else list(_weights(audit.mixture)))
    for name in BREAKDOWNS:
        rows = [
            {
                "dataset": composition.path,
                "group": group,
                "rows": share.rows,
                "fraction": share.fraction,
                "at_most_rows": share.at_most_rows,
                "at_most_fraction": share.at_most_fraction,
            }
            for composition in (dataset.composition for dataset in audit.datasets)
            for group, share in getattr(composition, name).items()
        ]
        _write_json(directory / f"{name}.json", rows)
    measured = [
        {"dataset": dataset.composition.path, "measure": path, "value": value}
        for dataset in audit.datasets
        for path, value in leaves(_only_numbers(dataset.as_json()["measures"]))
    ]
    _write_json(directory / "measures.json", measured)
    shown = ("dataset", "rule", "severity", "status", "message")
    _write_json(directory / "findings.json", [{key: each.as_json()[key] for key in shown} for each in audit.findings])


def _weights(mixture: MixtureAudit) -> Iterator[dict[str, Any]]:
    document = mixture.as_json()
    breakdowns = {key: document[key] for key in document if key == "parts" or key.startswith("by_")}
    fields = breakdowns.pop("by_field")
    breakdowns |= {f"by_field.{field}": groups for field, groups in fields.items() if "not_measured" not in groups}
    for breakdown, groups in breakdowns.items():
        for group, weight in groups.items():
            for weighting in ("unique", "exposure"):
                if (fraction := weight[f"{weighting}_fraction"]) is not None:
                    yield {
                        "mixture": mixture.path,
                        "breakdown": breakdown,
                        "group": group,
                        "weighting": weighting,
                        "fraction": fraction,
                    }


def _verdict(audit: Audit, path: str) -> dict[str, int]:
    """How many rules came out how for the dataset at ``path``, how many are waived, and whether it passes.

    ``blocked`` are those that block: not warnings, which have a count of their own, notes and waived ones.
    """
    findings = [judged.finding for judged in audit.findings if judged.finding.dataset == path]
    counts = {status.value.lower(): sum(finding.status is status for finding in findings) for status in Status}
    counts["blocked"] = sum(finding.outcome is Outcome.FAILED for finding in findings)
    waived = sum(finding.waiver is not None for finding in findings)
    verdict = verdict_of(findings)
    return counts | {"warnings": verdict.warnings, "waived": waived, "passes": int(verdict.passes)}


def _only_numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``values`` is a number, nested as it was; under keys without dots."""
    slugs = _slugs(values)
    numbers: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            if inside := _only_numbers(value):
                numbers[slugs[name]] = inside
        elif isinstance(value, int | float):
            numbers[slugs[name]] = int(value) if isinstance(value, bool) else value
    return numbers


def _numbers(composition: Composition) -> dict[str, Any]:
    numbers: dict[str, Any] = {"rows": composition.rows, "bytes": composition.bytes}
    for name in ("real_rooted_fraction", "max_depth"):
        value, at_most = getattr(composition, name), getattr(composition, f"at_most_{name}")
        if value is not None:
            numbers |= {name: value} | ({f"at_most_{name}": at_most} if at_most not in (value, None) else {})
    if composition.cost is not None:
        amounts = {name: float(each) for name, each in asdict(composition.cost).items() if isinstance(each, Decimal)}
        numbers["cost"] = amounts | {"rows_costed": composition.cost.rows_costed}
    for name in BREAKDOWNS:
        shares: dict[str, Share] = getattr(composition, name)
        slugs = _slugs(shares)
        numbers[name] = {slugs[group]: _share(share) for group, share in shares.items()}
    return numbers


def _share(share: Share) -> dict[str, Any]:
    values = asdict(share)
    numbers = {name: value for name, value in values.items() if value is not None}
    for name in (name for name in values if name.startswith(_AT_MOST)):
        # Both ends are there where they differ.
        if values[name] == values[name.removeprefix(_AT_MOST)]:
            numbers.pop(name, None)
    if share.tokens is None:
        del numbers["rows_with_tokens"]
    return numbers


def _slugs(names: Iterable[str]) -> dict[str, str]:
    """Keys for ``names`` without the dots with which DVC joins keys; names that would collide get a digest."""
    plain = {name: _OUTSIDE_SLUG.sub("_", name) for name in names}
    uses = Counter(plain.values())
    return {
        name: slug if uses[slug] == 1 else f"{slug}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        for name, slug in plain.items()
    }


def _write_json(file: Path, document: Any) -> None:
    with whole_file(file) as temporary:
        temporary.write_text(_sorted_json(document), encoding="utf-8")


def _sorted_json(document: Any) -> str:
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"
