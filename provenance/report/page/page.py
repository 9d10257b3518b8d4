"""The report as a whole: what each section shows is made, then put into the template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.auditing.request import DatasetAt, Ledgers, opened_ledgers
from provenance.faces.numbers import percent, size
from provenance.ledger.composition.breakdowns import UNKNOWN
from provenance.ledger.contents import contents
from provenance.lineage.words import AMBIGUOUS
from provenance.plurals import counted
from provenance.report.page import bars, comparison, findings, obligations, one_row, past, pipeline, words
from provenance.report.plain_text import between, shell_word
from provenance.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.auditing.audited import Audit, AuditedDataset
    from provenance.faces.charts import Column
    from provenance.ledger.composition.composition import Composition
    from provenance.ledger.composition.spending import Cost
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository
    from provenance.repository.history import History

_DAY, _DIGITS = 10, 9
_STYLES = ("base", "parts", "report", "print")


@dataclass(frozen=True)
class Fact:
    """A figure that a reader should have seen: what it is of, the figure, and what it means."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Section:
    """All that is shown of one dataset. ``key``: what its anchors begin with."""

    key: str
    path: str
    composition: Composition
    statement: str
    facts: list[Fact]
    bars: list[bars.Bars]
    pipeline: pipeline.Pipeline
    chain: one_row.Chain | None
    steps: list[one_row.Step]
    history: list[Column]
    drawn: list[Column]
    comparison: comparison.Comparison
    findings: findings.Findings
    obligations: list[obligations.Obligation]
    obligations_left_out: int
    cost: str
    md5: str | None

    @property
    def by_origin(self) -> dict[str, int]:
        """Rows by origin, for the strand; what is not certain is drawn as unknown."""
        return self.composition.origins


def report_page(repository: Repository, audit: Audit) -> str:
    """The report of ``audit`` as HTML; the same inputs give the same bytes.

    Raises:
        SidecarError: a sidecar cannot be used.
        DataError: data cannot be read.
    """
    from provenance.faces.pages import environment, style_hash, style_of

    commit = audit.request.commit or repository.git_state().head
    history = None if commit is None else repository.history(commit)
    with opened_ledgers(repository) as ledgers:
        sections = [
            _section(repository, ledgers, history, audit, dataset, f"d{number}-" if len(audit.datasets) > 1 else "")
            for number, dataset in enumerate(audit.datasets, 1)
        ]
    style, paths = style_of(*_STYLES), {section.path for section in sections}
    others = [each for each in audit.findings if len(sections) > 1 and each.finding.dataset not in paths]
    template = environment(Path(__file__).parent / "templates").get_template("report.html")
    text: str = template.render(
        style=style,
        style_hash=style_hash(style),
        audit=audit,
        sections=sections,
        verdict=words.verdict(audit),
        counts=words.counts(audit),
        of_no_dataset=findings.findings(others, {}),
        exposure=None if audit.mixture is None else bars.exposure(audit.mixture),
        revision=_revision(history, audit),
        definitions=words.DEFINITIONS,
        commands=_commands(audit, commit, [section.path for section in sections]),
        identity=_identity(audit, commit, sections),
    )
    return text + "\n"


def _section(
    repository: Repository, ledgers: Ledgers, history: History | None, audit: Audit, dataset: AuditedDataset, key: str
) -> Section:
    """What is shown of ``dataset``."""
    commit, composition = audit.request.commit, dataset.composition
    ledger = ledgers.at(commit)
    recorded = ledgers.recorded(DatasetAt(path=composition.path, commit=commit))
    is_alone = len(audit.datasets) == 1
    judged = [each for each in audit.findings if is_alone or each.finding.dataset == composition.path]
    chain = one_row.deepest_chain(ledger, recorded)
    shown = [node.sample_id for node in chain.nodes] if chain else []
    examples = [each.sample_id for each in findings.examples_of(judged)]
    said = contents(ledger, [*shown, *examples])
    samples = {each: (_origin(ledger, each), said.get(each)) for each in examples}
    columns = past.past(repository, history, composition, recorded.md5, is_committed=commit is not None)
    return Section(
        key=key,
        path=composition.path,
        composition=composition,
        statement=words.statement(composition.by_origin, composition.rows),
        facts=_facts(composition),
        bars=bars.bars(composition),
        pipeline=pipeline.pipeline(ledger, recorded),
        chain=chain,
        steps=one_row.steps(chain, said) if chain else [],
        history=columns,
        drawn=past.drawn(columns),
        comparison=comparison.comparison(dataset),
        findings=findings.findings(judged, samples),
        obligations=obligations.obligations(dataset),
        obligations_left_out=obligations.left_out(dataset),
        cost=obligations.cost(dataset),
        md5=recorded.md5,
    )


def _origin(ledger: Sidecars, sample_id: str) -> str | None:
    number = int(ledger.graph.numbers([sample_id])[0])
    return None if number < 0 else ledger.graph.born(number).origin


