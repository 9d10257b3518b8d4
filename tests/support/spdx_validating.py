"""SPDX's own validator, spdx3-validate, offline: what it downloads is read from the pinned copies in `spdx/`."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from urllib.response import addinfourl

_FOLDER = Path(__file__).with_name("spdx")
_TYPES = {".json": "application/json", ".jsonld": "application/ld+json", ".ttl": "text/turtle"}


class _Pinned(urllib.request.HTTPSHandler):
    def __init__(self) -> None:
        super().__init__()
        stated = json.loads((_FOLDER / "sources.json").read_text(encoding="utf-8"))
        self._files = {each["published"]: _FOLDER / name for name, each in stated.items()}
        for name, each in stated.items():
            assert hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() == each["sha256"]

    def https_open(self, request: urllib.request.Request) -> addinfourl:  # type: ignore[override]
        file = self._files[request.full_url]
        headers = Message()
        headers["Content-Type"] = _TYPES[file.suffix]
        # Whoever asked closes it.
        answer = addinfourl(open(file, "rb"), headers, request.full_url, 200)  # noqa: SIM115
        answer.msg = "OK"  # type: ignore[attr-defined]
        return answer


@contextmanager
def _offline() -> Iterator[None]:
    before = urllib.request._opener  # type: ignore[attr-defined]
    urllib.request.install_opener(urllib.request.build_opener(_Pinned))
    try:
        yield
    finally:
        urllib.request._opener = before  # type: ignore[attr-defined]


def spdx_problems(file: Path) -> list[str]:
    """What breaks the JSON schema or a SHACL shape of SPDX 3.0.1 in the document."""
    from spdx3_validate import validate

    with _offline():
        return [str(error) for error in validate(str(file)).errors]
