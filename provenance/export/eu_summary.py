"""The EU AI Act's summary of training content, Article 53(1)(d), by the Commission's template of July 2025.

It is about the exported datasets. What lineage cannot know and nobody stated is marked as to be filled in by a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from provenance.export.card_body import address, plain, rows_of, table
from provenance.export.checking import problems
from provenance.export.described import sources
from provenance.export.eu_synthetic import TO_FILL_IN, synthetic_gaps, synthetic_section
from provenance.export.interface import Checked, Gap, Need, missing
from provenance.export.totals import NONE
from provenance.report.plain_text import counted, safe_lines

if TYPE_CHECKING:
    from provenance.about import Party
    from provenance.export.described import UsedSource
    from provenance.export.subject import Subject

SECTIONS = (
    "1. General information",
    "1.1 Provider identification",
    "1.2 Model identification",
    "1.3 Modalities, overall training data size and other characteristics",
    "2. List of data sources",
    "2.1 Publicly available datasets",
    "2.2 Private non-publicly available datasets obtained from third parties",
    "2.2.1 Datasets commercially licensed by rightsholders or their representatives",
    "2.2.2 Private datasets obtained from other third parties",
    "2.3 Data crawled and scraped from online sources",
    "2.4 User data",
    "2.5 Synthetic data",
    "2.6 Other sources of data",
    "3. Data processing aspects",
    "3.1 Respect of reservation of rights from text and data mining exception or limitation",
    "3.2 Removal of illegal content",
    "3.3 Other information",
)
_NEEDS = (
    Need("version", "the version of the summary"),
    Need("published", "its last update"),
    Need("provider", "1.1"),
    Need("representative", "1.1"),
    Need("model", "1.2"),
    Need("modalities", "1.3"),
    Need("description", "1.3"),
    Need("languages", "1.3"),
    Need("crawling", "2.3"),
    Need("user_data", "2.4"),
    Need("rights_reservations", "3.1"),
    Need("illegal_content", "3.2"),
)
# Of text, in tokens: the template's ranges.
_RANGES = ((10**9, "less than 1 billion tokens"), (10**13, "1 billion to 10 trillion tokens"))
_LARGEST = "more than 10 trillion tokens"
_KINDS = {
    "public": "2.1 Publicly available datasets",
    "licensed": "2.2.1 Datasets commercially licensed by rightsholders or their representatives",
    "private": "2.2.2 Private datasets obtained from other third parties",
    "crawled": "2.3 Data crawled and scraped from online sources",
    "user": "2.4 User data",
    "other": "2.6 Other sources of data",
}


class EuSummary:
    """The template's sections, each with what is known."""

    name = "eu-summary"
    media_type = "text/markdown"
    size = "models and sources; not rows"
    takes_samples = False

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        about = subject.about
        open_ = missing(subject, _NEEDS)
        if about.model is not None and about.model.placed_on_market is None:
            open_.append(Gap("model.placed_on_market", "1.2"))
        if about.model is not None and about.model.dependencies is None:
            open_.append(Gap("model.dependencies", "1.2"))
        if _size(subject) is None:
            open_.append(Gap("training_size", "1.3"))
        open_ += [Gap(f"sources: kind of {used.source.name}", "2") for used in sources(subject) if used.facts is None]
        return [*open_, *synthetic_gaps(subject)]

    def write(self, subject: Subject, file: TextIO) -> None:
        gaps = self.gaps(subject)
        for line in _lines(subject, gaps):
            file.write(f"{line}\n")

    def check(self, file: Path) -> Checked:
        return problems(_own_rules(file.read_text(encoding="utf-8")))


def _lines(subject: Subject, gaps: Sequence[Gap]) -> Iterator[str]:
    about = subject.about
    yield "# Public summary of training content\n"
    yield "Article 53(1)(d) of Regulation (EU) 2024/1689, by the template of the European Commission.\n"
    yield f"Version of the summary: {plain(about.version) if about.version else _open('version')}  "
    yield f"Last update: {about.published.isoformat() if about.published else _open('published')}\n"
    yield "It is about these datasets; whatever else the model was trained on has to be added:\n"
    yield from (f"- {plain(each.path)}: {counted(each.composition.rows, 'row')}" for each in subject.datasets)
    yield ""
    content = {
        "1.1": _provider(subject),
        "1.2": _model(subject),
        "1.3": _characteristics(subject),
        "2.3": _stated(about.crawling, "crawling"),
        "2.4": _stated(about.user_data, "user_data"),
        "2.5": synthetic_section(subject),
        "2.6": _others(subject),
        "3.1": _stated(about.rights_reservations, "rights_reservations"),
        "3.2": _stated(about.illegal_content, "illegal_content"),
        "3.3": _terms(subject),
    }
    for section in SECTIONS:
        number = section.split(" ")[0]
        level = 1 + len(number.rstrip(".").split("."))
        yield f"{'#' * level} {section}\n"
        yield from content.get(number, ())
        yield from _sources(subject, section)
    if gaps:
        yield "## To be filled in by a person\n"
        yield from (f"- {plain(str(gap))}" for gap in gaps)
        yield ""


def _open(fact: str) -> str:
    return f"{TO_FILL_IN} {plain(fact)}"


def _stated(text: str | None, fact: str) -> Iterator[str]:
    """What was stated, or the mark."""
    yield from (plain(line) for line in safe_lines(text.strip())) if text else (_open(fact),)
    yield ""


