"""The addresses of pages: a view is its address, so a link, the browser's Back and a bookmark all lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

_FOLDERS = {"dataset": "d", "sample": "s", "model": "m", "prompt": "p", "source": "src", "license": "l"}
# Browsers take these for a folder and the one above it, however they are written.
_NOT_IN_A_PATH = (".", "..")

Query = Mapping[str, str | int | Iterable[str] | None]


def query(asked: Query) -> str:
    """``asked`` as the end of an address; what is empty is left out."""
    given = {name: value if isinstance(value, str | int) else list(value) for name, value in asked.items() if value}
    text = urlencode(given, doseq=True, errors="surrogatepass")
    return f"?{text}" if text else ""


def address(kind: str, name: str, asked: Query | None = None) -> str:
    """The page of a dataset, sample, model, prompt, source or licence; empty for a name that no address can hold."""
    if name in _NOT_IN_A_PATH or not name:
        return ""
    kept = "/" if kind == "dataset" else ""
    return f"/{_FOLDERS[kind]}/{quote(name, safe=kept, errors='surrogatepass')}" + query(asked or {})


def toggled(asked: Mapping[str, list[str]], name: str, value: str) -> dict[str, list[str]]:
    """``asked`` with one ``value`` switched on or off; what was asked for from some row on begins anew."""
    changed = {key: list(values) for key, values in asked.items() if key != "after"}
    values = changed.setdefault(name, [])
    if value in values:
        values.remove(value)
    else:
        values.append(value)
    return {key: values for key, values in changed.items() if values}
