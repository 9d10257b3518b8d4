"""The line that says what to hand to git next, to be copied into a shell where the command was run."""

from __future__ import annotations

import os
import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from provenance.cli.output import write_line
from provenance.report.plain_text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provenance.repository import Repository


def tell_to_add(repository: Repository, files: Iterable[str], then: str = "") -> None:
    """Write `next: git add` with ``files`` (from the DVC root), as seen from the working directory.

    Nothing is written where there is no git.
    """
    if not repository.has_git:
        return
    seen = [os.path.relpath(repository.root / file) for file in dict.fromkeys(files)]
    options_end = ["--"] if any(file.startswith("-") for file in seen) else []
    write_line(f"next: {safe(shlex.join(['git', 'add', *options_end, *seen]))}{then}")


def tell_to_add_tracked(repository: Repository, outs: Iterable[str], others: Iterable[str] = ()) -> None:
    """The same for what DVC has begun to track at ``outs``, of which it keeps git from the content, and ``others``."""
    written = list(outs)
    ignores = sorted({str(PurePosixPath(out).with_name(".gitignore")) for out in written})
    there = [file for file in ignores if (repository.root / file).exists()]
    tell_to_add(repository, [*(f"{out}.dvc" for out in written), *there, *others])
