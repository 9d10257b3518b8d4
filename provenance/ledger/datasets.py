"""The datasets of a revision, and what there is of their sidecars."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from provenance.errors import SidecarError
from provenance.lineage.sidecar import Sidecar, open_sidecar, sidecar_path

if TYPE_CHECKING:
    from provenance.repository import Repository


class State(StrEnum):
    """Whether a dataset has a sidecar here that can be used, and whether that is the sidecar of this very data."""

    OK = "ok"
    STALE = "stale"
    MISSING = "missing"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class RecordedDataset:
    """A dataset of the revision that has a sidecar; ``place`` is the sidecar's number in the column ``sidecar``.

    ``path`` is from the DVC root; ``md5`` is DVC's of the data as it is (None: DVC has none yet).
    """

    path: str
    md5: str | None
    sidecar: Sidecar
    place: int

    @property
    def state(self) -> State:
        """Whether the md5 in the sidecar's footer is the data's; where one of them is not known, nothing differs."""
        described = self.sidecar.header.dataset.md5
        return State.STALE if self.md5 and described and described != self.md5 else State.OK

    def require_current(self) -> None:
        """Refuse a sidecar of other data.

        Raises:
            SidecarError: the sidecar was made for a file of another md5.
        """
        if self.state is State.STALE:
            raise SidecarError(
                f"{self.path}: its sidecar was made for a file of md5 {self.sidecar.header.dataset.md5}, but the file "
                f"has {self.md5}; run `dvc repro` or `provenance add` again, or restore both with `dvc checkout`"
            )


@dataclass
class Found:
    """The datasets of a revision, by what there is of their sidecars."""

    recorded: list[RecordedDataset] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    unfetched: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)


def collect(repository: Repository, rev: str | None) -> Found:
    """The datasets of revision ``rev``, or of the workspace; sidecars are fetched if need be."""
    found = Found()
    for dataset in repository.datasets(rev):
        file = repository.sidecar_file(dataset.path, rev)
        if file is None:
            (found.unrecorded if dataset.sidecar is None else found.unfetched).append(dataset.path)
            continue
        try:
            sidecar = open_sidecar(file)
        except SidecarError as error:
            found.unusable[dataset.path] = str(error)
            continue
        recorded = RecordedDataset(dataset.path, dataset.md5, sidecar, len(found.recorded))
        described = sidecar.header.dataset.path
        if recorded.state is State.STALE and described != dataset.path:
            found.unusable[dataset.path] = (
                f"{dataset.path}: its sidecar is that of another dataset, {described}; restore it with `dvc checkout`, "
                "or make it again with `dvc repro` or `provenance add`"
            )
        else:
            found.recorded.append(recorded)
    return found


def unfetched(path: str) -> str:
    """What to say of a dataset whose sidecar is tracked, but neither here nor to be fetched."""
    return f"{path}: its sidecar is not on this machine; fetch it with `dvc pull {sidecar_path(path)}`"
