"""Keeping secrets out of what is recorded: by the name a value goes by, and by the shape of the value itself.

What is stated once, before rows are made, is refused where it holds a secret (`refuse_secret`), so that its user can
mend it; what is observed, or comes row by row, is replaced with REDACTED. In a command every value under a secret name
is replaced (`redact_text`); in prose only one that looks like a secret too (`redact_prose`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from provenance.capture.secret_shapes import REDACTED, without_shapes
from provenance.errors import ProvenanceError
from provenance.lineage.records import Source

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = frozenset(
    {"pwd", "passcode", "secrets", "credential", "credentials", "authorization", "apikey", "apikeys", "bearer"}
    | {"cookie", "sshpass", "dbpass", "userpass", "smtppass", "jwt"}
)
_SECRET_ENDINGS = ("password", "passwd", "passphrase", "secret")
# What a key is of, where it is a secret one; other keys (primary, sort, cache) name columns and the like.
_SECRET_KEYS = frozenset(
    {"api", "access", "private", "secret", "signing", "encryption", "account", "auth", "master", "admin", "service"}
    | {"subscription", "license", "storage", "ssh", "deploy", "shared", "openai", "anthropic", "claude", "azure", "aws"}
    | {"gcp", "google", "gemini", "mistral", "cohere", "groq", "hf", "huggingface", "together", "replicate", "xai"}
    | {"openrouter", "deepseek", "fireworks", "perplexity", "voyage", "nvidia", "wandb", "langsmith", "langfuse"}
    | {"pinecone", "tavily", "serper", "stripe", "github", "gitlab"}
)
# A tokenizer's tokens are not secrets: `eos_token`, `stop_token`, `pad_token_id`.
_VOCABULARY_TOKENS = frozenset(
    {"eos", "bos", "pad", "unk", "sep", "cls", "mask", "stop", "start", "end", "special", "image", "first", "per"}
)
# Under these names stands where a secret is, or how many there are: `--password-file`, `api_key_env`, `--no-token`.
_NOT_THE_SECRET = frozenset({"file", "path", "stdin", "env", "var", "count", "limit", "length", "type"})
# Other things have these names, too: their values must look like a secret.
_DOUBTFUL_WORDS = frozenset({"auth", "dsn", "webhook", "connstr", "connection"})
_DOUBTFUL_ENDS = frozenset({"cred", "creds", "pat", "sas", "sig", "signature", "conn", "session", "sid"})
_PASS = frozenset({"pass", "pw"})

_QUOTED = r"\"(?:\\.|[^\"\\])*\"|'[^']*'"
_VALUE = rf"(?P<value>{_QUOTED}|(?:\\.|[^\s'\"&;\\\0])+)"
_ASSIGNMENT = re.compile(rf"(?<![\w.-])(?P<name>-{{0,2}}[A-Za-z][\w.-]*)\\*[\"']?(?P<sign>\s*[=:]\s*)(?!=){_VALUE}")
_OPTION = re.compile(rf"(?<![\w.-])(?P<name>--?[A-Za-z][\w-]*)(?P<sign>\s+)(?!--){_VALUE}")
_SCHEME = re.compile(r"\b(?:basic|bearer|token|apikey|digest)\s+(?P<value>[\w+/=.~-]{6,})", re.IGNORECASE)
_AUTHORIZATION = re.compile(
    r"\b(?:proxy-)?authorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:[A-Za-z][\w-]*\s+)?(?P<value>[^\s'\"\\\0]+)",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"\b(?:set-)?cookie\\*[\"']?\s*[:=]\s*(?P<value>[^'\"\n\0]+)", re.IGNORECASE)
# In these, the word behind a space may be the next argument of a list (\0).
_COMMANDS = tuple(
    re.compile(pattern.replace(" ", r"[\s\0]").replace("VALUE", r"(?P<value>[^\s'\"\0]+)"))
    for pattern in (
        r"(?:^|(?<= ))(?:-u|--user|--proxy-user)(?: +|=)['\"]?(?!\d+:\d+(?: |$))[^\s:'\"/\0]+:VALUE",
        r"\bsshpass +-p *['\"]?VALUE",
        r"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^|;&]* -pVALUE",
        r"\bmachine +\S+ +login +\S+ +password +VALUE",
        r"\becho +['\"]?VALUE['\"]? *\|[^|]*--password-stdin",
    )
)
# Letters and figures together, in one word; not what stands for a secret: {key}, <key>, $KEY, your-key.
_LOOKS_SECRET = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w+/=.~%!@#^*:?-]{6,}")
_LOOKS_RANDOM = re.compile(r"(?=[^\d]*\d)(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[\w+/=.~%-]{16,}")
_STANDS_FOR_ONE = re.compile(r"[{<$%\[(]|x{3}|\*{3}|\.{3}|your|my[-_]|example|REDACTED|os\.|env", re.IGNORECASE)
_NO_WORD = re.compile(r"[\d.,]*|true|false|yes|no|none|null|on|off", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether a value called ``name`` (an option, parameter or variable) is to be treated as a secret."""
    words = _words(name)
    if _is_of_another_thing(words):
        return False
    if not _SECRET_WORDS.isdisjoint(words) or any(word.endswith(_SECRET_ENDINGS) for word in words):
        return True
    for before, word in zip([None, *words], words, strict=False):
        if word in ("key", "keys") and before in _SECRET_KEYS:
            return True
        if word.endswith("key") and word[:-3] in _SECRET_KEYS:
            return True
        if word == "token" and before not in _VOCABULARY_TOKENS:
            return True
    return False


