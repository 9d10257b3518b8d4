"""What keeps other pages, and other people's text, out of the explorer. A request is judged here before any view.

1. The host must be a loopback name with our own port: a DNS name that was bound anew to this machine is another one.
2. A request that another site makes is refused.
3. The secret of the run is given once, in the address that the terminal prints, and then kept in a cookie that no
   script and no other site can use.
4. Nothing but reading is allowed, so a forged request has nothing to do.
5. The policy in the headers lets nothing run or load but our own files, even where a template forgot to escape.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from markupsafe import Markup

from provenance.explorer.addresses import as_asked

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types provenance",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), clipboard-read=()",
    "cache-control": "no-store",
}
_READING = ("GET", "HEAD")
_PLAIN = {"content-type": "text/plain; charset=utf-8"}
# Not a redirect: where the address was opened from a page (a notebook, an editor in a browser), a redirect would still
# count as that page's request, and bring no cookie along.
_ENTRANCE = Markup(
    '<!doctype html><html lang="en"><title>provenance</title><meta http-equiv="refresh" content="0;url={0}">'
    '<p><a href="{0}">Open</a></p></html>'
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Guard:
    """``app`` behind the rules above; ``port`` is the one that we listen on, ``token`` the secret of this run."""

    def __init__(self, app: App, port: int, token: str) -> None:
        self._app = app
        self._token = token
        # Browsers send cookies to every port of a host.
        self._cookie = f"provenance-{port}"
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == "token"]
        if [value for name, value in headers if name == "host"] not in [[host] for host in self._hosts]:
            await _answer(send, 421, "This server answers to 127.0.0.1 and localhost only.\n")
        elif given and scope["method"] == "GET":
            await self._let_in(as_asked(scope), query, given, send)
        elif not self._is_our_own(headers):
            await _answer(send, 403, "Requests from other sites are refused.\n")
        elif not self._has_token(headers):
            await _answer(send, 401, "Open the address that `provenance explore` printed: it holds the key.\n")
        elif scope["method"] not in _READING:
            await _answer(send, 405, "Nothing can be changed here.\n", {"allow": ", ".join(_READING)})
        else:
            await self._app(scope, receive, _with_headers(send))

    def _is_our_own(self, headers: list[tuple[str, str]]) -> bool:
        origins = [value for name, value in headers if name == "origin"]
        sites = [value for name, value in headers if name == "sec-fetch-site"]
        return set(origins) <= self._origins and set(sites) <= {"same-origin", "none"}

    def _has_token(self, headers: list[tuple[str, str]]) -> bool:
        cookies = [part.strip() for name, value in headers if name == "cookie" for part in value.split(";")]
        kept = [value for name, _, value in (part.partition("=") for part in cookies) if name == self._cookie]
        return any(self._is_token(value) for value in kept)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    async def _let_in(self, path: str, query: list[tuple[str, str]], given: list[str], send: Send) -> None:
        """The address of the terminal: answered with the cookie, and the way on to the same page without the token."""
        if not all(self._is_token(each) for each in given):
            await _answer(
                send, 403, "This address is of another run; open the one that `provenance explore` printed.\n"
            )
            return
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        target = path + (f"?{rest}" if rest else "")
        cookie = f"{self._cookie}={self._token}; HttpOnly; SameSite=Strict; Path=/"
        headers = {
            "content-type": "text/html; charset=utf-8",
            "set-cookie": cookie,
            "referrer-policy": "no-referrer",
        }
        await _answer(send, 200, _ENTRANCE.format(target), headers)


def _with_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name, value) for name, value in message["headers"] if name.decode("latin-1") not in HEADERS]
            message["headers"] = own + _encoded(HEADERS)
        await send(message)

    return guarded


async def _answer(send: Send, status: int, text: str, more: dict[str, str] | None = None) -> None:
    headers = HEADERS | _PLAIN | (more or {})
    await send({"type": "http.response.start", "status": status, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": text.encode()})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
