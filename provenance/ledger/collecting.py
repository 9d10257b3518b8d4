"""Which datasets a revision has, and what there is of their sidecars.

What was found is remembered in a `snapshot`, with which it is known again without DVC, and without opening a sidecar,
as long as nothing has changed.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.cached import read_cached, write_cached
from provenance.errors import RepositoryError, SidecarError
from provenance.files import generations_in
from provenance.ledger import snapshot
from provenance.ledger.datasets import RecordedDataset, State, recorded_dataset
from provenance.stored import PathElsewhere

if TYPE_CHECKING:
    from provenance.files import Cleaned
    from provenance.repository import Dataset, Repository

_VERSION = 2
_WITHOUT_DATA = "imported without its data"
NOT_RUN = "its stage has not run"
_MOST_REMEMBERED = 10_000


@dataclass
class Found:
    """The datasets of a revision, by what there is of their sidecars; of some, what to say of it, by path.

    ``unmade``: those of ``unrecorded`` that DVC knows no content of yet, and why. ``remarks``: of the workspace, what
    lets lineage go stale or get lost, and what mends it.
    """

    recorded: list[RecordedDataset] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    unmade: dict[str, str] = field(default_factory=dict)
    unfetched: dict[str, str] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        document = asdict(self)
        for dataset in document["recorded"]:
            dataset["file"] = str(dataset["file"])
            del dataset["workspace"]
        return document

    @classmethod
    def of_json(cls, document: dict[str, Any], workspace: Path) -> Found:
        recorded = [
            RecordedDataset(**(each | {"file": Path(each["file"]), "workspace": workspace}))
            for each in document["recorded"]
        ]
        return cls(**(document | {"recorded": recorded}))


def collect(repository: Repository, rev: str | None, *, anew: bool = False) -> Found:
    """The datasets of revision ``rev``, or of the workspace; sidecars are fetched if need be.

    ``anew``: for those who check each sidecar themselves: nothing that is remembered is believed, and no sidecar is
    unusable for what its records say.
    """
    if rev is not None or anew:
        return _collect(repository, rev, anew=anew)
    remembered = snapshot.load(repository.root, repository.temporary)
    if remembered is not None:
        return Found.of_json(remembered, generations_in(repository.temporary))
    since, watched = time.time_ns(), snapshot.look_around(repository.root)
    found = _collect(repository, rev, anew=False)
    # What is wrong or missing now may be mended without a file here changing.
    is_here = not any(isinstance(each.file, PathElsewhere) for each in found.recorded)
    if watched is not None and is_here and not (found.unusable or found.unfetched):
        data = [repository.root / path for path in (*(each.path for each in found.recorded), *found.unrecorded)]
        files = [*data, *(each.file for each in found.recorded)]
        snapshot.save(repository.root, repository.temporary, watched, since, files, found.as_json())
    return found


def is_remembered_right(repository: Repository) -> bool | None:
    """Whether what is remembered of the workspace is what DVC says; None where nothing is."""
    remembered = snapshot.load(repository.root, repository.temporary)
    if remembered is None:
        return None
    return Found.of_json(remembered, generations_in(repository.temporary)) == _collect(repository, None, anew=False)


def _collect(repository: Repository, rev: str | None, *, anew: bool) -> Found:
    found = Found()
    sound = None if anew else SoundSidecars(repository.temporary)
    hashes = repository.recorded_hashes() if rev is None else {}
    for dataset in repository.datasets(rev):
        try:
            file = repository.sidecar_file(dataset.path, rev)
            if file is None:
                _note_absent(repository, rev, dataset, found)
            else:
                found.recorded.append(_recorded(repository, rev, dataset, file, len(found.recorded), hashes, sound))
        except RepositoryError as error:
            found.unfetched[dataset.path] = str(error)
        except SidecarError as error:
            found.unusable[dataset.path] = str(error)
    if rev is None:
        found.remarks = repository.remarks()
    return found


def _note_absent(repository: Repository, rev: str | None, dataset: Dataset, found: Found) -> None:
    if dataset.sidecar is not None and dataset.md5 is not None:
        found.unfetched[dataset.path] = _unfetched(repository, dataset.path, rev)
        return
    found.unrecorded.append(dataset.path)
    if dataset.md5 is None:
        found.unmade[dataset.path] = _WITHOUT_DATA if dataset.stage is None else NOT_RUN


def _recorded(
    repository: Repository,
    rev: str | None,
    dataset: Dataset,
    file: Path,
    place: int,
    hashes: Mapping[str, str],
    sound: SoundSidecars | None,
) -> RecordedDataset:
    """``dataset`` with its sidecar ``file``; ``hashes`` are those that DVC has recorded in the workspace.

    Raises:
        SidecarError: it cannot be read, is not ``sound`` (None: not to be judged here), or is that of another dataset.
    """
    digest = repository.sidecar_digest(dataset.path, rev)
    as_recorded = hashes.get(dataset.sidecar or "") in (None, digest)
    recorded = recorded_dataset(
        dataset.path,
        dataset.md5,
        file,
        digest,
        place,
        as_recorded=as_recorded,
        stage=dataset.stage,
        workspace=generations_in(repository.temporary),
    )
    recorded = _of_its_bytes(repository, rev, dataset, recorded)
    if sound is not None:
        sound.require(recorded)
    described = recorded.sidecar.header.dataset.path
    if recorded.state is State.STALE and described not in (dataset.path, dataset.source):
        raise SidecarError(
            f"{dataset.path}: its sidecar is that of another dataset, {described}; restore it with `dvc checkout`, "
            "or make it again with `dvc repro` or `provenance add`"
        )
    return recorded


def _of_its_bytes(
    repository: Repository, rev: str | None, dataset: Dataset, recorded: RecordedDataset
) -> RecordedDataset:
    """``recorded`` with the hash of its bytes, in place of DVC 2's, to which one line end is like the other."""
    if rev is None or not dataset.is_legacy:
        return recorded
    # Where it is the sidecar's too, of data of the same size, nothing was left out of it, and no data need be read.
    if recorded.described_md5 == dataset.md5 and recorded.sidecar.header.dataset.size == dataset.size:
        return recorded
    sidecar = recorded.sidecar
    exact = replace(recorded, md5=repository.recorded_md5(dataset.path, rev))
    exact.__dict__["sidecar"] = sidecar
    return exact


