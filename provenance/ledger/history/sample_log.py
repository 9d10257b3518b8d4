"""The log of a sample: in which commit it came into a dataset, and in which it left.

All sidecars of the history are asked for the sample at once. Then each dataset is gone through along the commits: an
entry is where the rows of the sample, or their origin, differ from those at all parents of the commit. Where a
sidecar is not available, the state is taken to be the one before it, and the next entry says that it is uncertain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from provenance.errors import UnknownReferenceError
from provenance.ledger.composition.breakdowns import most_first
from provenance.ledger.history.sidecars import NO_SIDECAR, UNUSABLE, Unknown, ask_each, key_of, locate, open_each
from provenance.ledger.missing import name_some
from provenance.lineage.words import AMBIGUOUS, COUNTED_NAMES

if TYPE_CHECKING:
    from provenance.repository import Repository
    from provenance.repository.git import Commit
    from provenance.repository.history import History, Version

APPEARED, CHANGED, LEFT, MOVED = "appeared", "changed", "left", "moved"

_MOST_ID_DIGITS = 128
_UNCERTAIN = "what the commit before had is not known: it may have happened earlier"


@dataclass(frozen=True)
class State:
    """The rows of a dataset with the sample, by origin; ``uncertain``: the sidecar is not available.

    Rows that may be of several origins are `AMBIGUOUS`.
    """

    by_origin: tuple[tuple[str, int], ...] = ()
    uncertain: bool = False

    @property
    def rows(self) -> int:
        return sum(rows for _, rows in self.by_origin)


@dataclass(frozen=True)
class SampleEntry:
    """What a commit did to a sample in ``dataset``.

    ``event``: it ``appeared``, ``left``, ``changed`` (its rows or their origin), or ``moved`` with the dataset from
    ``moved_from``. ``references``: the branches and tags in which it is so; ``experiment``: as of a dataset's version.
    """

    commit: Commit
    dataset: str
    event: str
    by_origin: dict[str, int]
    references: tuple[str, ...]
    experiment: str | None
    moved_from: str | None
    reason: str | None

    def as_json(self) -> dict[str, Any]:
        rows = sum(self.by_origin.values())
        return {
            "commit": self.commit.sha,
            "date": self.commit.date,
            "subject": self.commit.subject,
            "dataset": self.dataset,
            "event": self.event,
            "rows": rows,
            "by_origin": {name: {"rows": each, "fraction": each / rows} for name, each in self.by_origin.items()},
            "references": list(self.references),
            "experiment": self.experiment,
            "moved_from": self.moved_from,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class SampleLog:
    """``entries``: the newest commit first. ``unknown``: versions of datasets that may have had it, and why not known.

    ``ancestor_of``: datasets in which it is, at some commit, an ancestor of rows, but never a row itself.
    ``unreadable`` as in `DatasetLog`.
    """

    sample_id: str
    entries: tuple[SampleEntry, ...]
    unknown: tuple[tuple[Version, Unknown], ...]
    ancestor_of: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "sample_id": self.sample_id,
            "entries": [entry.as_json() for entry in self.entries],
            "unknown": [
                {
                    "commit": version.commit.sha,
                    "dataset": version.path,
                    "state": unknown.state,
                    "reason": unknown.reason,
                }
                for version, unknown in self.unknown
            ],
            "ancestor_of": list(self.ancestor_of),
            "unreadable": [{"commit": commit, "file": file} for commit, file in self.unreadable],
        }


def log_sample(repository: Repository, history: History, prefix: str) -> SampleLog:
    """The log, over ``history``, of the sample whose id begins with the hex digits ``prefix``.

    Raises:
        UnknownReferenceError: no sidecar of any commit knows such a sample, or more than one fits.
    """
    versions = {path: [version for version in history.versions_at(path) if version.data] for path in history.datasets}
    asked = [version for each in versions.values() for version in each if key_of(version) is not None]
    found, unknown = _occurrences(repository, asked, prefix.lower())
    ids = sorted({sample_id for by_id in found.values() for sample_id in by_id})
    not_known = [
        (version, unknown[key])
        for version in asked
        if (key := key_of(version)) in unknown and unknown[key].reason != NO_SIDECAR
    ]
    if not ids:
        missing = f"; sidecars that are not available: {len(not_known)}" if not_known else ""
        raise UnknownReferenceError(f"{prefix}: no sidecar of any commit knows a sample whose id begins so{missing}")
    if len(ids) > 1:
        raise UnknownReferenceError(f"{prefix}: fits more than one sample, give more digits: {name_some(ids)}")
    (sample_id,) = ids
    states = {key: _state(by_id.get(sample_id)) for key, by_id in found.items()}
    entries = [
        entry for path, each in versions.items() if each for entry in _entries(history, path, each, states, unknown)
    ]
    known_in = {version.path for version in asked if sample_id in found.get(key_of(version) or "", {})}
    return SampleLog(
        sample_id=sample_id,
        entries=tuple(_in_order(history, _with_moves(entries))),
        unknown=tuple(not_known),
        ancestor_of=tuple(sorted(known_in - {entry.dataset for entry in entries})),
        unreadable=tuple((commit.sha, file) for commit, file in history.unreadable),
    )


# What one sidecar says of the samples that fit, by their ids: the sums of its `_COUNTED` for each origin.
Occurrences = dict[str, dict[str, tuple[int, int, int]]]
_ORIGIN = f"CASE WHEN coalesce(doubts, 0) & 1 = 1 THEN '{AMBIGUOUS}' ELSE origin END"
_COUNTED = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in COUNTED_NAMES)


def _occurrences(
    repository: Repository, versions: Sequence[Version], prefix: str
) -> tuple[dict[str, Occurrences], dict[str, Unknown]]:
    """By the sidecars' keys, where samples that fit occur; and why that is not known."""
    located = locate(repository, versions)
    sidecars, damaged = open_each(located.files, repository.temporary)
    unknown = located.unknown | damaged
    # Ids are in order, so that of each file only a part is read.
    low, high = bytes.fromhex(prefix + "0" * (len(prefix) % 2)), bytes.fromhex(prefix.ljust(_MOST_ID_DIGITS, "f"))
    condition = f"sample_id BETWEEN '{_escaped(low)}'::BLOB AND '{_escaped(high)}'::BLOB"
    answers = ask_each(sidecars, f"sample_id, {_ORIGIN}, {_COUNTED}", condition, repository.temporary)
    found: dict[str, Occurrences] = {}
    for key, answer in answers.items():
        if isinstance(answer, str):
            unknown[key] = Unknown(UNUSABLE, answer)
            continue
        found[key] = {}
        for sample_id, origin, *numbers in answer:
            found[key].setdefault(sample_id.hex(), {})[origin] = tuple(numbers)
    return found, unknown


