"""Whom and what the datasets go back to: generators, sources, prompts and activities, each with the rows it touches.

All are those of the sidecars' headers, which name everything that the rows and their ancestors go back to.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from provenance import version
from provenance.export.totals import NONE, Amount
from provenance.lineage.license_references import expression_of
from provenance.lineage.vocabulary import Vocabulary

if TYPE_CHECKING:
    from provenance.about import GeneratorFacts, SourceFacts
    from provenance.export.subject import Subject
    from provenance.lineage.records import Activity, Agent, Plan, Source
    from provenance.models import RegisteredModel

NAMESPACE = version.NAMESPACE


def iri(kind: str, identifier: str) -> str:
    """The IRI of something that has an identifier: a sample, an activity, an agent, a plan, a source, a dataset."""
    return f"{NAMESPACE}{kind}:{quote(identifier, safe='')}"


def short_digest(text: str) -> str:
    """Hex digits that tell ``text`` from others."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class Generator:
    """A model that generated rows or their ancestors. ``rows``: its own; ``reached``: with all that go back to it.

    ``license`` is the SPDX expression of its weights; ``licenses`` has those of the models that it was made from, too,
    as stated in lineage or in the register of models; so has ``output_terms`` what they impose on outputs.
    """

    agent: Agent
    rows: Amount
    reached: Amount
    license: str | None
    licenses: tuple[str, ...]
    output_terms: tuple[str, ...]
    facts: GeneratorFacts | None

    @property
    def label(self) -> str:
        return self.agent.label


@dataclass(frozen=True)
class UsedSource:
    """Where collected data is from; see `Generator` for the rows. ``license`` is an SPDX expression."""

    source: Source
    rows: Amount
    reached: Amount
    license: str | None
    facts: SourceFacts | None


def vocabulary(subject: Subject) -> Vocabulary:
    """All descriptions in the sidecars of the datasets."""
    found = Vocabulary()
    for dataset in subject.datasets:
        found.add_header(dataset.header)
    return found


def activities(subject: Subject) -> list[tuple[str, Activity]]:
    """The activities by id, in an order that is always the same: those whose start is known first."""
    known = vocabulary(subject).activities.items()
    return sorted(known, key=lambda item: (item[1].started is None, str(item[1].started or ""), item[0]))


def plans(subject: Subject) -> list[tuple[str, Plan]]:
    """The prompt templates by id, by name."""
    return sorted(vocabulary(subject).plans.items(), key=lambda item: (item[1].name, item[0]))


def generators(subject: Subject) -> list[Generator]:
    """Every model that had a part in rows or their ancestors, the one of most rows first."""
    rows, reached = subject.totals.sure("by_model"), subject.totals.ancestry("by_model")
    agents: dict[str, Agent] = {}
    for _, agent in sorted(vocabulary(subject).agents.items()):
        agents.setdefault(agent.label, agent)
    found = [
        Generator(
            agent=agent,
            rows=rows.get(label, NONE),
            reached=reached.get(label, NONE),
            license=_own_license(subject, agent),
            licenses=tuple(dict.fromkeys(_licenses(subject, agent))),
            output_terms=tuple(dict.fromkeys(_terms(subject, agent))),
            facts=subject.about.generator(agent.name, label),
        )
        for label, agent in agents.items()
    ]
    return sorted(found, key=lambda each: (-each.reached.rows, -each.reached.at_most_rows, each.label))


def sources(subject: Subject) -> list[UsedSource]:
    """Every source that rows or their ancestors are from, the one of most rows first."""
    rows, reached = subject.totals.sure("by_source"), subject.totals.ancestry("by_source")
    found = [
        UsedSource(
            source=source,
            rows=rows.get(source.name, NONE),
            reached=reached.get(source.name, NONE),
            license=expression_of(source.license),
            facts=subject.about.source(source.name),
        )
        for _, source in sorted(vocabulary(subject).sources.items())
    ]
    return sorted(found, key=lambda each: (-each.reached.rows, each.source.name, each.source.id))


def licenses(subject: Subject) -> dict[str, Amount]:
    """Rows by the SPDX expression of each licence of content that applies to them, through all ancestors."""
    found: dict[str, Amount] = {}
    for stated, amount in subject.totals.licences("licenses").items():
        expression = expression_of(stated)
        if expression is not None:
            found[expression] = found.get(expression, NONE) + amount
    return found


def stated_as(subject: Subject) -> dict[str, str]:
    """What ``LicenseRef-…`` stands for: as it was stated in lineage, by the register, or under ``about``."""
    known = vocabulary(subject)
    stated = [agent.license for agent in known.agents.values()]
    stated += [source.license for source in known.sources.values()]
    stated += [model.license for model in (subject.register.models if subject.register else ())]
    stated += [*subject.totals.licences("licenses"), subject.about.license]
    pairs = [(expression_of(text), text) for text in stated if text]
    return {expression: text for expression, text in sorted(pairs, key=str) if expression and expression != text}


def plain_identifier(text: str) -> str:
    """``text`` as an identifier for readers that take letters, digits, ``.``, ``_``, ``-`` and ``/`` only."""
    plain = re.sub(r"[^A-Za-z0-9._/-]+", "-", text)
    return text if plain == text else f"{plain}-{short_digest(text)[:8]}"


def _line(subject: Subject, agent: Agent) -> Iterator[Agent | RegisteredModel]:
    yield agent
    register = subject.register
    registered = register.fitting(agent.name, agent.revision) if register else None
    if register is not None and registered is not None:
        yield from register.lineage(registered)


def _own_license(subject: Subject, agent: Agent) -> str | None:
    own = [*_line(subject, agent)][:2]
    return next((found for each in own if (found := expression_of(each.license)) is not None), None)


def _licenses(subject: Subject, agent: Agent) -> Iterator[str]:
    for each in _line(subject, agent):
        if (expression := expression_of(each.license)) is not None:
            yield expression


def _terms(subject: Subject, agent: Agent) -> Iterator[str]:
    for each in _line(subject, agent):
        if each.output_terms:
            yield each.output_terms


def without_nothing(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` without members that say nothing, however deep."""
    pairs = ((key, _kept(value)) for key, value in document.items())
    return {key: value for key, value in pairs if value is not None and value not in ([], {})}


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return without_nothing(value)
    return [_kept(each) for each in value] if isinstance(value, list | tuple) else value
