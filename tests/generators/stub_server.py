"""An OpenAI-compatible chat server in the standard library, for generators that are run offline.

It answers at once and always the same to the same messages, with true-looking ids and exact counts of words as tokens.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "stub-model-2026-01-31"


def completion(request: dict[str, Any]) -> dict[str, Any]:
    """The response body to a chat completion request."""
    said = json.dumps(request["messages"], sort_keys=True)
    digest = hashlib.sha256(said.encode()).hexdigest()
    answer = f"Answer {digest[:8]}."
    wants_json = request.get("response_format", {}).get("type") in ("json_object", "json_schema")
    prompt_tokens = len(said.split())
    return {
        "id": f"chatcmpl-{digest[:24]}",
        "object": "chat.completion",
        "created": 1_769_860_800,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": json.dumps({"answer": answer}) if wants_json else answer},
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": 2,
            "total_tokens": prompt_tokens + 2,
        },
    }


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "stub"}]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send(completion(request))

    def _send(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def stub_server() -> Iterator[str]:
    """Serve on a free port of loopback; gives the base URL, which ends in /v1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
