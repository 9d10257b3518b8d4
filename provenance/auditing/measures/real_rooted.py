"""Real-rooted share: synthetic rows that go back to at least one real sample."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject, ambiguity
from provenance.engines.answers import BornAlike
from provenance.engines.interface import MOST_SHOWN, Among
from provenance.ledger.composition.composition import real_rooted
from provenance.ledger.part import Part
from provenance.ledger.rows import between_parts
from provenance.lineage.records import Kind, Origin
from provenance.lineage.words import AMBIGUOUS

_WITHOUT_REAL_ANCESTOR = (
    Among("origin", [origin for origin in Origin if origin is not Origin.REAL]),
    Among("real_rooted", [False, None]),
)


class RealRooted:
    """A rewrite without a real ancestor rewrites what a model wrote, or its parents were not recorded."""

    name = "real_rooted"
    definition = "of the rows that are not real, the part with at least one real ancestor; the same of rewrites"
    unit = "fraction of rows that are not real"
    source = "without enough fresh real data in every generation quality falls: Alemohammad et al. 2023 (2307.01850)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, fraction, unknown_fraction, rewrites_fraction}``; rows without a real ancestor stand out.

        Rows whose ancestors are not all known and include no real one are not rooted, and counted as unknown, too.
        """
        rows = subject.audited.rows
        made = rows.where(_is_made)
        if not made.at_most.rows:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows that are not real")
        known = rows.by(_is_known)
        bounds = {
            "rows": made.rows,
            "fraction": real_rooted(rows),
            "unknown_fraction": between_parts(known.of("unknown"), known.of("known")),
            "rewrites_fraction": real_rooted(rows, lambda born: born.kind == "rewrite"),
        }
        return Measured(
            {name: each and each[0] for name, each in bounds.items()},
            tuple(_shown(subject.audited)),
            doubts=ambiguity(bounds),
        )


def _is_made(born: BornAlike) -> bool | None:
    return None if "origin" in born.doubts else born.origin != Origin.REAL


def _is_known(born: BornAlike) -> str | None:
    if _is_made(born) is None or (born.origin != Origin.REAL and "real_rooted" in born.doubts):
        return AMBIGUOUS
    return None if born.origin == Origin.REAL else "unknown" if born.real_rooted is None else "known"


def _shown(part: Part) -> list[Outstanding]:
    """Rows without a real ancestor: rewrites first, as these must have been made from something."""
    other_kinds = sorted({born.kind for born in part.rows.births if born.kind} - {Kind.REWRITE})
    rewrites, others = (
        (*_WITHOUT_REAL_ANCESTOR, Among("kind", kinds)) for kinds in ([Kind.REWRITE], [None, *other_kinds])
    )
    found = part.questions.most_rows_where(rewrites)
    found += part.questions.most_rows_where(others, MOST_SHOWN - len(found))
    return [Outstanding(each.sample_id, f"{each.kind or 'no kind'}, without a real ancestor") for each in found]


MEASURE = RealRooted()
