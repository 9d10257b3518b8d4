"""Real texts on which `chance` is tried: ``python -m benchmarks.chance_sets CLONES GSM8K OUT``.

CLONES holds git directories of public repositories, OWNER+NAME/repo each: openai/grade-school-math,
google-deepmind/xquad, anthropics/hh-rlhf, baoguangsheng/fast-detect-gpt. GSM8K holds the pairs of the tests
(gsm8k_test.human.jsonl and so on). OUT must lie outside of any repository: none of these texts is ours to publish.
Functions and docstrings are those of the running Python's own library. Each set is a file of JSON lines with ``text``
and ``family``: the article, dialogue, module or prompt that a text is from.
"""

from __future__ import annotations

import ast
import gzip
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_FEWEST_CHARACTERS, _MOST_CHARACTERS = 80, 3000

Rows = Iterable[tuple[str, object]]


def main(clones: Path, gsm8k: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in _sets(clones, gsm8k):
        kept = [{"text": text, "family": str(family)} for text, family in rows if text and text.strip()]
        (out / f"{name}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept), "utf-8")
        print(f"{name}: {len(kept):,} rows, {len({row['family'] for row in kept}):,} families")


def _sets(clones: Path, gsm8k: Path) -> Iterator[tuple[str, Rows]]:
    train = _lines(_blob(clones, "openai+grade-school-math", "grade_school_math/data/train.jsonl"))
    yield "questions", ((row["question"], number) for number, row in enumerate(train))
    for language in ("de", "zh"):
        articles = json.loads(_blob(clones, "google-deepmind+xquad", f"xquad.{language}.json"))["data"]
        yield f"questions_{language}", _questions(articles)
    dialogues = _lines(gzip.decompress(_blob(clones, "anthropics+hh-rlhf", "harmless-base/test.jsonl.gz")))
    yield "chat", _turns(dialogues)
    yield "replies", _replies(dialogues)
    yield "code", _functions()
    yield "prose", _docstrings()
    yield from _pairs(gsm8k)
    for subject in ("xsum", "writing"):
        for model, folder in (("gpt2-xl", "exp_main"), ("gpt-4", "exp_gpt3to4")):
            path = f"{folder}/data/{subject}_{model}.raw_data.json"
            found = json.loads(_blob(clones, "baoguangsheng+fast-detect-gpt", path))
            for side in ("original", "sampled"):
                yield f"{subject}_{model}_{side}", ((text, number) for number, text in enumerate(found[side]))


def _questions(articles: list[dict[str, Any]]) -> Rows:
    for article in articles:
        yield from ((asked["question"], article["title"]) for part in article["paragraphs"] for asked in part["qas"])


def _turns(dialogues: list[dict[str, Any]]) -> Rows:
    for number, row in enumerate(dialogues):
        yield from ((turn.split("\n\nAssistant: ")[0], number) for turn in row["chosen"].split("\n\nHuman: ")[1:])


def _pairs(gsm8k: Path) -> Iterator[tuple[str, Rows]]:
    human, rephrased, solved = (
        _lines((gsm8k / f"gsm8k_{name}.jsonl").read_bytes())
        for name in ("test.human", "test.rephrased", "model_solutions")
    )
    yield "pairs_parents", ((row["question"], number) for number, row in enumerate(human))
    questions = (re.split(r"\nAnswer:", re.sub(r"^Question: ", "", row["text"]))[0].strip() for row in rephrased)
    yield "pairs_children", ((text, number) for number, text in enumerate(questions))
    yield "answers", ((_bare(row["answer"]), number) for number, row in enumerate(human))
    yield "answers_model", ((_bare(row["6b_finetuning"]["solution"]), number) for number, row in enumerate(solved))


def _replies(dialogues: list[dict[str, Any]]) -> Rows:
    """The last turns of a model, two of each prompt."""
    for number, row in enumerate(dialogues):
        yield from ((row[which].rsplit("\n\nAssistant: ", 1)[-1], number) for which in ("chosen", "rejected"))


def _functions() -> Rows:
    for module, source, tree in _modules():
        lines = source.splitlines()
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                if _FEWEST_CHARACTERS < len(text) < _MOST_CHARACTERS:
                    yield text, module


def _docstrings() -> Rows:
    for module, _, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                    if _FEWEST_CHARACTERS < len(paragraph) < _MOST_CHARACTERS:
                        yield paragraph, module


def _modules() -> Iterator[tuple[str, str, ast.Module]]:
    root = Path(sysconfig.get_paths()["stdlib"])
    for file in sorted(root.rglob("*.py")):
        if {"test", "tests", "idlelib", "site-packages"} & set(file.parts):
            continue
        try:
            source = file.read_text(encoding="utf-8")
            yield str(file.relative_to(root)), source, ast.parse(source)
        except (SyntaxError, ValueError):
            continue


def _bare(answer: str) -> str:
    """An answer without the marks of its calculations."""
    return re.sub(r"<<[^>]*>>", "", answer)


def _blob(clones: Path, repository: str, path: str) -> bytes:
    command = ["git", "--git-dir", str(clones / repository / "repo"), "show", f"HEAD:{path}"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.decode().splitlines() if line.strip()]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
