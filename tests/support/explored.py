"""The explorer of a repository as a real server, and requests to it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest


@dataclass(frozen=True)
class Answered:
    """What a request was answered with; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Explorer:
    """A running explorer: ``address`` lets in, ``origin`` is where its pages are."""

    address: str
    port: int
    cookie: str = field(init=False)

    def __post_init__(self) -> None:
        entrance = urlsplit(self.address)
        answered = self.request(f"{entrance.path}?{entrance.query}", cookie=None)
        assert answered.status == 200
        self.cookie = answered.headers["set-cookie"].partition(";")[0]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self, path: str, *, method: str = "GET", cookie: str | None = "", headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Ask with the cookie of this run, another one, or (None) without one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = dict(headers or {})
        if cookie is not None:
            sent["Cookie"] = cookie or self.cookie
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return Answered(answer.status, found, text)

    def page(self, path: str) -> str:
        """A page that is there."""
        answered = self.request(path)
        assert answered.status == 200, f"{path}: {answered.status} {answered.text}"
        return answered.text


@contextmanager
def explored(root: Path, *, opens: str = "/") -> Iterator[Explorer]:
    """The explorer of the repository at ``root``, served by a thread of this process."""
    pytest.importorskip("starlette", reason="the extra `explore` is not installed")
    pytest.importorskip("uvicorn", reason="the extra `explore` is not installed")
    from provenance.explorer.serving import opened_server
    from provenance.repository import Repository

    with opened_server(Repository.open(root), opens=opens) as server:
        thread = Thread(target=server.run)
        thread.start()
        try:
            yield Explorer(server.address, server.port)
        finally:
            server.stop()
            thread.join()
