"""The body of a dataset card, in Markdown: what the rows are, where they come from, and how to verify that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from provenance.export.described import generators, licenses, plans, sources, stated_as
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.lineage.words import AMBIGUOUS
from provenance.report.markdown import markdown_text
from provenance.report.plain_text import counted, counts_between, percent, safe_lines, shell_word

if TYPE_CHECKING:
    from provenance.export.interface import Gap
    from provenance.export.subject import Subject
    from provenance.export.totals import Amount

_SHOWN = ("by_origin", "by_kind", "by_model", "by_source", "by_license", "by_depth", "by_evidence")
_MOST_GROUPS = 50
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*)?")
_LONGEST_PROMPT = 4000
_STATED = (
    ("Uses", "use_cases"),
    ("Collection", "collection"),
    ("Limitations", "limitations"),
    ("Biases", "biases"),
    ("Personal and sensitive information", "personal_information"),
    ("Social impact", "social_impact"),
    ("Maintenance", "maintenance"),
    ("Citation", "citation"),
)
_BOUNDS = (
    "Numbers such as 5 to 7 are bounds: rows of equal content were born in several ways, and which row was born in "
    "which is not known. At least so many rows certainly belong to the group, and at most so many may."
)


def body(subject: Subject, gaps: Sequence[Gap]) -> Iterator[str]:
    """The lines of the body."""
    about = subject.about
    yield f"# {plain(subject.title)}\n"
    if about.description:
        yield from _paragraphs(about.description)
    yield from _composition(subject)
    yield from _sources(subject)
    yield from _generators(subject)
    yield from _licenses(subject)
    yield from _prompts(subject)
    for title, fact in _STATED:
        if text := getattr(about, fact):
            yield f"## {title}\n"
            yield from _paragraphs(text)
    if about.creators:
        yield "## Curators\n"
        yield from (
            f"- {plain(each.name)}" + (f" ({address(each.url)})" if each.url else "") for each in about.creators
        )
        yield ""
    yield from _verifying(subject)
    if gaps:
        yield "## Not stated\n"
        yield "Lineage cannot know these, and nobody stated them under `about` in `provenance.yaml`:\n"
        yield from (f"- {plain(str(gap))}" for gap in gaps)
        yield ""


def plain(text: str) -> str:
    """``text`` in which nothing is Markdown, uncut."""
    return markdown_text(text, None)


def address(url: str | None) -> str:
    """An address of the web as a link to itself, which can be copied; any other text as text."""
    if url is None:
        return "not stated"
    return f"<{url}>" if _ADDRESS.fullmatch(url) else plain(url)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> Iterator[str]:
    """A table; its cells are Markdown already."""
    yield f"| {' | '.join(columns)} |"
    yield f"| {' | '.join('---:' if column in numbers else '---' for column in columns)} |"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def rows_of(amount: Amount) -> str:
    """Rows as one number, or as bounds."""
    return counts_between(amount.rows, amount.at_most_rows)


def _paragraphs(text: str) -> Iterator[str]:
    yield from (plain(line) for line in safe_lines(text.strip()))
    yield ""


def _composition(subject: Subject) -> Iterator[str]:
    totals = subject.totals
    yield "## Composition\n"
    tokens = ""
    if totals.tokens is not None:
        tokens = f", {counted(totals.tokens, 'token')} in {counted(totals.rows_with_tokens, 'row')}"
    yield f"{counted(totals.rows, 'row')}{tokens}.\n"
    if len(subject.datasets) > 1:
        yield "A row that stands in several of the datasets counts in each.\n"
        parts = ((plain(each.path), f"{each.composition.rows:,}") for each in subject.datasets)
        yield from table(("dataset", "rows"), parts, ("rows",))
    if any(AMBIGUOUS in totals.by(name) for name in _SHOWN):
        yield f"{_BOUNDS}\n"
    for name in _SHOWN:
        groups = totals.sure(name)
        if groups:
            shown = list(groups.items())[:_MOST_GROUPS]
            cells = ((plain(group), rows_of(amount), _share(amount, totals.rows)) for group, amount in shown)
            yield from table((BREAKDOWNS[name].words, "rows", "share"), cells, ("rows", "share"))
            if len(groups) > _MOST_GROUPS:
                yield f"… and {len(groups) - _MOST_GROUPS:,} more.\n"


def _share(amount: Amount, total: int) -> str:
    least, most = percent(amount.rows, total), percent(amount.at_most_rows, total)
    return least if amount.is_exact else f"{least} to {most}"


def _sources(subject: Subject) -> Iterator[str]:
    found = sources(subject)
    if not found:
        return
    yield "## Sources\n"
    yield "Rows are those that come from the source or go back to it.\n"
    cells = (
        (
            plain(used.source.name),
            address(used.source.url),
            plain(used.license or "not stated"),
            plain(used.source.publisher or "not stated"),
            rows_of(used.reached),
        )
        for used in found
    )
    yield from table(("source", "address", "license", "publisher", "rows"), cells, ("rows",))


def _generators(subject: Subject) -> Iterator[str]:
    found = generators(subject)
    if not found:
        return
    yield "## Models\n"
    yield "Every model that wrote rows, or ancestors of rows. The last column counts rows that go back to one, too.\n"
    cells = (
        (
            plain(each.label),
            plain(each.agent.provider or "not stated"),
            plain(", ".join(each.licenses) or "not stated"),
            rows_of(each.rows),
            rows_of(each.reached),
        )
        for each in found
    )
    columns = ("model", "provider", "license of the model", "rows", "rows that go back to it")
    yield from table(columns, cells, columns[-2:])


def _licenses(subject: Subject) -> Iterator[str]:
    totals = subject.totals
    yield "## Licences\n"
    yield "These apply to rows, to what rows were made from, and to the models that made them, each with the rows that"
    yield "it touches. Whether they can be combined is not judged here.\n"
    found = licenses(subject)
    if found:
        yield from table(("license of content", "rows"), ((plain(k), rows_of(v)) for k, v in found.items()), ("rows",))
    if terms := totals.licences("output_terms"):
        yield "Models impose on their outputs:\n"
        yield from table(("terms", "rows"), ((plain(k), rows_of(v)) for k, v in terms.items()), ("rows",))
    unstated = totals.licences("unspecified_content").get("unspecified_content")
    if unstated and unstated.at_most_rows:
        yield f"Of {unstated.words} the content has no stated licence.\n"
    unnamed = totals.licences("unspecified_generators").get("unspecified_generators")
    if unnamed and unnamed.at_most_rows:
        yield f"Of {unnamed.words} a generator's licence and terms are not stated.\n"
    if stated := stated_as(subject):
        yield from (f"- {plain(expression)} was stated as “{plain(text)}”." for expression, text in stated.items())
        yield ""


def _prompts(subject: Subject) -> Iterator[str]:
    found = plans(subject)
    if not found:
        return
    yield "## Prompts\n"
    for _, plan in found:
        text = plan.template[:_LONGEST_PROMPT]
        yield f"{plain(plan.name)}:\n"
        # Indented text has no end that the template could write.
        yield from (f"    {line}" for line in safe_lines(text))
        yield (
            "" if len(plan.template) <= _LONGEST_PROMPT else f"\n… and {len(plan.template) - _LONGEST_PROMPT:,} more.\n"
        )


def _verifying(subject: Subject) -> Iterator[str]:
    yield "## How to verify\n"
    yield "Each sample's lineage is in the sidecar beside its dataset. With the repository at hand, this checks the"
    yield "sidecars against the data, and shows where a row comes from:\n"
    yield "    pip install dvc-provenance"
    for dataset in subject.datasets:
        yield f"    provenance verify {shell_word(dataset.path)}"
    files = [dataset.path for dataset in subject.datasets if not dataset.is_directory]
    yield from (f"    provenance trace {shell_word(path)}:1" for path in files[:1])
    yield ""
    cells = (
        (plain(each.path), plain(each.md5 or "not recorded"), plain(each.sidecar_path), each.sidecar_sha256)
        for each in subject.datasets
    )
    yield from table(("dataset", "DVC's md5", "sidecar", "sha256 of the sidecar"), cells)
