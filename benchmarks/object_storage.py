"""An S3-compatible server on loopback, moto's, that notes each request and how many bytes it sent.

As a program, it is the server: it prints its port, and ends with its standard input.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUCKET = "lake"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anybodys",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # There are no such files, whatever the machine has.
    "AWS_CONFIG_FILE": "/nowhere/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
}


@dataclass(frozen=True)
class Request:
    """What was asked of the server; ``bytes``: of the answer's body."""

    method: str
    path: str
    range: str | None
    status: int
    bytes: int


@dataclass(frozen=True)
class ObjectStorage:
    """A server that runs; ``log`` has a line for each request."""

    url: str
    log: Path

    def requests(self) -> list[Request]:
        """All requests so far."""
        return [Request(**json.loads(line)) for line in self.log.read_text().splitlines()]

    @contextmanager
    def noted(self) -> Iterator[list[Request]]:
        """A list that has, at the end of the block, the requests that came within it."""
        before, found = len(self.requests()), list[Request]()
        yield found
        found += self.requests()[before:]


@contextmanager
def object_storage(folder: Path) -> Iterator[ObjectStorage]:
    """A server with an empty bucket `BUCKET`, until the block ends; its log is in ``folder``."""
    log = folder / "requests.jsonl"
    log.touch()
    with subprocess.Popen(
        [sys.executable, __file__, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            yield ObjectStorage(url, log)
        finally:
            server.stdin.close()


def _serve(log: Path) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None:
            pass

    app = _noting(DomainDispatcherApplication(create_backend_app), log)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ.update(CREDENTIALS)
    import boto3

    boto3.client("s3", endpoint_url=f"http://127.0.0.1:{server.port}").create_bucket(Bucket=BUCKET)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    sys.stdin.read()


def _noting(app: Callable[..., Iterable[bytes]], log: Path) -> Callable[..., Iterable[bytes]]:
    lock = threading.Lock()

    def noted(environ: Mapping[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status = 0

        def started(line: str, *others: Any) -> Any:
            nonlocal status
            status = int(line.split(maxsplit=1)[0])
            return start(line, *others)

        answer = list(app(environ, started))
        method = environ["REQUEST_METHOD"]
        sent = 0 if method == "HEAD" else sum(map(len, answer))
        request = Request(method, environ["PATH_INFO"], environ.get("HTTP_RANGE"), status, sent)
        with lock, log.open("a") as file:
            file.write(json.dumps(request.__dict__) + "\n")
        return answer

    return noted


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
