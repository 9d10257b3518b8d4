"""Requests are judged before any page is made."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from provenance.explorer.guard import POLICY, Guard, Message

PORT, TOKEN = 8123, "the-secret"
HOST = f"127.0.0.1:{PORT}"
COOKIE = f"provenance-{PORT}={TOKEN}"
LET_IN = {"host": HOST, "cookie": COOKIE}


def ask(headers: Any, path: str = "/", query: str = "", method: str = "GET") -> tuple[int, dict[str, str], str]:
    """Status, headers and body of a request through the guard to a page that says "inside"."""
    sent: list[Message] = []

    async def page(scope: Message, receive: Any, send: Any) -> None:
        own = [(b"content-type", b"text/html"), (b"cache-control", b"public")]
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b"inside"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": quote(path, safe="/%").encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in pairs],
    }
    asyncio.run(Guard(page, PORT, TOKEN)(scope, receive, send))
    start, body = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], found, body["body"].decode()


@pytest.mark.parametrize("host", [HOST, f"localhost:{PORT}", f"[::1]:{PORT}"])
def test_who_has_the_cookie_is_let_in(host: str) -> None:
    status, headers, body = ask({"host": host, "cookie": f"theme=dark; {COOKIE}"})
    assert (status, body) == (200, "inside")
    assert headers["content-security-policy"] == POLICY
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["example.org", f"example.org:{PORT}", "127.0.0.1:8124", "127.0.0.1", f"{HOST}.", ""])
def test_another_host_is_misdirected(host: str) -> None:
    assert ask({"host": host, "cookie": COOKIE})[0] == 421


def test_no_host_and_two_hosts_are_misdirected() -> None:
    assert ask({"cookie": COOKIE})[0] == 421
    assert ask([("host", HOST), ("host", "example.org"), ("cookie", COOKIE)])[0] == 421


@pytest.mark.parametrize(
    "more",
    [
        {"origin": "https://example.org"},
        {"origin": "null"},
        {"origin": f"https://{HOST}"},
        {"origin": "http://127.0.0.1:8124"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_are_refused(more: dict[str, str]) -> None:
    assert ask(LET_IN | more)[0] == 403


@pytest.mark.parametrize(
    "more", [{"origin": f"http://{HOST}"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}]
)
def test_our_own_pages_are_not(more: dict[str, str]) -> None:
    assert ask(LET_IN | more)[0] == 200


@pytest.mark.parametrize(
    "cookie", ["", "provenance-8123=", "provenance-8123=wrong", "provenance-8124=the-secret", f"x{COOKIE}"]
)
def test_who_has_no_cookie_of_this_run_is_not_let_in(cookie: str) -> None:
    assert ask({"host": HOST, "cookie": cookie})[0] == 401
    assert ask({"host": HOST})[0] == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(method: str) -> None:
    status, headers, _ = ask(LET_IN, method=method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_the_printed_address_gives_the_cookie_once() -> None:
    status, headers, body = ask({"host": HOST, "sec-fetch-site": "cross-site"}, "/d/a b", f"origin=real&token={TOKEN}")
    assert status == 200
    assert headers["set-cookie"] == f"{COOKIE}; HttpOnly; SameSite=Strict; Path=/"
    assert headers["referrer-policy"] == "no-referrer"
    assert 'content="0;url=/d/a%20b?origin=real"' in body
    assert TOKEN not in body


def test_the_way_on_keeps_a_slash_that_is_in_a_name() -> None:
    assert 'content="0;url=/m/..%2F..%2Fx%40v"' in ask({"host": HOST}, "/m/..%2F..%2Fx%40v", f"token={TOKEN}")[2]


def test_a_wrong_token_gives_nothing() -> None:
    for query in ("token=wrong", "token=", f"token={TOKEN}&token=wrong"):
        status, headers, _ = ask(LET_IN, query=query)
        assert status == 403
        assert "set-cookie" not in headers


def test_the_way_on_stays_here_and_is_escaped() -> None:
    body = ask({"host": HOST}, '//example.org/"><script>', f"token={TOKEN}&q=%22%3E%3Cscript%3E")[2]
    assert 'content="0;url=/example.org/%22%3E%3Cscript%3E?q=%22%3E%3Cscript%3E"' in body
    assert "<script" not in body
