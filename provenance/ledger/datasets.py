"""A dataset of a revision that has a sidecar, and whether that is the sidecar of its very data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import SidecarError
from provenance.repository.remarks import NOT_AS_RECORDED

if TYPE_CHECKING:
    from provenance.lineage.sidecar import Sidecar


class State(StrEnum):
    """Whether a dataset has a sidecar here that can be used, and whether that is the sidecar of this very data.

    ``changed``: it is of this data, but not the sidecar that DVC has recorded.
    """

    OK = "ok"
    STALE = "stale"
    CHANGED = "changed"
    MISSING = "missing"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class RecordedDataset:
    """A dataset of the revision that has a sidecar; ``place`` is the sidecar's number in the column ``sidecar``.

    ``path`` is from the DVC root; ``md5`` is DVC's of the data as it is (None: DVC has none yet). ``file`` is the
    sidecar, to read and never to change, ``digest`` DVC's hash of it; ``rows`` and ``described_md5`` are what its
    footer says of the data it was made for. ``as_recorded``: DVC has no other hash on record for the sidecar.
    ``stage``: the address of the stage that makes it (None: added or imported). ``workspace``: see `open_sidecar`.
    """

    path: str
    md5: str | None
    file: Path
    digest: str
    rows: int
    described_md5: str | None
    place: int
    as_recorded: bool = True
    stage: str | None = None
    workspace: Path | None = None

    @cached_property
    def sidecar(self) -> Sidecar:
        """The sidecar, opened when it is first asked for.

        Raises:
            SidecarError: it cannot be read.
        """
        from provenance.lineage.sidecar import open_sidecar

        return open_sidecar(self.file, self.workspace)

    @property
    def state(self) -> State:
        """Whether the md5 in the sidecar's footer is the data's; where one of them is not known, nothing differs."""
        if self.md5 and self.described_md5 and self.described_md5 != self.md5:
            return State.STALE
        return State.OK if self.as_recorded else State.CHANGED

    def require_current(self) -> None:
        """Refuse a sidecar of other data, and one that is not the one that DVC has recorded.

        Raises:
            SidecarError: it is one of these.
        """
        if self.state is State.STALE:
            raise SidecarError(
                f"{self.path}: its sidecar was made for a file of md5 {self.described_md5}, but the file "
                f"has {self.md5}; run `dvc repro`, `provenance add` or (imports) `provenance update` again, or restore "
                "both with `dvc checkout`"
            )
        if self.state is State.CHANGED:
            raise SidecarError(f"{self.path}: {NOT_AS_RECORDED}")


def recorded_dataset(
    path: str,
    md5: str | None,
    file: Path,
    digest: str,
    place: int,
    *,
    as_recorded: bool = True,
    stage: str | None = None,
    workspace: Path | None = None,
) -> RecordedDataset:
    """The dataset at ``path`` with the sidecar ``file``, which is opened.

    Raises:
        SidecarError: the sidecar cannot be read.
    """
    from provenance.lineage.sidecar import open_sidecar

    sidecar = open_sidecar(file, workspace)
    described = sidecar.header.dataset
    recorded = RecordedDataset(
        path, md5, file, digest, described.rows, described.md5, place, as_recorded, stage, workspace
    )
    recorded.__dict__["sidecar"] = sidecar
    return recorded
