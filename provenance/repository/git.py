"""git itself, as a child process: it answers sooner than a library that reads its objects, and in batches."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from provenance.errors import RepositoryError

# Files that DVC reads what it tracks from, and sidecars that git tracks itself; git lets `*` stand for folders too.
_DECISIVE_FILES = ("*.dvc", "*dvc.yaml", "*dvc.lock", "*.lineage.parquet")
_REGULAR_FILE_MODES = ("100644", "100755")
_NO_OBJECT = "0"


@dataclass(frozen=True)
class Commit:
    """A commit; ``date`` is the committer's, ISO 8601 with its offset from UTC."""

    sha: str
    parents: tuple[str, ...]
    date: str
    subject: str


@dataclass(frozen=True)
class Change:
    """A file, named from the folder asked for, that differs between two commits; None: it is not there."""

    path: str
    old: str | None
    new: str | None


class Git:
    """The git repository that ``folder`` is in; paths are from that folder.

    Every method raises `RepositoryError` where git is not installed or refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exists(self) -> bool:
        """Whether there is a git repository."""
        return self._start("rev-parse", "--git-dir").returncode == 0

    def is_shallow(self) -> bool:
        """Whether commits from some depth on were left out when it was cloned."""
        return self._run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def commit_id(self, revision: str) -> str | None:
        """The full id of the commit that ``revision`` names; None where git knows none."""
        found = self._start("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return found.stdout.decode("ascii").strip() if found.returncode == 0 else None

    def references(self) -> dict[str, str]:
        """The commit that each full reference name points to, tags peeled; with HEAD, if there is one."""
        listed = self._run("for-each-ref", "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objectname)")
        found = {}
        for line in _text(listed).splitlines():
            name, kind, direct, peeled = line.split("\0")
            if kind == "commit" or peeled:
                found[name] = peeled or direct
        head = self.commit_id("HEAD")
        return {"HEAD": head, **found} if head else found

    def commits(self, tips: Iterable[str]) -> list[Commit]:
        """All commits that can be reached from ``tips``, children before their parents, else the newest first."""
        wanted = "".join(f"{tip}\n" for tip in dict.fromkeys(tips))
        if not wanted:
            return []
        listed = self._run("log", "-z", "--date-order", "--format=%H%x00%P%x00%cI%x00%s", "--stdin", given=wanted)
        fields = _text(listed).split("\0")
        return [
            Commit(sha, tuple(parents.split()), date, subject)
            for sha, parents, date, subject in zip(fields[0::4], fields[1::4], fields[2::4], fields[3::4], strict=False)
        ]

    def changed_files(self, commits: Iterable[Commit]) -> dict[str, list[Change]]:
        """For each of ``commits``, by its id, the DVC files and sidecars that differ from its first parent."""
        pairs = "".join(f"{' '.join((commit.sha, *commit.parents[:1]))}\n" for commit in commits)
        if not pairs:
            return {}
        options = ("--stdin", "--root", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--relative")
        tokens = iter(_text(self._run("diff-tree", *options, "--", *_DECISIVE_FILES, given=pairs)).split("\0"))
        found: dict[str, list[Change]] = {}
        sha = ""
        for token in tokens:
            if token.startswith(":"):
                old_mode, new_mode, old, new, _ = token[1:].split(" ")
                found[sha].append(Change(next(tokens), _regular(old_mode, old), _regular(new_mode, new)))
            elif token:
                sha = token
                found.setdefault(sha, [])
        return found

    def files(self, commit: str) -> dict[str, str]:
        """The blob of each file in ``commit`` below the folder, by path; of what is no regular file, an empty text."""
        found = {}
        for entry in _text(self._run("ls-tree", "-r", "-z", commit)).split("\0")[:-1]:
            about, _, path = entry.partition("\t")
            mode, _, blob = about.split(" ")
            found[path] = blob if mode in _REGULAR_FILE_MODES else ""
        return found

    def file(self, commit: str, path: str) -> str | None:
        """The blob of the regular file ``path`` in ``commit``; None where there is none."""
        listed = _text(self._run("--literal-pathspecs", "ls-tree", "-z", commit, "--", path)).split("\0")
        modes_and_blobs = [entry.partition("\t")[0].split(" ") for entry in listed if entry]
        return next((blob for mode, _, blob in modes_and_blobs if mode in _REGULAR_FILE_MODES), None)

    def save(self, blob: str, file: Path) -> None:
        """Write the content of ``blob``, which is there, to ``file``."""
        with open(file, "wb") as handle:
            self._run("cat-file", "blob", blob, to=handle)

    def blobs_of(self, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
        """The blob of each file, given as (commit, path); None where there is no such file."""
        names = "".join(f"{commit}:./{path}\n" for commit, path in places if "\n" not in path)
        lines = iter(_text(self._run("cat-file", "--batch-check", given=names)).splitlines())
        found: dict[tuple[str, str], str | None] = {}
        for place in places:
            words = [] if "\n" in place[1] else next(lines).rsplit(" ", 2)
            found[place] = words[0] if words[1:2] == ["blob"] else None
        return found

    def contents(self, blobs: Iterable[str]) -> Mapping[str, bytes]:
        """The content of each of ``blobs``, which are there."""
        wanted = list(dict.fromkeys(blobs))
        answer = self._run("cat-file", "--batch", given="".join(f"{blob}\n" for blob in wanted))
        found, at = {}, 0
        for blob in wanted:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].rsplit(b" ", 1)[1])
            found[blob] = answer[end + 1 : end + 1 + size]
            at = end + size + 2
        return found

    def _run(self, *arguments: str, given: str = "", to: IO[bytes] | None = None) -> bytes:
        done = self._start(*arguments, given=given, to=to)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
            raise RepositoryError(f"{self._folder}: git {arguments[0]} failed: {said}")
        return done.stdout or b""

    def _start(
        self, *arguments: str, given: str = "", to: IO[bytes] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        # Settings that change what is printed are overruled.
        command = (
            "git",
            "-c",
            "core.quotePath=false",
            "-c",
            "log.showSignature=false",
            "-c",
            "i18n.logOutputEncoding=UTF-8",
        )
        try:
            return subprocess.run(
                [*command, *arguments],
                cwd=self._folder,
                input=os.fsencode(given),
                stdout=subprocess.PIPE if to is None else to,
                stderr=subprocess.PIPE,
                check=False,
            )
        except (OSError, ValueError) as error:
            raise RepositoryError(f"{self._folder}: git cannot be run: {error}") from error


def _text(output: bytes) -> str:
    return os.fsdecode(output)


def _regular(mode: str, blob: str) -> str | None:
    return blob if mode in _REGULAR_FILE_MODES and blob.strip(_NO_OBJECT) else None
