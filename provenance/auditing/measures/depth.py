"""Generation depth: how many model steps lie between rows and what people wrote."""

from __future__ import annotations

from provenance.auditing.measure import (
    AMBIGUITY,
    Doubt,
    Measured,
    Needs,
    NotMeasured,
    Outstanding,
    Subject,
    ambiguity,
    both_doubts,
)
from provenance.engines.answers import BornAlike
from provenance.engines.interface import Among
from provenance.ledger.composition.composition import greatest_depth
from provenance.ledger.rows import DatasetRows
from provenance.lineage.words import AMBIGUOUS
from provenance.plurals import counted

_UNKNOWN = "unknown"
# What may be anything where the depth of a row may be.
_UNBOUNDED = ("max", "mean", "max_without_real_ancestor")


class Depth:
    """0 for real; else 1 + the greatest depth among the parents; a derivation without a model adds nothing.

    ``max_without_real_ancestor`` is of the rows that are known to have no real ancestor: nothing fresh got into these
    (0: there are none).
    """

    name = "depth"
    definition = "generation depth of rows: the greatest, the mean, and the rows at depth 2 or more"
    unit = "model steps; fraction of rows"
    source = "nine generations without real data took perplexity from 20 to 28: Shumailov et al. 2024 (Nature 631)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{max, mean, deep_fraction, unknown_fraction, max_without_real_ancestor, fractions{DEPTH: fraction}}``."""
        rows = subject.audited.rows
        total = rows.total.rows
        if not total:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows")
        by_depth = rows.by(_depth)
        depths = sorted(depth for depth in by_depth.groups if depth != _UNKNOWN)
        unknown = by_depth.of(_UNKNOWN).rows
        deep = rows.where(lambda born: None if _depth(born) == AMBIGUOUS else (born.depth or 0) > 1).rows
        most, rootless = greatest_depth(rows), greatest_depth(rows, lambda born: born.real_rooted is False)
        bounds = {
            "max": most,
            "mean": _mean(rows),
            "deep_fraction": _of(deep, total),
            "unknown_fraction": _of(unknown, total),
            "max_without_real_ancestor": rootless or (0, 0),
        }
        fractions = {str(depth): _of(by_depth.of(depth).rows, total) for depth in depths}
        shown = subject.audited.questions.most_rows_where([Among("depth", [most[1]])]) if most and most[1] > 1 else []
        ambiguous = ambiguity(bounds | {f"fractions.{depth}": each for depth, each in fractions.items()})
        if in_doubt := by_depth.of_any_group.rows:
            # These may be of any depth: what bounds all others bounds no sum over them.
            ambiguous |= dict.fromkeys(_UNBOUNDED, Doubt(None, AMBIGUITY))
        return Measured(
            {
                **{name: each and each[0] for name, each in bounds.items()},
                "fractions": {depth: least for depth, (least, _) in fractions.items()},
            },
            tuple(Outstanding(each.sample_id, f"{most[1]} model steps from real data") for each in shown if most),
            doubts=both_doubts(_doubts(unknown[1] - in_doubt, total), ambiguous),
        )


def _depth(born: BornAlike) -> int | str:
    if "depth" in born.doubts:
        return AMBIGUOUS
    return _UNKNOWN if born.depth is None else born.depth


def _of(rows: tuple[int, int], total: int) -> tuple[float, float]:
    return rows[0] / total, rows[1] / total


def _mean(rows: DatasetRows) -> tuple[float, float] | None:
    """The mean depth of the rows whose depth is known, if only as one of several, at least and at most."""
    known = [(cell.rows, cell.depth, cell.depth) for cell in rows.cells if cell.depth is not None]
    for samples in rows.ambiguous:
        depths = [option.depth for option in samples.options if option.depth is not None]
        if len(depths) == len(samples.options):
            known.append((samples.rest * samples.samples, min(depths), max(depths)))
    count = sum(number for number, _, _ in known)
    if not count:
        return None
    return sum(n * least for n, least, _ in known) / count, sum(n * most for n, _, most in known) / count


def _doubts(unknown: int, total: int) -> dict[str, Doubt]:
    if not unknown:
        return {}
    why = f"the depth of {counted(unknown, 'row')} is unknown"
    return dict.fromkeys(_UNBOUNDED, Doubt(None, why)) | {"deep_fraction": Doubt(unknown / total, why)}


MEASURE = Depth()
