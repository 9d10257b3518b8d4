"""Section 2.5 of the EU's summary: every model that made synthetic data, whether it is on the market, by modality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provenance.export.card_body import plain, rows_of, table
from provenance.export.described import generators
from provenance.export.interface import Gap

if TYPE_CHECKING:
    from provenance.export.described import Generator
    from provenance.export.subject import Subject

_COLUMNS = (
    *("model", "provider", "the provider's own", "modality", "license", "terms of outputs", "description", "rows"),
)
# What marks it in the document.
TO_FILL_IN = "**To be filled in by a person:**"


def synthetic_gaps(subject: Subject) -> Iterator[Gap]:
    """What the section asks for and nobody stated."""
    has_synthetic = subject.totals.has_synthetic
    if has_synthetic is None:
        yield Gap("origin of every row", "2.5")
    found = generators(subject)
    if (has_synthetic is not False or found) and subject.about.made_by_provider is None:
        yield Gap("made_by_provider", "2.5")
    if has_synthetic and subject.totals.by("by_model").get("unstated"):
        yield Gap("the model of every synthetic row", "2.5")
    for each in found:
        if each.facts is None or each.facts.on_market is None:
            yield Gap(f"generators: on_market of {each.label}", "2.5")
        if _modality(each, subject) is None:
            yield Gap(f"generators: modality of {each.label}", "2.5")


def synthetic_section(subject: Subject) -> Iterator[str]:
    """The lines of the section."""
    totals, found = subject.totals, generators(subject)
    if totals.has_synthetic is False and not found:
        yield "No row of the datasets above was made by a model, and none goes back to one.\n"
        return
    unknown = totals.by("by_origin").get("unknown")
    more = f"; who wrote {unknown.words} is not known" if unknown else ""
    yield f"Rows that a model made, wholly or in part: {totals.made.words} of {totals.rows:,}{more}.\n"
    yield (
        "Was synthetic data created by the provider or on their behalf to train the model? "
        f"{_answer(subject.about.made_by_provider, 'made_by_provider')}\n"
    )
    modalities = sorted({modality for each in found if (modality := _modality(each, subject))})
    yield f"Modalities of the synthetic data: {', '.join(modalities) or f'{TO_FILL_IN} generators.modality'}\n"
    on_market = [each for each in found if each.facts and each.facts.on_market]
    others = [each for each in found if each.facts and each.facts.on_market is False]
    unstated = [each for each in found if each.facts is None or each.facts.on_market is None]
    nothing = "none that is stated to be one" if unstated else "none"
    yield from _models("General-purpose AI models on the market that generated it", on_market, subject, nothing)
    yield from _models("Other AI models that generated it, the provider's own among them", others, subject, nothing)
    if unstated:
        yield from _models(f"{TO_FILL_IN} which of these models are on the market", unstated, subject)
    kinds = ((plain(name), rows_of(amount)) for name, amount in totals.sure("by_kind").items())
    yield from table(("how rows were made", "rows"), kinds, ("rows",))


def _answer(stated: bool | None, fact: str) -> str:
    return f"{TO_FILL_IN} {plain(fact)}" if stated is None else "Yes." if stated else "No."


def _modality(generator: Generator, subject: Subject) -> str | None:
    """As stated of the model; of datasets of a single modality it can be no other."""
    if generator.facts is not None and generator.facts.modality is not None:
        return generator.facts.modality
    return subject.about.modalities[0] if len(subject.about.modalities) == 1 else None


def _models(title: str, found: Sequence[Generator], subject: Subject, nothing: str = "none") -> Iterator[str]:
    yield f"{title}:\n"
    if not found:
        yield f"{nothing}\n"
        return
    columns = (
        "model",
        "provider",
        "the provider's own",
        "modality",
        "license",
        "terms of outputs",
        "description",
        "rows",
    )
    yield from table(columns, (_cells(each, subject) for each in found), ("rows",))


def _cells(each: Generator, subject: Subject) -> tuple[str, ...]:
    facts = each.facts
    own = None if facts is None else facts.own
    return (
        plain(each.label),
        plain(each.agent.provider or "not stated"),
        "not stated" if own is None else "yes" if own else "no",
        _modality(each, subject) or "not stated",
        plain(each.license or "not stated"),
        plain("; ".join(each.output_terms) or "not stated"),
        plain(facts.description if facts and facts.description else ""),
        rows_of(each.reached),
    )
