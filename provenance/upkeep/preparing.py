"""`provenance init`: what a DVC repository needs before lineage is recorded in it."""

from __future__ import annotations

import json
from pathlib import Path

from provenance.errors import RepositoryError
from provenance.files import TEMPORARY_SUFFIX, whole_file
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
        if not (root / SETTINGS_FILE).exists():
            written.append(_write(root, SETTINGS_FILE, _SETTINGS))
        for name in (".gitignore", ".dvcignore"):
            content = _with_rule(root / name)
            if content is not None:
                written.append(_write(root, name, content))
        for name, template in TEMPLATES.items():
            file = f".dvc/plots/{name}.json"
            if not (root / file).exists():
                written.append(_write(root, file, json.dumps(template, indent=2).encode() + b"\n"))
    except OSError as error:
        raise RepositoryError(f"{root}: cannot be prepared: {error}") from error
    return written


def _write(root: Path, name: str, content: bytes) -> str:
    with whole_file(root / name) as temporary:
        temporary.write_bytes(content)
    return name


def _with_rule(file: Path) -> bytes | None:
    """The ignore file's content with our rule at its end; None where it has the rule."""
    content = file.read_bytes() if file.exists() else b""
    if _IGNORE_RULE in content.splitlines():
        return None
    separator = b"" if not content or content.endswith(b"\n") else b"\n"
    return content + separator + _IGNORE_RULE + b"\n"