def has_secret_shape(value: str) -> bool:
    """Whether ``value`` holds what looks like a secret."""
    return redact_prose(value) != value


def redact_text(text: str) -> str:
    """``text`` (a command line, say) with every secret in it replaced."""
    text = _without_headers(without_shapes(text))
    for command in _COMMANDS:
        text = _replaced(command, text)
    return _without_values(_OPTION, _without_values(_ASSIGNMENT, text))


def redact_prose(text: str) -> str:
    """``text`` that people read (a template, a name, a reason) with what looks like a secret replaced."""
    return _redacted_prose(text) if len(text) <= 200 else _redacted_prose.__wrapped__(text)


@lru_cache(maxsize=8192)
def _redacted_prose(text: str) -> str:
    # None of these shapes is shorter.
    if len(text) < 8:
        return text
    text = without_shapes(text)
    if ":" in text or "=" in text:
        text = _without_values(_ASSIGNMENT, text, prose=True)
    return _replaced(_SCHEME, text, _LOOKS_SECRET)


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """A command's arguments with every secret replaced: ``--api-key X``, ``--token=X``, ``API_KEY=X``, ``sk-…``."""
    joined = "\0".join(arguments)
    for command in _COMMANDS:
        joined = _replaced(command, joined)
    redacted: list[str] = []
    option = ""
    for argument in joined.split("\0") if arguments else []:
        name, sign, value = argument.partition("=")
        is_next = bool(option) and _hides(option, argument) and not argument.startswith("--")
        if is_next:
            redacted.append(REDACTED)
        elif sign and " " not in name and not value.startswith("=") and value and _hides(name, value):
            redacted.append(f"{name}={REDACTED}")
        else:
            redacted.append(redact_text(argument))
        option = argument if argument.startswith("-") and not sign and not is_next else ""
    return redacted


