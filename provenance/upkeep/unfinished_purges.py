"""What a purge in place that was killed has left: files that took their places before DVC knew of them."""

from __future__ import annotations

from provenance.identity.names import sidecar_path
from provenance.lineage.placing import put_back, remove_unnamed
from provenance.lineage.records import ActivityType, Header
from provenance.lineage.sidecar import open_sidecar
from provenance.repository import Repository
from provenance.upkeep.changing_folders import FolderChange


def settle_purge(repository: Repository, path: str) -> int:
    """Finish the purge of the dataset at ``path`` (from the DVC root) that was killed, if one was.

    Where data and sidecar have both taken their places, DVC is made to track them. Where only the sidecar has, the
    one that DVC recorded comes back, and the purge is to be done again. Where some files of a directory have not taken
    their places yet, they do so now.

    Returns:
        How many rows the killed purge had taken out; 0 where none was finished here.

    Raises:
        SidecarError: the sidecar cannot be read.
        RepositoryError: somebody has changed the files of a directory since.
    """
    beside = sidecar_path(path)
    recorded = repository.recorded_hashes()
    if not {path, beside} <= recorded.keys() or not (repository.root / beside).exists():
        return 0
    remove_unnamed(repository.root / beside)
    header = open_sidecar(repository.root / beside).header
    _settle_files(repository, path, header)
    now = {name: repository.md5(name)[0] for name in (path, beside)}
    if all(now[name] == recorded[name] for name in now) or not _was_purged(header):
        return 0
    before = repository.file_once_at(beside, recorded[beside], None)
    if now[path] == header.dataset.md5:
        rows = 0 if before is None else open_sidecar(before).header.dataset.rows - header.dataset.rows
        repository.add([path, beside])
        return rows
    if now[path] == recorded[path] and before is not None:
        put_back(before, repository.root / beside)
    return 0


def _settle_files(repository: Repository, path: str, header: Header) -> None:
    """Give the files of a directory their places, of which a purge that was killed has given some theirs.

    The sidecar is before all files in its place; so where it is not there, or all files are as they were, nobody needs
    what is left of the purge.
    """
    change = FolderChange.begun(repository, path)
    if change is None:
        return
    if header.dataset.md5 == change.after and repository.md5(path)[0] != change.before:
        change.finish(repository)
    else:
        change.remove()


def _was_purged(header: Header) -> bool:
    return any(activity.type is ActivityType.PURGE for activity in header.activities)
