"""Which stage this process runs in.

DVC says it by a name that is relative to wherever DVC was started, and passes it on to whatever a stage starts, also to
what works in another repository. Where that leaves a doubt, DVC's locks decide: while a stage runs, the process of DVC
that runs it, and from which this one descends, holds its outs.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.repository.tracked import address

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import PipelineStage


def find_running_stage(repo: Repo) -> PipelineStage | None:
    """The stage of ``repo`` that DVC_STAGE names; None outside a stage and in a stage of another repository.

    Raises:
        RepositoryError: more than one stage fits.
        dvc.exceptions.DvcException: a DVC file cannot be read.
    """
    from dvc.repo.index import Index
    from dvc.stage import PipelineStage

    named = os.environ.get("DVC_STAGE")
    if not named:
        return None
    file, _, name = named.rpartition(":")
    fits = [s for s in Index.from_repo(repo).stages if isinstance(s, PipelineStage) and s.name == name]
    is_foreign = _is_run_for_another(repo)
    if len(fits) <= 1 and not is_foreign:
        return fits[0] if fits else None
    held = _held_by_ancestors(repo)
    running = [s for s in fits if any(out.fs_path in held for out in s.outs)]
    if is_foreign and not running:
        return None
    # In a container, whose processes do not see DVC's, nobody seems to hold anything: then the places have to tell.
    fits = running or _by_place(fits, file)
    if len(fits) > 1:
        raise RepositoryError(
            f"stage {named!r} fits {' and '.join(sorted(address(s) for s in fits))}; give these stages different names"
        )
    return fits[0] if fits else None


def _by_place(fits: list[PipelineStage], file: str) -> list[PipelineStage]:
    """Those of ``fits`` that run in this folder, and then those whose file ends as ``file`` does."""
    here = Path.cwd()
    fits = [s for s in fits if Path(s.wdir).resolve() == here] or fits
    parts = tuple(part for part in Path(file or "dvc.yaml").parts if part != "..")
    return [s for s in fits if Path(s.path).parts[-len(parts) :] == parts] or fits


def _is_run_for_another(repo: Repo) -> bool:
    """Whether DVC, as far as it says, runs a stage of a repository other than ``repo``."""
    root = os.environ.get("DVC_ROOT")
    # In a container the path may say nothing. An experiment has a workspace of its own below its repository's.
    if not root or not (Path(root) / ".dvc").is_dir():
        return False
    named, here = Path(root).resolve(), Path(repo.root_dir).resolve()
    return here != named and not here.is_relative_to(named / ".dvc" / "tmp")


def _held_by_ancestors(repo: Repo) -> set[str]:
    """The paths of outs that a process holds from which this one descends."""
    import psutil
    from dvc.rwlock import RWLOCK_FILE

    try:
        held = json.loads((Path(repo.tmp_dir) / RWLOCK_FILE).read_bytes())["write"]
        ancestors = {process.pid for process in psutil.Process().parents()}
        return {path for path, holder in held.items() if holder["pid"] in ancestors}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, psutil.Error):
        return set()