def redact_mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with every secret in it replaced, however deep."""
    return {name: REDACTED if _is_secret(name, value) else _redact_value(value) for name, value in values.items()}


def _redact_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return redact_mapping(value)
    if isinstance(value, (list, tuple)):
        return [_redact_value(item) for item in value]
    return value


def redact_key(key: str) -> str:
    """``key`` of a row; in the place of one that holds a secret, a digest of it, so that keys stay distinct."""
    return key if redact_prose(key) == key else f"sha256:{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def refuse_secret(where: str, text: str | None) -> None:
    """Refuse ``text``, which is to be recorded at ``where``, if it holds a secret.

    Raises:
        ProvenanceError: it does.
    """
    if isinstance(text, str) and has_secret_shape(text):
        raise ProvenanceError(f"{where} holds what looks like a secret; lineage is shared: leave it out")


def refuse_secrets(source: Source) -> None:
    """Refuse a source that contains a secret, as in a URL with a password or an access token: lineage is shared.

    Raises:
        ProvenanceError: naming the part of the source.
    """
    for name, value in source.model_dump(mode="json", exclude_none=True).items():
        if (redact_text if name == "url" else redact_prose)(value) != value:
            raise ProvenanceError(f"source: its {name} holds what looks like a secret; lineage is shared: leave it out")


def find_secret(name: str, value: Any) -> str | None:
    """The name of the first secret in ``value``, which is called ``name``; None where there is none."""
    if _is_secret(name, value) or (isinstance(value, str) and has_secret_shape(value)):
        return name
    members: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        members = [(f"{name}.{key}", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        members = [(f"{name}[{index}]", item) for index, item in enumerate(value)]
    return next((found for key, item in members if (found := find_secret(key, item)) is not None), None)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _is_of_another_thing(words: list[str]) -> bool:
    return not words or words[0] == "no" or words[-1] in _NOT_THE_SECRET


def _is_secret(name: str, value: Any) -> bool:
    return _hides(name, value) if isinstance(value, str) else is_secret_name(name) and value is not None


def _hides(name: str, value: str) -> bool:
    """Whether ``value`` under ``name`` is to be replaced."""
    if is_secret_name(name):
        return True
    words = _words(name)
    if _is_of_another_thing(words):
        return False
    plain = value.strip("\\'\"")
    if words[-1] in _PASS:
        return _NO_WORD.fullmatch(plain) is None
    if words[-1] in _DOUBTFUL_ENDS or not _DOUBTFUL_WORDS.isdisjoint(words):
        return _LOOKS_SECRET.fullmatch(plain) is not None
    return words[-1] in ("key", "keys") and _LOOKS_RANDOM.fullmatch(plain) is not None


def _hides_in_prose(name: str, value: str) -> bool:
    plain = value.strip("\\'\"},.;)")
    return (
        _hides(name, plain)
        and _LOOKS_SECRET.fullmatch(plain) is not None
        and _STANDS_FOR_ONE.match(plain) is None
        and plain != REDACTED
    )


def _without_values(named: re.Pattern[str], text: str, *, prose: bool = False) -> str:
    """``text`` with the values replaced that ``named`` finds under a secret name."""
    hides = _hides_in_prose if prose else _hides
    kept: list[str] = []
    position = 0
    while match := named.search(text, position):
        kept.append(text[position : match.start("value")])
        # What stands behind another name may be a name itself: in `refused: api_key=…`, say.
        position = match.start("value")
        if hides(match["name"], match["value"]):
            kept.append(REDACTED)
            position = match.end("value")
    return "".join(kept) + text[position:]


def _without_headers(text: str) -> str:
    return _replaced(_SCHEME, _replaced(_COOKIE, _replaced(_AUTHORIZATION, text)), _LOOKS_SECRET)


def _replaced(pattern: re.Pattern[str], text: str, needed: re.Pattern[str] | None = None) -> str:
    """``text`` with the value replaced wherever ``pattern`` fits, and the value fits ``needed``."""

    def shown(match: re.Match[str]) -> str:
        if needed is not None and needed.fullmatch(match["value"]) is None:
            return match[0]
        start, end = (place - match.start() for place in match.span("value"))
        return match[0][:start] + REDACTED + match[0][end:]

    return pattern.sub(shown, text)
