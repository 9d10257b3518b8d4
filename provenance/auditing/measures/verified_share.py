"""Verified share: rows that something checked, and how many passed, for each verifier and each model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject, ambiguity
from provenance.engines.answers import BornAlike
from provenance.engines.interface import Among
from provenance.ledger.composition.breakdowns import UNSTATED
from provenance.ledger.rows import DatasetRows, Grouped, between_parts
from provenance.lineage.rules import MADE_BY_MODEL, made_by_model
from provenance.lineage.words import AMBIGUOUS

# A number, at least and at most.
Bounds = tuple[float, float]
Rate = Mapping[str, Bounds | None]

_LISTED = 50
_NO_RATE: Rate = {"judged": (0, 0), "passed": (0, 0), "pass_fraction": None}
# As verifiers write their verdicts.
_PASS = frozenset({"pass", "passed", "correct", "true", "yes", "ok", "valid", "accept", "accepted", "1", "1.0"})
_FAIL = frozenset({"fail", "failed", "incorrect", "false", "no", "wrong", "invalid", "reject", "rejected", "0", "0.0"})
_UNVERIFIED = (Among("verdict", [None]), Among("origin", MADE_BY_MODEL))


def passed(verdict: str) -> bool | None:
    """Whether ``verdict`` is a word for pass; None for what is neither that nor a word for fail, such as a score."""
    word = verdict.strip().casefold()
    return True if word in _PASS else False if word in _FAIL else None


class VerifiedShare:
    """A row is verified when it has a verdict. It counts for more where it names the verifier, as NAME@VERSION.

    Pass rates are of the verdicts that are words for pass or fail, see `passed`.
    """

    name = "verified_share"
    definition = "rows with a verdict; of these, those that name a verifier and its version; those that passed"
    unit = "fraction of synthetic and mixed rows; pass rates: fraction of verdicts that are pass or fail"
    source = "even an imperfect verifier can prevent collapse: Feng et al. 2024 (arXiv 2406.07515)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, verified_rows, fraction, with_verifier_fraction, with_version_fraction, pass_fraction,
        by_verifier{NAME: {rows, judged, passed, pass_fraction}}, by_model{…}}``; unverified samples stand out."""
        rows = subject.audited.rows
        made, verified = rows.where(_is_made), rows.where(_is_verified)
        if not made.at_most.rows and not verified.at_most.rows:
            return NotMeasured(f"{subject.audited.dataset.path}: has no synthetic, mixed or verified rows")
        # Where nothing is verified, no sample stands out.
        shown = subject.audited.questions.most_rows_where(_UNVERIFIED) if verified.at_most.rows else []
        of_made = rows.by(lambda born: _if(_is_made(born), "done" if _is_verified(born) else "open"))
        bounds = {
            "rows": made.rows,
            "verified_rows": of_made.of("done").rows,
            "fraction": between_parts(of_made.of("done"), of_made.of("open")),
            "with_verifier_fraction": _part(rows, lambda born: born.verifier is not None),
            "with_version_fraction": _part(rows, _has_version),
        }
        rates = _pass_rates(rows, lambda born: "")
        tables = {"by_verifier": _pass_rates(rows, _verifier), "by_model": _pass_rates(rows, _model)}
        return Measured(
            {
                **{name: each and each[0] for name, each in bounds.items()},
                **{name: each and each[0] for name, each in rates.get("", _NO_RATE).items() if name != "rows"},
                **{
                    table: {
                        group: {name: each and each[0] for name, each in rate.items()} for group, rate in groups.items()
                    }
                    for table, groups in tables.items()
                },
            },
            tuple(Outstanding(each.sample_id, "nothing has checked it") for each in shown),
            doubts=ambiguity(
                {
                    **bounds,
                    **{name: each for name, each in rates.get("", _NO_RATE).items() if name != "rows"},
                    **{
                        f"{table}.{group}.{name}": each
                        for table, groups in tables.items()
                        for group, rate in groups.items()
                        for name, each in rate.items()
                    },
                }
            ),
        )


def _is_made(born: BornAlike) -> bool | None:
    return None if "origin" in born.doubts else made_by_model(born.origin)


def _is_verified(born: BornAlike) -> bool:
    return born.verdict is not None


def _has_version(born: BornAlike) -> bool:
    return born.verifier is not None and bool(born.verifier.partition("@")[2])


def _verifier(born: BornAlike) -> str:
    return born.verifier or UNSTATED


def _model(born: BornAlike) -> str:
    return AMBIGUOUS if "agent" in born.doubts else born.model or UNSTATED


def _if(condition: bool | None, group: str) -> str | None:
    return AMBIGUOUS if condition is None else group if condition else None


def _part(rows: DatasetRows, fits: Callable[[BornAlike], bool]) -> Bounds | None:
    """The part of the verified rows that fits."""
    found = rows.by(lambda born: ("fits" if fits(born) else "other") if _is_verified(born) else None)
    return between_parts(found.of("fits"), found.of("other"))


def _pass_rates(rows: DatasetRows, name: Callable[[BornAlike], str]) -> dict[str, Rate]:
    """Pass rates of the verified rows for each name, the most frequent first and not more than can be read."""

    def verified(born: BornAlike) -> str | None:
        return name(born) if _is_verified(born) else None

    def with_word(*words: bool) -> Grouped:
        return rows.by(lambda born: verified(born) if born.verdict and passed(born.verdict) in words else None)

    by_name, judged, well, badly = rows.by(verified), with_word(True, False), with_word(True), with_word(False)
    in_order = sorted(by_name.groups.items(), key=lambda each: (*(-n for n in each[1].rows), each[0]))
    return {
        group: {
            "rows": found.rows,
            "judged": judged.of(group).rows,
            "passed": well.of(group).rows,
            "pass_fraction": between_parts(well.of(group), badly.of(group)),
        }
        for group, found in in_order[:_LISTED]
    }


MEASURE = VerifiedShare()
