"""`provenance init`: what a DVC repository needs before lineage is recorded in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from provenance.errors import RepositoryError
from provenance.files import MODELS_FILE, REVOCATIONS_FILE, TEMPORARY_SUFFIX, whole_file
from provenance.repository import Repository
from provenance.settings import SETTINGS_FILE
from provenance.upkeep.plot_templates import TEMPLATES

_IGNORE_RULE = f".*{TEMPORARY_SUFFIX}".encode()

_SETTINGS = b"""\
# Settings of provenance. Commit this file: lineage is recorded by it, in DVC's temporary experiments too.
version: 1

# How sample ids are digested: xxh3_128 (fast), or blake2b or sha256 where somebody may want to forge samples.
# Ids of different digests do not match: choose before the first dataset is recorded.
digest: xxh3_128

# Settings by dataset; `path` is a glob from the DVC root, and the last that fits wins. For example:
#
# datasets:
#   - path: data/*.csv
#     fields: [question, answer]    # what makes a sample the same sample; the rest is metadata
#     types: {score: number}        # of a CSV file's columns; a column not named here is a string
#     tokens: {field: n_tokens, tokenizer: gpt2}    # a column that holds each row's number of tokens
datasets: []
"""

# What a gate depends on must be there from the first day: DVC then runs it again when they change.
_MODELS = b"""\
# Models as links in the chain: what each was trained on. Written by `provenance model add`; commit this file.
version: 1
models: []
"""
_REVOCATIONS = b"""\
# What must not be used any more, and why. Written by `provenance revoke`, one decision a line; commit this file.
version: 1
revocations: []
"""
# Two branches that both revoke merge without a conflict: git keeps the lines of both.
_MERGED_BY_LINES = f"{REVOCATIONS_FILE} merge=union".encode()


def prepare(repository: Repository) -> list[str]:
    """Write the settings file, the ignore rules and the plot templates; what is there already is left as it is.

    Returns:
        The paths, from the DVC root, of the files that were written; none on a second run.

    Raises:
        RepositoryError: a file cannot be read or written; provenance.yaml is there and not valid.
    """
    root = repository.root
    repository.settings()
    written = []
    try:
        for name, content in ((SETTINGS_FILE, _SETTINGS), (MODELS_FILE, _MODELS), (REVOCATIONS_FILE, _REVOCATIONS)):
            if not (root / name).exists():
                written.append(_write(root, name, content))
        for name, rule in _rules(repository):
            changed = _with_rule(root / name, rule)
            if changed is not None:
                written.append(_write(root, name, changed))
        for name, template in TEMPLATES.items():
            file = f".dvc/plots/{name}.json"
            if not (root / file).exists():
                written.append(_write(root, file, json.dumps(template, indent=2).encode() + b"\n"))
    except OSError as error:
        raise RepositoryError(f"{root}: cannot be prepared: {error}") from error
    return written


def missing_rules(repository: Repository) -> list[tuple[str, str]]:
    """The files that lack a line that `prepare` writes, and that line."""
    rules = _rules(repository)
    return [(name, rule.decode()) for name, rule in rules if _with_rule(repository.root / name, rule) is not None]


def _write(root: Path, name: str, content: bytes) -> str:
    with whole_file(root / name) as temporary:
        temporary.write_bytes(content)
    return name


def _rules(repository: Repository) -> Iterator[tuple[str, bytes]]:
    """The files of which each must have a line, and that line; git's only where there is git."""
    yield ".dvcignore", _IGNORE_RULE
    if repository.has_git:
        yield ".gitignore", _IGNORE_RULE
        yield ".gitattributes", _MERGED_BY_LINES


def _with_rule(file: Path, rule: bytes) -> bytes | None:
    """The file's content with ``rule`` at its end; None where it has the rule."""
    content = file.read_bytes() if file.exists() else b""
    if rule in content.splitlines():
        return None
    separator = b"" if not content or content.endswith(b"\n") else b"\n"
    return content + separator + rule + b"\n"
