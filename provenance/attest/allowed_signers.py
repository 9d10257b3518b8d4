"""`allowed_signers` files as OpenSSH has them: whose keys are whose (see ALLOWED SIGNERS in ssh-keygen(1)).

A line is a list of patterns for names, options, and a public key. Certificates are not followed: an entry with
``cert-authority`` is passed over.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provenance.attest.keys import PublicKey, parse_public_line
from provenance.documents import read_document
from provenance.errors import ProvenanceError

# What an entry with the option ``namespaces`` must name for its key to count here.
NAMESPACE = "dvc-provenance"

_KEY = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+\s+\S+)")
_TIME = re.compile(r"(\d{8})(\d{4}(?:\d{2})?)?(Z?)")


@dataclass(frozen=True)
class _Entry:
    line: int
    names: str
    options: Mapping[str, str]
    key: str


def signers_keys(file: Path, signer: str, now: datetime) -> list[PublicKey]:
    """The keys with which ``file`` lets ``signer`` sign at the time ``now``.

    Raises:
        ProvenanceError: it cannot be read, or has no such key; the message says why those of this name do not count.
    """
    keys, passed_over = [], []
    for entry in _entries(read_document(file, "list of allowed signers"), file):
        if not _fits(signer, entry.names):
            continue
        if why := _why_not(entry, now, file):
            passed_over.append(f"line {entry.line}: {why}")
            continue
        keys.append(parse_public_line(entry.key.encode(), f"{file}, line {entry.line}"))
    if not keys:
        why = f" ({'; '.join(passed_over)})" if passed_over else ""
        raise ProvenanceError(f"{file}: no key with which {signer} may sign now{why}")
    return keys


def _entries(content: bytes, file: Path) -> Iterator[_Entry]:
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key = _KEY.search(text)
        try:
            words = shlex.split(text[: key.start()], posix=True) if key else []
        except ValueError:
            words = []
        if key is None or not words:
            raise ProvenanceError(f"{file}: line {number}: not a list of names, options and a public key")
        yield _Entry(number, words[0], _options(words[1:]), key[1])


def _options(words: Sequence[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in _divided(" ".join(words)))
    return {name.lower(): value for name, _, value in pairs if name}


def _divided(text: str) -> list[str]:
    """Options, between which commas stand; commas inside ``namespaces`` are followed by what is no option."""
    return re.split(r"[,\s]+(?=(?:cert-authority|namespaces|valid-after|valid-before)\b)", text, flags=re.IGNORECASE)


def _why_not(entry: _Entry, now: datetime, file: Path) -> str | None:
    """Why the key of ``entry`` does not count; None where it does."""
    options = dict(entry.options)
    if "cert-authority" in options:
        return "it is a certificate authority, and certificates are not followed"
    namespaces = options.pop("namespaces", None)
    if namespaces is not None and not _fits(NAMESPACE, namespaces):
        return f"it is for the namespaces {namespaces}, not for {NAMESPACE}"
    after, before = (_time(options.pop(name, None), entry, file) for name in ("valid-after", "valid-before"))
    if options:
        return f"its option {min(options)} is not known here"
    if after is not None and now < after:
        return "it is not valid yet"
    if before is not None and now > before:
        return "it is not valid any more"
    return None


def _time(text: str | None, entry: _Entry, file: Path) -> datetime | None:
    """YYYYMMDD[HHMM[SS]][Z]: of this machine's time zone without Z."""
    if text is None:
        return None
    parts = _TIME.fullmatch(text)
    try:
        if parts is None:
            raise ValueError(text)
        naive = datetime.strptime(parts[1] + (parts[2] or "").ljust(6, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise ProvenanceError(
            f"{file}: line {entry.line}: {text} is not a time such as 20261231 or 20261231Z"
        ) from None
    return naive.replace(tzinfo=UTC) if parts[3] else naive.astimezone()


def _fits(name: str, patterns: str) -> bool:
    """Whether ``name`` fits one of the ``patterns`` and none of those that begin with an exclamation mark."""
    found = False
    for pattern in patterns.split(","):
        wanted = pattern.strip().removeprefix("!")
        as_expression = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in wanted)
        if re.fullmatch(as_expression, name, re.DOTALL):
            if pattern.strip().startswith("!"):
                return False
            found = True
    return found
