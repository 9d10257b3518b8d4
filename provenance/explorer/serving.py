"""The server: which address is answered by which view, and how it is started. Its libraries are optional."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from provenance.errors import DataError, ProvenanceError, RepositoryError, SidecarError, UnknownReferenceError
from provenance.explorer.guard import Guard
from provenance.explorer.indexed import BeingIndexed
from provenance.explorer.site import Site, static_files

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.repository import Repository

ADDRESS = "127.0.0.1"
_TOKEN_BYTES = 24
View = Callable[[Site, "Request"], "Response"]


def require_libraries() -> None:
    """Refuse to start where starlette or uvicorn is not installed.

    Raises:
        ProvenanceError: one of them is not.
    """
    try:
        import starlette
        import uvicorn  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise ProvenanceError(
            f"the explorer needs {error.name}, which is not installed; pip install 'dvc-provenance[explore]'"
        ) from None
    del starlette


@dataclass(frozen=True)
class Server:
    """A server that is bound to its port: ``address`` is what opens it in a browser, with the secret of this run."""

    address: str
    port: int
    _listening: socket.socket
    _server: uvicorn.Server

    def run(self) -> None:
        """Answer requests until it is stopped, or interrupted."""
        with suppress(KeyboardInterrupt):
            self._server.run(sockets=[self._listening])

    def stop(self) -> None:
        """End `run`, also from another thread."""
        self._server.should_exit = True


@contextmanager
def opened_server(
    repository: Repository, rev: str | None = None, *, opens: str = "/", port: int = 0
) -> Iterator[Server]:
    """The explorer of ``repository``, bound to a ``port`` of this machine alone (0: any that is free).

    ``opens``: the page that its address leads to.

    Raises:
        ProvenanceError: starlette or uvicorn is not installed, or the port cannot be used.
        RepositoryError: no such revision.
    """
    require_libraries()
    with ThreadPoolExecutor(max_workers=1) as pool, _bound(port) as listening:
        bound = int(listening.getsockname()[1])
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        # The ledger is opened, asked and closed by one thread.
        opening = Site.open(repository, rev)
        site = pool.submit(opening.__enter__).result()
        try:
            guarded = Guard(application(site, pool), bound, token)
            page, _, asked = opens.lstrip("/").partition("?")
            more = f"{asked}&token={token}" if asked else f"token={token}"
            address = f"http://{ADDRESS}:{bound}/{quote(page, safe='/%:')}?{more}"
            yield Server(address, bound, listening, _uvicorn(guarded))
        finally:
            pool.submit(opening.__exit__, None, None, None).result()


@contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((ADDRESS, port))
            listening.listen()  # who comes early waits until pages are served
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "there is no such port"
            raise ProvenanceError(f"--port {port}: cannot be used: {reason}; without it, a free one is taken") from None
        yield listening


def _uvicorn(app: Any) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="off", server_header=False, date_header=False, ws="none"
    )
    return uvicorn.Server(config)


def application(site: Site, pool: ThreadPoolExecutor) -> Starlette:
    """The pages of ``site``, made one after the other in the thread of ``pool``; without what guards them."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    from provenance.explorer.routes import ROUTES

    async def missing(request: Request, _: Exception) -> Response:
        return await _in_thread(pool, site.sorry, request, 404, "No such page", "There is no page at this address.")

    routes = [Route(path, _endpoint(site, pool, view)) for path, view in ROUTES]
    static = Route("/static/{name}", _static)
    return Starlette(routes=[*routes, static], exception_handlers={404: missing})


def _endpoint(site: Site, pool: ThreadPoolExecutor, view: View) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await _in_thread(pool, answered, site, request, view)

    return endpoint


async def _in_thread(pool: ThreadPoolExecutor, function: Callable[..., Response], *arguments: Any) -> Response:
    return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)


def answered(site: Site, request: Request, view: View) -> Response:
    """What ``view`` answers, or a page that says in one line why it cannot."""
    try:
        return view(site, request)
    except BeingIndexed as waiting:
        return site.page(request, "waiting.html", job=waiting.job)
    except UnknownReferenceError as error:
        return site.sorry(request, 404, "Nothing goes by that name", str(error))
    except (SidecarError, DataError, RepositoryError) as error:
        return site.sorry(request, 503, "This cannot be read here", str(error))
    except ProvenanceError as error:
        return site.sorry(request, 400, "This cannot be asked", str(error))
    except Exception as error:  # noqa: BLE001 - whatever a library raises, nobody is shown a traceback
        words = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"
        return site.sorry(request, 500, "Something went wrong", words)


def _static(request: Request) -> Response:
    from starlette.responses import PlainTextResponse, Response

    found = static_files().get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("There is no such file.\n", 404)
    return Response(found[0], headers={"content-type": found[1]})
