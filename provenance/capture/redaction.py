"""Keeping secrets out of what is recorded: by the name a value goes by, and by the shape of the value itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from provenance.errors import ProvenanceError
from provenance.lineage.records import Source

REDACTED = "REDACTED"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "secrets", "credential", "credentials", "authorization"}
    | {"apikey", "bearer", "cookie"}
)
_SECRET_KEYS = frozenset({"api", "access", "private", "secret", "signing", "encryption", "account", "auth"})
# A tokenizer's tokens are not secrets: `eos_token`, `stop_token`, `pad_token_id`.
_VOCABULARY_TOKENS = frozenset(
    {"eos", "bos", "pad", "unk", "sep", "cls", "mask", "stop", "start", "end", "special", "image", "first", "per"}
)
_SECRET_VALUE = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}"  # OpenAI, Anthropic, Stripe
    r"|\b(?:hf|gsk|xai|r8|nvapi)[_-][A-Za-z0-9_-]{16,}"  # Hugging Face, Groq, xAI, Replicate, NVIDIA
    r"|\bgh[oprsu]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bxox[abeprs]-[\w-]{10,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # JSON web token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # user:password@ of a URL
    r"|(?i:(?<=bearer )[^\s'\"]+)",
    re.DOTALL,
)
_VALUE = r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s'\"&;]+)"
_ASSIGNMENT = re.compile(r"(?<![\w.-])(?P<name>-{0,2}[A-Za-z][\w.-]*)(?P<sign>\s*[=:]\s*)" + _VALUE)
_OPTION = re.compile(r"(?<![\w.-])(?P<name>--?[A-Za-z][\w-]*)(?P<sign>\s+)(?!-)" + _VALUE)


def is_secret_name(name: str) -> bool:
    """Whether a value called ``name`` (an option, parameter or variable) is to be treated as a secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    for before, word in zip([None, *words], words, strict=False):
        if word in ("key", "keys") and before in _SECRET_KEYS:
            return True
        if word == "token" and before not in _VOCABULARY_TOKENS:
            return True
    return False


def has_secret_shape(value: str) -> bool:
    """Whether ``value`` holds what looks like an access key, whatever it is called."""
    return _SECRET_VALUE.search(value) is not None


def redact_text(text: str) -> str:
    """``text`` (a command line, say) with every secret in it replaced."""
    return _without_values(_OPTION, _without_values(_ASSIGNMENT, _SECRET_VALUE.sub(REDACTED, text)))


def _without_values(named: re.Pattern[str], text: str) -> str:
    """``text`` with the values replaced that ``named`` finds under a secret name."""
    kept: list[str] = []
    position = 0
    while match := named.search(text, position):
        kept.append(text[position : match.start("value")])
        # What stands behind another name may be a name itself: in `refused: api_key=…`, say.
        position = match.start("value")
        if is_secret_name(match["name"]):
            kept.append(REDACTED)
            position = match.end("value")
    return "".join(kept) + text[position:]


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """A command's arguments with every secret replaced: ``--api-key X``, ``--token=X``, ``API_KEY=X``, ``sk-…``."""
    redacted: list[str] = []
    hide_next = False
    for argument in arguments:
        name, sign, _ = argument.partition("=")
        is_secret = is_secret_name(name)
        if hide_next:
            redacted.append(REDACTED)
        else:
            redacted.append(f"{name}={REDACTED}" if sign and is_secret else redact_text(argument))
        hide_next = argument.startswith("-") and not sign and is_secret
    return redacted


def redact_mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with every secret in it replaced, however deep."""
    return {name: REDACTED if is_secret_name(name) else _redact_value(value) for name, value in values.items()}


def _redact_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return redact_mapping(value)
    if isinstance(value, (list, tuple)):
        return [_redact_value(item) for item in value]
    return value


def refuse_secrets(source: Source) -> None:
    """Refuse a source that contains a secret, as in a URL with a password or an access token: lineage is shared.

    Raises:
        ProvenanceError: naming the part of the source.
    """
    for name, value in source.model_dump(mode="json", exclude_none=True).items():
        if redact_text(value) != value:
            raise ProvenanceError(f"source: its {name} holds what looks like a secret; lineage is shared: leave it out")


def find_secret(name: str, value: Any) -> str | None:
    """The name of the first secret in ``value``, which is called ``name``; None where there is none."""
    if is_secret_name(name) or (isinstance(value, str) and has_secret_shape(value)):
        return name
    members: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        members = [(f"{name}.{key}", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        members = [(f"{name}[{index}]", item) for index, item in enumerate(value)]
    return next((found for key, item in members if (found := find_secret(key, item)) is not None), None)
