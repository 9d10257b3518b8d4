"""What licences and terms come with the rows, and what the rows cost, as far as it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.auditing.measures import Measured
from provenance.faces.numbers import figure
from provenance.ledger.composition.breakdowns import UNSURE
from provenance.plurals import counted
from provenance.report.audit_words import cost_in_words
from provenance.report.plain_text import counts_between

if TYPE_CHECKING:
    from provenance.auditing.audited import AuditedDataset
    from provenance.ledger.composition.composition import Share

_MOST_OF_A_KIND = 12


@dataclass(frozen=True)
class Obligation:
    """A licence or terms (None: not stated), what it is of, the rows that carry it, and those that go back to it.

    Numbers of rows are text, maybe "5 to 7"; None where the question makes no sense.
    """

    terms: str | None
    of: str
    rows: str
    reached: str | None


def obligations(dataset: AuditedDataset) -> list[Obligation]:
    """Licences of rows; licences and output terms of the models that wrote some; licences of sources."""
    header, composition = dataset.header, dataset.composition
    reached = _values(dataset, "ancestry")
    licences: Mapping[str, Any] = reached.get("by_license") or {}
    found = [
        Obligation(
            None if name in UNSURE else name,
            "the rows",
            _carried(share),
            None if name in UNSURE else _rows(licences, name),
        )
        for name, share in list(composition.by_license.items())[:_MOST_OF_A_KIND]
    ]
    found += [
        Obligation(name, "what rows were made from", "0", _rows(licences, name))
        for name in list(licences)[:_MOST_OF_A_KIND]
        if name not in composition.by_license
    ]
    models: Mapping[str, Any] = reached.get("by_model") or {}
    for agent in header.agents[:_MOST_OF_A_KIND]:
        numbers = _carried(composition.by_model.get(agent.label)), _rows(models, agent.label)
        found.append(Obligation(agent.license, f"the model {agent.label}", *numbers))
        found.append(Obligation(agent.output_terms, f"terms of {agent.label} for what it writes", *numbers))
    sources: Mapping[str, Any] = reached.get("by_source") or {}
    for source in header.sources[:_MOST_OF_A_KIND]:
        share = composition.by_source.get(source.name)
        found.append(
            Obligation(source.license, f"the source {source.name}", _carried(share), _rows(sources, source.name))
        )
    return found


def left_out(dataset: AuditedDataset) -> int:
    """How many licences, models and sources are not listed, as there are too many."""
    kinds = (dataset.composition.by_license, dataset.header.agents, dataset.header.sources)
    return sum(max(0, len(kind) - _MOST_OF_A_KIND) for kind in kinds)


def _carried(share: Share | None) -> str:
    return "0" if share is None else counts_between(share.rows, share.at_most_rows)


def _rows(groups: Mapping[str, Any], name: str) -> str | None:
    group = groups.get(name)
    if group is None:
        return None
    return counts_between(int(group["rows"]), int(group.get("at_most_rows", group["rows"])))


def _values(dataset: AuditedDataset, measure: str) -> Mapping[str, Any]:
    found = dataset.measured.get(measure)
    return found.values if isinstance(found, Measured) else {}


def cost(dataset: AuditedDataset) -> str:
    """What the rows cost and what the models read and wrote, in sentences."""
    known = dataset.composition.cost
    if known is None:
        said = "No price was recorded, so no cost is stated: a missing price is never estimated."
    else:
        words = cost_in_words(known)
        said = f"{words[:1].upper()}{words[1:]}."
    usage = _values(dataset, "cost")
    if usage.get("input_tokens") is None or usage.get("output_tokens") is None:
        return said
    rows = counted(int(usage["rows_with_usage"]), "row")
    read, wrote = figure(usage["input_tokens"]), figure(usage["output_tokens"])
    return f"{said} To make them, models read {read} tokens and wrote {wrote}; tokens are recorded for {rows}."
