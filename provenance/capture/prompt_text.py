"""What a request to a model asks, in the words of a record: its prompt as text, its parameters, the service's host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

# What is put before the model; all else in a request says how to answer.
_PROMPT_MEMBERS = ("instructions", "messages", "input", "prompt", "suffix", "tools", "functions")
# Neither prompt nor parameter: what the record holds elsewhere, how the answer is delivered, or whose call it is.
_OTHER_MEMBERS = frozenset(
    {"model", "seed", "stream", "stream_options", "user", "metadata", "store", "background", "prompt_cache_key"}
    | {"safety_identifier", "previous_response_id", "conversation", "extra_body"}
)


def prompt_text(request: Mapping[str, Any]) -> str | None:
    """The canonical text of what ``request``, in OpenAI's terms, asks; specified in docs/observing.md.

    None where there is nothing, or where JSON cannot hold it.
    """
    try:
        asked = orjson.loads(
            orjson.dumps({name: request[name] for name in _PROMPT_MEMBERS if name in request}, default=_plain_object)
        )
        asked = _without_nulls(asked)
        text = _single_text(asked)
        if text is not None or not asked:
            return text
        # Messages alone are recognised by being a list.
        listed = asked["messages"] if asked.keys() == {"messages"} else asked
        return orjson.dumps(listed, option=orjson.OPT_SORT_KEYS).decode("utf-8")
    except (TypeError, RecursionError):
        return None


def request_parameters(request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of ``request`` that are parameters of the generation, in its own names."""
    apart = _OTHER_MEMBERS.union(_PROMPT_MEMBERS)
    return {name: value for name, value in request.items() if name not in apart and value is not None}


def host_name(url: object) -> str | None:
    """The host that ``url`` names: no user, password, port or path."""
    try:
        return urlsplit(str(url)).hostname if url else None
    except ValueError:
        return None


def _plain_object(value: object) -> Any:
    """A message as the client returned it, which a script may send back as it is."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    raise TypeError(f"JSON cannot hold a {type(value).__name__}")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _single_text(asked: Mapping[str, Any]) -> str | None:
    """The text itself, where one text is all that is asked."""
    if len(asked) != 1:
        return None
    ((name, value),) = asked.items()
    if name in ("messages", "input") and isinstance(value, list) and len(value) == 1:
        value = value[0].get("content") if isinstance(value[0], dict) else None
    return value if isinstance(value, str) and name in ("messages", "input", "prompt") else None
