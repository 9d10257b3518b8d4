"""What came from a selection, in every version of every dataset: from the sidecars of each commit, without checkout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from provenance.ledger.impact import AffectedDataset, impact_of
from provenance.ledger.revoked import named_by
from provenance.ledger.sidecars import Sidecars

if TYPE_CHECKING:
    from provenance.repository.history import History, Version


@dataclass(frozen=True)
class AffectedVersion:
    """A dataset as a commit left it, with rows that came from the selection."""

    version: Version
    dataset: AffectedDataset

    def as_json(self) -> dict[str, Any]:
        commit = self.version.commit
        return {
            "commit": commit.sha,
            "date": commit.date,
            "subject": commit.subject,
            **asdict(self.dataset),
            "references": list(self.version.references),
            "experiment": self.version.experiment,
        }


@dataclass(frozen=True)
class ImpactLog:
    """``entries``: the versions with affected rows, the newest commit first; ``unknown``: those without a sidecar.

    ``cut_off``: as in `History`.
    """

    entries: tuple[AffectedVersion, ...]
    unknown: tuple[Version, ...]
    cut_off: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "history": [entry.as_json() for entry in self.entries],
            "unknown": [{"commit": version.commit.sha, "path": version.path} for version in self.unknown],
            "cut_off": self.cut_off,
        }


def log_impact(asked: Sidecars, history: History, selectors: Sequence[str]) -> ImpactLog:
    """What came from ``selectors`` in every version in ``history``; where one fits nothing, it is passed over.

    It goes on through the models that are registered in the ledger that is ``asked``: that a model was trained on a
    dataset is as true of what it wrote before this was put down.

    Raises:
        SidecarError: a sidecar is damaged.
    """
    # By path: of a dataset that moved, the earlier versions are among those of both paths.
    by_commit: dict[str, dict[str, Version]] = {commit.sha: {} for commit in history.commits}
    for path in history.datasets:
        for version in history.versions(path):
            if version.data is not None:
                by_commit[version.commit.sha][version.path] = version
    entries: list[AffectedVersion] = []
    unknown: list[Version] = []
    for sha, versions in by_commit.items():
        if not versions:
            continue
        with Sidecars.open(asked.repository, sha, register=asked.register, engine=asked.engine_name) as ledger:
            found = {each.path: each for each in impact_of(ledger, named_by(ledger, selectors)).datasets}
        for _, version in sorted(versions.items()):
            if version.path not in found:
                unknown.append(version)
            elif found[version.path].affected_rows or found[version.path].affected_through_models:
                entries.append(AffectedVersion(version, found[version.path]))
    return ImpactLog(tuple(entries), tuple(unknown), history.cut_off)