def _provider(subject: Subject) -> Iterator[str]:
    about = subject.about
    yield f"Provider: {_contact(about.provider, 'provider')}  "
    yield f"Authorised representative: {_contact(about.representative, 'representative')}\n"


def _contact(party: Party | None, fact: str) -> str:
    if party is None:
        return _open(fact)
    said = [plain(each) for each in (party.name, party.address, party.email) if each]
    return ", ".join([*said, *([address(party.url)] if party.url else [])])


def _model(subject: Subject) -> Iterator[str]:
    model = subject.about.model
    if model is None:
        yield f"{_open('model')}\n"
        return
    placed = model.placed_on_market
    yield f"Versioned model names: {', '.join(map(plain, model.names))}  "
    yield f"Model dependencies: {plain(model.dependencies) if model.dependencies else _open('model.dependencies')}  "
    yield (
        f"Date of placement on the Union market: {placed.isoformat() if placed else _open('model.placed_on_market')}\n"
    )


def _characteristics(subject: Subject) -> Iterator[str]:
    about, totals = subject.about, subject.totals
    yield f"Modalities: {', '.join(about.modalities) or _open('modalities')}  "
    yield f"Training data size: {plain(_size(subject) or '') or _open('training_size')}  "
    known = (
        "" if totals.tokens is None else f", {counted(totals.tokens, 'token')} in {totals.rows_with_tokens:,} of them"
    )
    yield f"Size of the datasets above: {counted(totals.rows, 'row')}, {totals.bytes:,} bytes of content{known}  "
    yield f"Types of content: {plain(about.description) if about.description else _open('description')}  "
    yield f"Latest date of collection that is recorded: {_latest(subject) or 'none is recorded'}  "
    yield f"Languages: {', '.join(map(plain, about.languages)) or _open('languages')}\n"
    cells = ((plain(name), rows_of(amount)) for name, amount in totals.sure("by_origin").items())
    yield from table(("origin", "rows"), cells, ("rows",))


def _size(subject: Subject) -> str | None:
    """The template's range: as stated for the whole training, else of what is exported, where all tokens are known."""
    totals = subject.totals
    if subject.about.training_size is not None:
        return subject.about.training_size
    if totals.tokens is None or totals.rows_with_tokens != totals.rows:
        return None
    return next((name for bound, name in _RANGES if totals.tokens < bound), _LARGEST)


def _latest(subject: Subject) -> str | None:
    """The day of the last collection: as stated of a source, else when a script recorded that it collected.

    The time at which `provenance add` registered data says nothing of when that was collected.
    """
    days = [used.source.collected_at for used in sources(subject)]
    collections = (a for d in subject.datasets for a in d.header.activities if a.type == "collection")
    days += [activity.ended for activity in collections]
    known = [day.date() for day in days if day is not None]
    return max(known).isoformat() if known else None


def _sources(subject: Subject, section: str) -> Iterator[str]:
    """The sources of the kind that a section is about."""
    found = [used for used in sources(subject) if used.facts and _KINDS[used.facts.kind] == section]
    if found:
        cells = (_cells(used) for used in found)
        yield from table(("source", "address", "license", "modality", "description", "rows"), cells, ("rows",))
    elif section in (_KINDS["public"], _KINDS["licensed"], _KINDS["private"]):
        unknown = any(used.facts is None for used in sources(subject))
        yield f"{_open('the kinds of sources') if unknown else 'None of the recorded sources is one.'}\n"


def _cells(used: UsedSource) -> tuple[str, ...]:
    facts = used.facts
    modality = facts.modality if facts and facts.modality else "not stated"
    description = facts.description if facts and facts.description else ""
    return (
        plain(used.source.name),
        address(used.source.url),
        plain(used.license or "not stated"),
        modality,
        plain(description),
        rows_of(used.reached),
    )


def _others(subject: Subject) -> Iterator[str]:
    if not any(used.facts and used.facts.kind == "other" for used in sources(subject)):
        yield "None of the sources whose kind is stated is one.\n"
    unkinded = [used.source.name for used in sources(subject) if used.facts is None]
    if unkinded:
        yield f"{_open('the kind of these sources')}: {', '.join(map(plain, unkinded))}\n"
    unknown = subject.totals.by("by_origin").get("unknown", NONE)
    if unknown.at_most_rows:
        yield f"Of {unknown.words} it is not recorded where they come from.\n"


def _terms(subject: Subject) -> Iterator[str]:
    terms = subject.totals.licences("output_terms")
    if terms:
        yield "Models whose outputs are among the data impose on these outputs:\n"
        yield from table(("terms", "rows"), ((plain(k), rows_of(v)) for k, v in terms.items()), ("rows",))
    yield "Lineage of each row is recorded beside the datasets, and can be verified:\n"
    cells = ((plain(each.sidecar_path), each.sidecar_sha256) for each in subject.datasets)
    yield from table(("sidecar", "sha256"), cells)


def _own_rules(text: str) -> Iterator[str]:
    """Sections that are missing or out of order; and what a person has yet to fill in."""
    headings = [line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")]
    found = [heading for heading in headings if heading in SECTIONS]
    for section in SECTIONS:
        if section not in found:
            yield f"{section}: missing"
    if found != [section for section in SECTIONS if section in found]:
        yield "the sections are not in the template's order"
    section = "the beginning"
    for line in text.splitlines():
        section = line.lstrip("#").strip() if line.startswith("#") else section
        if TO_FILL_IN in line:
            what = line.partition(TO_FILL_IN)[2].replace("\\", "").strip().rstrip(":")
            yield f"{section}: to be filled in: {what}"


EXPORT = EuSummary()