class SoundSidecars:
    """The sidecars that were read once as a whole, and can be asked beside others; known by their hashes."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._file = temporary / "sound-sidecars.json"
        self._known: list[str] = read_cached(self._file, _VERSION) or []

    def require(self, dataset: RecordedDataset) -> None:
        """Read the dataset's sidecar, unless one of the same content was read before; in place, its footers.

        Raises:
            SidecarError: it cannot be read, or its records do not keep the specification.
        """
        from provenance.lineage.soundness import require_sound, require_stated_sound

        if dataset.digest in self._known:
            return
        if not dataset.sidecar.is_here:
            # To read all of it would be to bring it here.
            require_stated_sound(dataset.sidecar)
            return
        require_sound(dataset.sidecar, self._temporary)
        self._known = [*self._known[-_MOST_REMEMBERED:], dataset.digest]
        write_cached(self._file, _VERSION, self._known)


def clean_generations(repository: Repository, keep: Iterable[RecordedDataset]) -> Cleaned:
    """Remove what was put together of generations of other sidecars than those of ``keep``.

    So goes what version 0.2 left: folders of links to sidecars' parts.
    """
    from provenance.files import Cleaned, remove_folder
    from provenance.lineage.generations import clean, key_of

    left = repository.temporary / "sidecars"
    cleaned = remove_folder(left) if left.is_dir() else Cleaned()
    return cleaned + clean(
        generations_in(repository.temporary), [key_of(dataset.file) for dataset in keep if dataset.file.is_dir()]
    )


def absent(repository: Repository) -> str:
    """Why a sidecar that was tracked cannot be found."""
    if not repository.fetches:
        return "its sidecar is not on this machine, and --no-fetch forbids to fetch it"
    return "its sidecar is in no cache and on no remote: `dvc gc` collected it, or it was never pushed"


def _unfetched(repository: Repository, path: str, rev: str | None) -> str:
    """What to say of a dataset whose sidecar is tracked, but neither here nor to be fetched."""
    from provenance.identity.names import sidecar_path

    if rev is not None:
        return f"{path} at {rev}: {absent(repository)}"
    return f"{path}: its sidecar is not on this machine; fetch it with `dvc pull {shlex.quote(sidecar_path(path))}`"
