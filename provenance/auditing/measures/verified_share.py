"""Verified share: rows that something checked, and how many passed, for each verifier and each model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject, Values
from provenance.engines.interface import Among, Cell
from provenance.lineage.rules import MADE_BY_MODEL

_LISTED = 50
# As verifiers write their verdicts.
_PASS = frozenset({"pass", "passed", "correct", "true", "yes", "ok", "valid", "accept", "accepted", "1", "1.0"})
_FAIL = frozenset({"fail", "failed", "incorrect", "false", "no", "wrong", "invalid", "reject", "rejected", "0", "0.0"})
_UNVERIFIED = (Among("verdict", [None]), Among("origin", MADE_BY_MODEL))


def passed(verdict: str) -> bool | None:
    """Whether ``verdict`` is a word for pass; None for what is neither that nor a word for fail, such as a score."""
    word = verdict.strip().casefold()
    return True if word in _PASS else False if word in _FAIL else None


@dataclass(frozen=True)
class _Check:
    """Rows of one verdict by one verifier (None: not stated) of one model's output."""

    verdict: str | None
    verifier: str | None
    model: str | None
    made: bool
    rows: int

    @property
    def has_version(self) -> bool:
        return self.verifier is not None and bool(self.verifier.partition("@")[2])


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
        checks = list(_checks(subject.audited.cells))
        made = [check for check in checks if check.made]
        verified = [check for check in checks if check.verdict is not None]
        if not made and not verified:
            return NotMeasured(f"{subject.audited.dataset.path}: has no synthetic, mixed or verified rows")
        # Where nothing is verified, no sample stands out.
        shown = subject.audited.questions.most_rows_where(_UNVERIFIED) if verified else []
        total, done = _rows(made), _rows(check for check in made if check.verdict is not None)
        return Measured(
            {
                "rows": total,
                "verified_rows": done,
                "fraction": done / total if total else None,
                "with_verifier_fraction": _part(verified, lambda check: check.verifier is not None),
                "with_version_fraction": _part(verified, lambda check: check.has_version),
                **_pass_rate(verified),
                "by_verifier": _by(verified, lambda check: check.verifier),
                "by_model": _by(verified, lambda check: check.model),
            },
            tuple(Outstanding(each.sample_id, "nothing has checked it") for each in shown),
        )


def _checks(cells: Iterable[Cell]) -> Iterable[_Check]:
    for cell in cells:
        yield _Check(cell.verdict, cell.verifier, cell.model, cell.origin in MADE_BY_MODEL, cell.rows)


def _rows(checks: Iterable[_Check]) -> int:
    return sum(check.rows for check in checks)


def _part(checks: list[_Check], fits: Callable[[_Check], bool]) -> float | None:
    return _rows(filter(fits, checks)) / _rows(checks) if checks else None


def _pass_rate(checks: list[_Check]) -> Mapping[str, int | float | None]:
    judged = [check for check in checks if check.verdict is not None and passed(check.verdict) is not None]
    well = _rows(check for check in judged if check.verdict is not None and passed(check.verdict))
    return {
        "judged": _rows(judged),
        "passed": well,
        "pass_fraction": well / _rows(judged) if judged else None,
    }


def _by(checks: list[_Check], name: Callable[[_Check], str | None]) -> Values:
    """Pass rates for each name, the most frequent first and not more than can be read."""
    groups: dict[str, list[_Check]] = {}
    for check in checks:
        groups.setdefault(name(check) or "unstated", []).append(check)
    listed = sorted(groups.items(), key=lambda group: (-_rows(group[1]), group[0]))[:_LISTED]
    return {key: {"rows": _rows(same), **_pass_rate(same)} for key, same in listed}


MEASURE = VerifiedShare()
