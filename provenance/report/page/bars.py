"""What is in a dataset: each breakdown as groups of rows, and who wrote the rows of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.faces.numbers import percent
from provenance.faces.pages import kind_in_words
from provenance.faces.palette import NAMES
from provenance.ledger.composition.breakdowns import BREAKDOWNS, UNSURE
from provenance.lineage.words import AMBIGUOUS
from provenance.plurals import counted
from provenance.report.audit_words import cells

if TYPE_CHECKING:
    from provenance.auditing.mixture import MixtureAudit
    from provenance.ledger.composition.composition import Composition, Share

_MOST_GROUPS = 12
# Breakdowns, what each asks, and what that means.
_QUESTIONS = {
    "by_origin": ("Who wrote it", "people (real), a model (synthetic), both (mixed), or nobody knows"),
    "by_kind": ("How the model's part was made", "a rewrite starts from a given text, a self-revision from its own"),
    "by_model": ("By which model", "and which version of it"),
    "by_source": ("Collected from", "where text was found"),
    "by_license": ("Under which licence", "as recorded with the row or its source"),
    "by_depth": ("Steps from human text", "0 is human text; each model step adds one"),
    "by_evidence": ("How we know", "observed: recorded as it happened; declared: stated afterwards"),
}
_SAID = {"unstated": "not stated", "unknown": "not known", AMBIGUOUS: "one of several, not certain which"}


@dataclass(frozen=True)
class Group:
    """``origin``: that this is the group of; else the group is called ``name``. Numbers are text, maybe "5 to 7"."""

    name: str
    origin: str | None
    by_origin: Mapping[str, int]
    share: str
    rows: str
    bytes: str
    tokens: str


@dataclass(frozen=True)
class Bars:
    """One question, and its groups, the one of most rows first."""

    title: str
    says: str
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Exposure:
    """Shares by origin of a mixture, of its unique rows and of what is trained on; and how often each row is seen."""

    name: str
    unit: str
    unique: Mapping[str, float]
    seen: Mapping[str, float]
    epochs: Mapping[str, float | None]


def bars(composition: Composition) -> list[Bars]:
    """The breakdowns of which there is something to say."""
    if not composition.rows:
        return []
    found = []
    for name, (title, says) in _QUESTIONS.items():
        shares: Mapping[str, Share] = getattr(composition, name)
        if shares and not (set(shares) <= set(UNSURE) and name in ("by_kind", "by_source")):
            found.append(Bars(title, says, tuple(_groups(composition, name, shares))))
    return found


def _groups(composition: Composition, name: str, shares: Mapping[str, Share]) -> list[Group]:
    origins = _origins(composition, name)
    ordered = sorted(shares, key=_by_depth) if name == "by_depth" else list(shares)
    shown = ordered if len(ordered) <= _MOST_GROUPS else ordered[: _MOST_GROUPS - 1]
    groups = [_group(composition, name, group, shares[group], origins) for group in shown]
    if rest := ordered[len(shown) :]:
        by_origin: Counter[str] = sum((_whole(origins, group, shares[group].rows) for group in rest), Counter())
        rows, size = sum(shares[group].rows for group in rest), sum(shares[group].bytes for group in rest)
        groups.append(
            Group(
                counted(len(rest), "other"),
                None,
                by_origin,
                percent(rows, composition.rows),
                f"{rows:,}",
                percent(size, composition.bytes),
                "–",
            )
        )
    return groups


def _by_depth(group: str) -> tuple[bool, int]:
    return (not group.isdigit(), int(group) if group.isdigit() else 0)


def _group(composition: Composition, name: str, group: str, share: Share, origins: Mapping[str, Counter[str]]) -> Group:
    rows, fraction, _, tokens = cells(share, composition.rows)
    is_word = BREAKDOWNS[name].known is not None or name == "by_depth"
    return Group(
        kind_in_words(group) if is_word and group not in _SAID else _said(name, group),
        group if name == "by_origin" and group in NAMES else None,
        _whole(origins, group, share.rows),
        fraction,
        rows,
        percent(share.bytes, composition.bytes),
        tokens if tokens != "-" else "–",
    )


def _said(name: str, group: str) -> str:
    """A group that is no name from the data, in words."""
    return _SAID["unstated"] if name == "by_license" and group == "unknown" else _SAID.get(group, group)


def _origins(composition: Composition, name: str) -> dict[str, Counter[str]]:
    """The rows of each group by origin, as far as they are certain.

    Rows of equal content may have been born in several ways that are all of one origin: then it is theirs.
    """
    found: dict[str, Counter[str]] = {}
    possible: dict[str, set[str]] = {}
    for born in composition.birth_classes:
        group = BREAKDOWNS[name].group(born)
        origin = AMBIGUOUS if "origin" in born.doubts else born.origin
        origin = origin if origin in NAMES else "unknown"
        if born.at_most_rows > born.rows:
            possible.setdefault(AMBIGUOUS, set()).add(origin)
        if group is not None:
            found.setdefault(group, Counter())[origin] += born.rows
            if born.at_most_rows > born.rows:
                possible.setdefault(group, set()).add(origin)
    shares: Mapping[str, Share] = getattr(composition, name)
    for group, origins in possible.items():
        counts = found.setdefault(group, Counter())
        if group in shares and len(origins) == 1:
            counts[next(iter(origins))] += max(0, shares[group].rows - counts.total())
    return found


def _whole(origins: Mapping[str, Counter[str]], group: str, rows: int) -> Counter[str]:
    """The ``rows`` of a group by origin; those of which none is certain are drawn as unknown."""
    found = Counter(origins.get(group, Counter()))
    if (rest := rows - found.total()) > 0:
        found["unknown"] += rest
    return found


def exposure(mixture: MixtureAudit) -> Exposure:
    """What the mixture's file says of how often rows are seen."""

    def fractions(attribute: str) -> dict[str, float]:
        found = {name: getattr(weight, attribute) for name, weight in mixture.by_origin.items()}
        return {name: value for name, value in found.items() if value is not None and name in NAMES}

    epochs = {name: weight.epochs for name, weight in mixture.by_origin.items() if name in NAMES}
    return Exposure(mixture.name, mixture.unit, fractions("unique_fraction"), fractions("exposure_fraction"), epochs)