def _escaped(content: bytes) -> str:
    return "".join(f"\\x{byte:02X}" for byte in content)


def _state(by_origin: Mapping[str, tuple[int, int, int]] | None) -> State:
    counted = by_origin or {}
    shared, possible = (sum(numbers[place] for numbers in counted.values()) for place in (2, 1))
    # Of the rows that births share, those of one origin have at least what all others cannot have.
    certain = {
        origin: rows + max(0, shared - (possible - own))
        for origin, (rows, own, _) in counted.items()
        if origin != AMBIGUOUS
    }
    certain[AMBIGUOUS] = sum(rows for rows, *_ in counted.values()) + shared - sum(certain.values())
    return State(tuple(most_first({name: rows for name, rows in certain.items() if rows}).items()))


def _entries(
    history: History,
    path: str,
    versions: Iterable[Version],
    known: Mapping[str, State],
    unknown: Mapping[str, Unknown],
) -> Iterator[SampleEntry]:
    by_commit = {version.commit.sha: version for version in versions}
    states = _states(history, path, by_commit, known, unknown)
    # Whether a state is certain is no difference.
    made_by = history.made_by({sha: state.by_origin for sha, state in states.items()})
    # Nor does a branch or tag have what a commit made where that is not certain.
    names = history.names(made_by | {sha: sha for sha, state in states.items() if state.uncertain})
    for commit in history.commits:
        if made_by[commit.sha] != commit.sha:
            continue
        before = [states[sha] for sha in commit.parents if sha in states]
        state = states[commit.sha]
        had = max((each.rows for each in before), default=0)
        if not (had or state.rows):
            continue
        version = by_commit.get(commit.sha)
        yield SampleEntry(
            commit=commit,
            dataset=path,
            event=LEFT if not state.rows else CHANGED if had else APPEARED,
            by_origin=dict(state.by_origin),
            references=names.get(commit.sha, ()) if state.rows else (),
            experiment=history.experiment(commit),
            moved_from=version.moved_from if version is not None else None,
            reason=_UNCERTAIN if any(each.uncertain for each in before) else None,
        )


def _states(
    history: History,
    path: str,
    by_commit: Mapping[str, Version],
    known: Mapping[str, State],
    unknown: Mapping[str, Unknown],
) -> dict[str, State]:
    """The sample's state in the dataset at each commit."""
    makers = history.version_makers(path)
    states: dict[str, State] = {}
    for commit in reversed(history.commits):
        version = by_commit.get(makers[commit.sha])
        key = None if version is None else key_of(version)
        if version is None:
            states[commit.sha] = State()
        elif key is None or key in unknown:
            before = next((states[sha] for sha in commit.parents if sha in states), State())
            states[commit.sha] = replace(before, uncertain=True)
        else:
            states[commit.sha] = known[key]
    return states


def _with_moves(entries: Sequence[SampleEntry]) -> Iterator[SampleEntry]:
    """``entries``, of which one that appeared where the dataset was moved to is the one that left where it was."""
    left = {(entry.commit.sha, entry.dataset) for entry in entries if entry.event == LEFT}
    moves = {
        (entry.commit.sha, entry.moved_from): entry
        for entry in entries
        if entry.event == APPEARED and (entry.commit.sha, entry.moved_from) in left
    }
    for entry in entries:
        if entry.event == LEFT and (entry.commit.sha, entry.dataset) in moves:
            continue
        is_move = moves.get((entry.commit.sha, entry.moved_from)) is entry
        yield replace(entry, event=MOVED) if is_move else replace(entry, moved_from=None)


def _in_order(history: History, entries: Iterable[SampleEntry]) -> list[SampleEntry]:
    order = {commit.sha: place for place, commit in enumerate(history.commits)}
    return sorted(entries, key=lambda entry: (order[entry.commit.sha], entry.dataset))
