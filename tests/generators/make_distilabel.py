"""Make a dataset with distilabel: an instruction answered, and the answer judged by a second task.

Usage: python make_distilabel.py FOLDER; writes FOLDER/answers.jsonl.
"""

from __future__ import annotations

import sys
from pathlib import Path

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration
from stub_server import MODEL, stub_server

SEEDS = [{"doc_id": f"d{number}", "instruction": f"Explain topic {number}."} for number in range(4)]


def make(folder: Path) -> None:
    with stub_server() as url:
        llm = OpenAILLM(model=MODEL, base_url=url, api_key="none", generation_kwargs={"temperature": 0.7})
        with Pipeline(name="answers") as pipeline:
            load = LoadDataFromDicts(data=SEEDS)
            answer = TextGeneration(name="answer", llm=llm, use_default_structured_output=False)
            load >> answer
        distiset = pipeline.run(use_cache=False)
    distiset["default"]["train"].to_json(folder / "answers.jsonl")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
