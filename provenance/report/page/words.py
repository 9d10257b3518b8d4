"""Sentences for a reader who has never heard of DVC, made from numbers alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from provenance.auditing.policy.findings import Outcome, Status
from provenance.faces.numbers import share_in_words
from provenance.lineage.words import AMBIGUOUS
from provenance.plurals import counted
from provenance.report.audit_words import why_it_fails

if TYPE_CHECKING:
    from provenance.auditing.audited import Audit
    from provenance.ledger.composition.composition import Share

_WROTE = {
    "real": "people wrote {}",
    "synthetic": "a language model wrote {}",
    "mixed": "both had a part in {}",
    "unknown": "nobody recorded who wrote {}",
    AMBIGUOUS: "it is not certain who wrote {}",
}

# So many broken rules are named beside the verdict; of more, the findings are the list.
_MOST_NAMED = 3

DEFINITIONS = (
    ("Row, sample", "One record of the dataset. Rows that say exactly the same are the same sample."),
    ("Real", "Written by people, as far as the record says: collected from a named source."),
    ("Synthetic", "Written by a model, whatever it was made from."),
    (
        "Mixed",
        "People and a model both had a part in what the row says, such as a model's label on human text.",
    ),
    ("Unknown", "Nobody recorded where the row came from. Nothing is guessed: it is counted as unknown."),
    ("Goes back to", "A row goes back to a text if it was made from it, directly or over any number of steps."),
    (
        "Chance",
        "Any two groups of rows differ a little. A difference counts only if dealing the rows into two groups at "
        "random hardly ever gives as great a one, however many differences are looked at.",
    ),
    ("Reference", "What the model's rows are compared with: the human rows of the same dataset."),
    (
        "Verdict",
        "Cleared: every rule that must hold is kept. Blocked: one is broken. Undecided: one could not be judged.",
    ),
    (
        "Policy",
        "The list of rules, with their limits and reasons, by which the owners of the dataset chose to be judged.",
    ),
)


def statement(by_origin: Mapping[str, Share], rows: int) -> str:
    """Who wrote the rows, in one sentence."""
    if not rows:
        return "This dataset has no rows."
    named = [(name, by_origin[name].rows / rows) for name in _WROTE if name in by_origin and by_origin[name].rows]
    if not named:
        return "Nobody knows who wrote its rows."
    parts = []
    for place, (name, share) in enumerate(named):
        is_rest = len(named) > 1 and place == len(named) - 1
        if share >= 1:
            part = "all of its rows"
        elif is_rest:
            part = "the rest"
        else:
            part = share_in_words(share) + (" of its rows" if place == 0 else "")
        parts.append(_WROTE[name].format(part))
    said = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
    return f"{said[0].upper()}{said[1:]}."


def verdict(audit: Audit) -> tuple[str, str, str] | None:
    """(kind of sign, word, sentence); None where nothing was judged.

    A cleared verdict with warnings says so: nobody is to read green as spotless.
    """
    revoked = why_it_fails(audit)
    if audit.verdict is None:
        return None if revoked is None else ("fail", "Withdrawn rows", f"It {revoked}.")
    failed = sum(judged.finding.outcome is Outcome.FAILED for judged in audit.findings)
    unknown = sum(judged.finding.outcome is Outcome.UNKNOWN for judged in audit.findings)
    warnings = audit.verdict.warnings
    passes = "The policy lets this pass." if audit.verdict.passes else "The policy does not let this pass."
    also = f" It {revoked}." if revoked else ""
    if audit.verdict.status is Status.BLOCKED:
        broken = f"{counted(failed, 'rule')} that must hold {'is' if failed == 1 else 'are'} broken"
        return "fail", "Blocked", f"{broken}{_named(audit)}. {passes}{also}"
    if audit.verdict.status is Status.UNKNOWN:
        judged = f"No rule that must hold is broken, but {counted(unknown, 'rule')} could not be judged"
        warned = (
            f", and {counted(warnings, 'other rule')} {'is' if warnings == 1 else 'are'} not kept" if warnings else ""
        )
        return "unsure", "Undecided", f"{judged}{warned}. {passes}{also}"
    if warnings or unknown:
        others = [f"{counted(warnings, 'other rule')} {'is' if warnings == 1 else 'are'} not kept"] if warnings else []
        others += [f"{unknown:,} could not be judged"] if unknown else []
        word = "Cleared, with warnings" if warnings else "Cleared, with open questions"
        return "warn", word, f"Every rule that must hold is kept, but {' and '.join(others)}: see the findings.{also}"
    return "pass", "Cleared", f"Every rule that must hold is kept.{also}"


def _named(audit: Audit) -> str:
    """What is broken, where that is soon said."""
    titles = [judged.finding.title for judged in audit.findings if judged.finding.outcome is Outcome.FAILED]
    titles = list(dict.fromkeys(f"{title[0].lower()}{title[1:]}" for title in titles))
    return f": {'; '.join(titles)}" if 0 < len(titles) <= _MOST_NAMED else ""


def counts(audit: Audit) -> list[tuple[str, int]]:
    """How many rules came out how, in words."""
    said = {
        Outcome.FAILED: ("must hold and is broken", "must hold and are broken"),
        Outcome.WARNING: ("warning", "warnings"),
        Outcome.NOTE: ("note", "notes"),
        Outcome.UNKNOWN: ("could not be judged", "could not be judged"),
        Outcome.KEPT: ("kept", "kept"),
        Outcome.PASSED_OVER: ("does not apply", "do not apply"),
        Outcome.WAIVED: ("waived", "waived"),
    }
    outcomes = Counter(judged.finding.outcome for judged in audit.findings)
    return [(said[each][outcomes[each] != 1], outcomes[each]) for each in said if outcomes[each]]
