"""The addresses of pages: a view is its address, so a link, the browser's Back and a bookmark all lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

_FOLDERS = {
    "dataset": "d",
    "sample": "s",
    "model": "m",
    "prompt": "p",
    "source": "src",
    "license": "l",
    "activity": "a",
}
# Browsers take these for a folder and the one above it, however they are written.
_NOT_IN_A_PATH = (".", "..")

Query = Mapping[str, str | int | Iterable[str] | None]


def query(asked: Query) -> str:
    """``asked`` as the end of an address; what is empty is left out."""
    given = {name: value if isinstance(value, str | int) else list(value) for name, value in asked.items() if value}
    text = urlencode(given, doseq=True, errors="surrogatepass")
    return f"?{text}" if text else ""


def address(kind: str, name: str, asked: Query | None = None) -> str:
    """The page of something that has one; empty for a name that no address can hold."""
    if name in _NOT_IN_A_PATH or not name:
        return ""
    kept = "/" if kind == "dataset" else ""
    return f"/{_FOLDERS[kind]}/{quote(name, safe=kept, errors='surrogatepass')}" + query(asked or {})


def as_asked(scope: Mapping[str, Any]) -> str:
    """The path of a request as it was sent: once decoded, a slash in a name is one between folders.

    It begins with one slash alone: with two, a browser takes what follows for a host.
    """
    return "/" + quote(scope["raw_path"], safe="/%:@!$&'()*+,;=").lstrip("/")


def toggled(asked: Mapping[str, list[str]], name: str, value: str) -> dict[str, list[str]]:
    """``asked`` with one ``value`` switched on or off; what was asked for from some row on begins anew."""
    changed = {key: list(values) for key, values in asked.items() if key != "after"}
    values = changed.setdefault(name, [])
    if value in values:
        values.remove(value)
    else:
        values.append(value)
    return {key: values for key, values in changed.items() if values}
