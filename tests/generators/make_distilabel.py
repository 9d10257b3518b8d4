"""Make datasets with distilabel: instructions answered, without and with a second task that judges the answers.

Usage: python make_distilabel.py FOLDER; writes FOLDER/answers.jsonl and FOLDER/judged.jsonl.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration
from stub_server import MODEL, stub_server

try:
    from distilabel.models import OpenAILLM
except ModuleNotFoundError:  # before 1.5
    from distilabel.llms import OpenAILLM

SEEDS = [{"doc_id": f"d{number}", "instruction": f"Explain topic {number}."} for number in range(4)]


def run(url: str, *, judged: bool) -> Any:
    """The dataset that one pipeline makes."""
    llm = OpenAILLM(model=MODEL, base_url=url, api_key="none", generation_kwargs={"temperature": 0.7})
    with Pipeline(name="answers") as pipeline:
        answer = TextGeneration(name="answer", llm=llm)
        loaded = LoadDataFromDicts(data=SEEDS) >> answer
        if judged:
            judge = TextGeneration(
                name="judge",
                llm=llm,
                input_mappings={"instruction": "generation"},
                output_mappings={"generation": "view"},
            )
            loaded >> judge
    return pipeline.run(use_cache=False)["default"]["train"]


def make(folder: Path) -> None:
    with stub_server() as url:
        for name, judged in (("answers", False), ("judged", True)):
            run(url, judged=judged).to_json(folder / f"{name}.jsonl")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