def _facts(composition: Composition) -> list[Fact]:
    rows = composition.rows
    observed = composition.by_evidence.get("observed")
    unlicensed = composition.by_license.get(UNKNOWN)
    licensed = (rows - unlicensed.at_most_rows, rows - unlicensed.rows) if unlicensed else (rows, rows)
    cost = composition.cost
    depth, of_some = _depth(composition)
    amount = "–" if cost is None else f"{cost.amount.normalize():f} {cost.currency or ''}".strip()
    return [
        Fact("rows" if rows != 1 else "row", f"{rows:,}", f"{size(composition.bytes)} of content"),
        Fact("go back to human text", _rooted(composition), "of the rows that are not known to be human"),
        Fact("model steps at most", depth, f"between a row and human text{of_some}"),
        Fact(
            "recorded as it happened",
            _parts(observed.rows, observed.at_most_rows, rows) if observed else _part(0, rows),
            "else stated later, or unknown",
        ),
        Fact("have a stated licence", _parts(*licensed, rows), "of all rows"),
        Fact("cost", amount, "not recorded, never estimated" if cost is None else _costed(cost)),
    ]


def _rooted(composition: Composition) -> str:
    """The part of the rows that go back to human text, as one share or as two ends."""
    least, most = composition.real_rooted_fraction, composition.at_most_real_rooted_fraction
    return "–" if least is None else between(_whole(least), _whole(least if most is None else most))


def _depth(composition: Composition) -> tuple[str, str]:
    """The most model steps that are known, and of how many rows they are not."""
    least, most = composition.max_depth, composition.at_most_max_depth
    shares = composition.by_depth
    unknown = sum(shares[name].at_most_rows for name in (UNKNOWN, AMBIGUOUS) if name in shares)
    of_some = f"; not known for {counted(min(unknown, composition.rows), 'row')}" if unknown else ""
    if least is None:
        return "–", of_some
    return (f"{least} or more" if most is None else between(str(least), str(most))), of_some


def _costed(cost: Cost) -> str:
    """Of how many rows the cost is known, where that is not all."""
    return "as recorded" if cost.rows_costed == cost.rows else f"known for {cost.rows_costed:,} of {cost.rows:,} rows"


def _part(part: int, whole: int) -> str:
    return _short(percent(part, whole))


def _parts(least: int, most: int, whole: int) -> str:
    return between(_part(least, whole), _part(most, whole))


def _whole(share: float) -> str:
    return _short(percent(share))


def _short(words: str) -> str:
    """Of all or nothing, no decimals."""
    return words.replace(".0%", "%") if words in ("0.0%", "100.0%") else words


@dataclass(frozen=True)
class Revision:
    """``date`` of the commit, not of today: so that the same inputs give the same page."""

    commit: str | None
    date: str
    tag: str
    is_workspace: bool

    @property
    def short(self) -> str:
        """The commit as people are shown it."""
        return "" if self.commit is None else self.commit[:_DIGITS]


def _revision(history: History | None, audit: Audit) -> Revision:
    """What the datasets were read at: the commit that was asked for, else the one checked out."""
    if history is None:
        return Revision(None, "", "", is_workspace=True)
    tip, tag = history.commits[0], next(iter(history.tags_at(history.commits[0])), "")
    return Revision(tip.sha, tip.date[:_DAY], tag, is_workspace=audit.request.commit is None)


def _commands(audit: Audit, commit: str | None, paths: Sequence[str]) -> list[str]:
    """What recomputes this page and its numbers, from the DVC root."""
    request = audit.request
    named = " ".join(shell_word(path) for path in paths)
    options = "".join(f" --policy {shell_word(name)}" for name in (audit.policy.sources if audit.policy else ()))
    options += "".join(f" --evaluation {shell_word(_named(each, commit))}" for each in request.evaluation)
    options += f" --since {request.since[:_DIGITS]}" if request.since else ""
    options += f" --mixture {shell_word(request.mixture)}" if request.mixture else ""
    checkout = [f"git checkout {commit[:_DIGITS]} && dvc pull"] if commit else []
    measures = " --measures all" if "all" in request.measures else ""
    return [
        *checkout,
        f"provenance verify {named}",
        f"provenance audit {named}{options}{measures} --tables",
        *(f"provenance log {shell_word(path)}" for path in paths),
        f"provenance report {named}{options} -o report.html",
    ]


def _named(dataset: DatasetAt, commit: str | None) -> str:
    """``dataset`` as an option names it, once ``commit`` is checked out."""
    return dataset.path if dataset.commit in (None, commit) else f"{dataset.path}@{dataset.commit}"


def _identity(audit: Audit, commit: str | None, sections: Sequence[Section]) -> list[tuple[str, str]]:
    """What the page was made from, by digests."""
    found = [(f"data of {section.path} (DVC, md5)", section.md5 or "not known") for section in sections]
    if audit.policy is not None:
        found += [("policy", f"{audit.policy.name} ({audit.policy.digest})")]
    found += [("evaluation set", _named(each, commit)) for each in audit.request.evaluation]
    if audit.mixture is not None:
        found += [("mixture", f"{audit.mixture.path}: {audit.mixture.name}")]
    return [*found, ("git revision", commit or "none yet"), ("made by", f"dvc-provenance {__version__}")]
