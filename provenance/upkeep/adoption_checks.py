"""Whether an edited stage is what it was, with just what was to be added: asked of what DVC makes of the new text.

Also whether DVC knows that it has run.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from provenance.files import MODELS_FILE, REVOCATIONS_FILE
from provenance.identity.names import SIDECAR_SUFFIX
from provenance.repository.pipelines import lock_of
from provenance.repository.staging import WRAPPER, wrapped_line

if TYPE_CHECKING:
    from provenance.repository import Repository
    from provenance.repository.pipelines import StageText


def is_just(old: StageText, new: StageText, lengths: Mapping[str, int]) -> bool:
    """Whether ``new`` has, but for its command, just so many more deps and outs, all of them sidecars or registers."""
    rest = [{k: v for k, v in each.definition.items() if k not in ("cmd", "deps", "outs")} for each in (old, new)]
    if rest[0] != rest[1]:
        return False
    for kind in ("deps", "outs"):
        ours, theirs = (list(stage.definition.get(kind) or []) for stage in (old, new))
        more = [item for item in theirs if item not in ours]
        names = [str(name) for each in more for name in (each if isinstance(each, Mapping) else [each])]
        is_known = all(name.endswith((SIDECAR_SUFFIX, MODELS_FILE, REVOCATIONS_FILE)) for name in names)
        if [item for item in theirs if item in ours] != ours or len(more) != lengths.get(kind, 0) or not is_known:
            return False
    return True


def runs_just(old: StageText, new: StageText, more: Sequence[Sequence[str]], *, wraps: bool) -> bool:
    """Whether ``new`` runs what ``old`` does, its last command with the prefix if ``wraps``, and then ``more``."""
    own = new.commands[: len(new.commands) - len(more)]
    if [words_of(command) for command in new.commands[len(own) :]] != [*more]:
        return False
    if not wraps:
        return own == old.commands
    return own[:-1] == old.commands[:-1] and _is_prefixed(old.commands[-1], own[-1])


def not_recorded(repository: Repository, stages: Sequence[StageText]) -> Iterator[str]:
    """Of ``stages`` whose datasets are here, in words, those that DVC will run all the same: it knows of no run."""
    entries = {file: repository.pipelines.recorded(file) for file in {stage.file for stage in stages}}
    for stage in stages:
        if stage.name not in entries[stage.file]:
            yield (
                f"stage {stage.address}: {lock_of(stage.file)} has no run of it: `dvc repro` runs it; if it made what "
                f"is here, record that after the adoption: `dvc commit --force {shlex.quote(stage.address)}`"
            )


def words_of(command: str) -> list[str]:
    return shlex.split(command)


def _is_prefixed(old: str, new: str) -> bool:
    if new == wrapped_line(old, in_shell=False):
        return True
    try:
        words = shlex.split(new)
    except ValueError:
        return False
    return words == [*WRAPPER, "sh", "-c", old]
