"""Make a dataset with bespokelabs-curator: a question answered by a model, row by row.

Usage: python make_curator.py FOLDER; writes FOLDER/answers.jsonl and FOLDER/cache/…/responses_0.jsonl.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

from stub_server import MODEL, stub_server

QUESTIONS = [{"doc_id": f"d{number}", "question": f"What is topic {number}?"} for number in range(4)]


def make(folder: Path) -> None:
    with stub_server() as url:
        answered = answerer(url)(QUESTIONS, working_dir=str(folder / "cache"))
    getattr(answered, "dataset", answered).to_json(folder / "answers.jsonl")


def answerer(url: str) -> Any:
    """What answers a question, in the API of the version that is installed."""
    from bespokelabs import curator

    if "prompt_func" in signature(curator.LLM).parameters:  # 0.1.12 and before
        os.environ |= {"OPENAI_API_BASE": url, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"}
        return curator.LLM(
            model_name=f"openai/{MODEL}", prompt_func=prompt, parse_func=parse, backend="litellm", temperature=0.4
        )

    class Answerer(curator.LLM):  # type: ignore[misc] # ships no types
        def prompt(self, row: dict[str, Any]) -> str:
            return prompt(row)

        def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
            return parse(row, response)

    return Answerer(
        model_name=MODEL,
        backend="openai",
        backend_params={"base_url": url, "api_key": "none"},
        generation_params={"temperature": 0.4},
    )


def prompt(row: dict[str, Any]) -> str:
    return f"Answer briefly: {row['question']}"


def parse(row: dict[str, Any], response: str) -> dict[str, Any]:
    return {"doc_id": row["doc_id"], "question": row["question"], "answer": response}


if __name__ == "__main__":
    os.environ["TELEMETRY_ENABLED"] = "false"
    # The client counts tokens beforehand, with an encoding that it would download; litellm's wheel holds a copy.
    litellm = find_spec("litellm")
    assert litellm is not None and litellm.origin is not None
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers")
    make(Path(sys.argv[1]))
