"""Synthetic kinds: how the synthetic rows were made."""

from __future__ import annotations

from collections.abc import Callable

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject, ambiguity
from provenance.engines.answers import BornAlike
from provenance.engines.interface import Among
from provenance.ledger.rows import between_parts
from provenance.lineage.rules import MADE_BY_MODEL, made_by_model
from provenance.lineage.words import AMBIGUOUS

_MISSING = ""
_WITHOUT_KIND = (Among("kind", [None]), Among("origin", MADE_BY_MODEL))


class SyntheticKinds:
    """Rewrites of real text and texts from nowhere are not the same risk, so a row without a kind cannot be judged."""

    name = "synthetic_kinds"
    definition = "synthetic and mixed rows by kind, as fractions of these; and those whose kind nobody stated"
    unit = "fraction of synthetic and mixed rows"
    source = "rephrased text is safer than textbook style: Kang et al. 2025 (arXiv 2510.01631)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, missing_rows, missing_fraction, kinds{KIND: fraction}}``; samples without a kind stand out."""
        rows = subject.audited.rows
        by_kind = rows.by(_kind)
        made = rows.where(_is_made)
        if not made.at_most.rows:
            return NotMeasured(f"{subject.audited.dataset.path}: has no synthetic or mixed rows")
        fractions = {
            kind: between_parts(by_kind.of(kind), rows.where(_is_made_otherwise(kind))) or (0.0, 0.0)
            for kind in sorted({*by_kind.groups, _MISSING})
        }
        missing, missing_fraction = by_kind.of(_MISSING).rows, fractions.pop(_MISSING)
        shown = subject.audited.questions.most_rows_where(_WITHOUT_KIND) if missing[1] else []
        bounds = {"rows": made.rows, "missing_rows": missing, "missing_fraction": missing_fraction}
        return Measured(
            {
                **{name: least for name, (least, _) in bounds.items()},
                "kinds": {kind: least for kind, (least, _) in fractions.items()},
            },
            tuple(Outstanding(each.sample_id, "nobody said how it was made") for each in shown),
            doubts=ambiguity(bounds | {f"kinds.{kind}": each for kind, each in fractions.items()}),
        )


def _is_made(born: BornAlike) -> bool | None:
    return None if "origin" in born.doubts else made_by_model(born.origin)


def _kind(born: BornAlike) -> str | None:
    is_made = _is_made(born)
    if is_made is None or (is_made and "kind" in born.doubts):
        return AMBIGUOUS
    return (born.kind or _MISSING) if is_made else None


def _is_made_otherwise(kind: str) -> Callable[[BornAlike], bool | None]:
    """Whether a birth is by a model, and not of ``kind``."""

    def is_other(born: BornAlike) -> bool | None:
        found = _kind(born)
        return None if found == AMBIGUOUS else found not in (None, kind)

    return is_other


MEASURE = SyntheticKinds()
