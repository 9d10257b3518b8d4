"""Rows to measure with: text and chat, about 500 bytes each, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

_WORDS = [
    "lineage",
    "sample",
    "model",
    "prompt",
    "real",
    "synthetic",
    "the",
    "of",
    "a",
    "parent",
    "café",
    "naïve",
    "日本語",
]
_SENTENCES = 20_000

Rows = Callable[[int], Iterator[str]]


def text_rows(count: int) -> Iterator[str]:
    """JSON lines, each with a ``text`` of about 450 bytes and metadata."""
    pick, sentences = _sentences()
    for number in range(count):
        text = " ".join(pick.choices(sentences, k=6))
        score, source = pick.random(), pick.randrange(300)
        yield f'{{"id": {number}, "text": "{text} #{number}", "score": {score:.4f}, "source": "web/{source}"}}\n'


def chat_rows(count: int) -> Iterator[str]:
    """JSON lines, each with ``messages`` of three turns and metadata."""
    pick, sentences = _sentences()
    roles = ("system", "user", "assistant")
    for number in range(count):
        contents = [" ".join(pick.choices(sentences, k=2)) for _ in roles]
        turns = ", ".join(
            f'{{"role": "{role}", "content": "{content}"}}' for role, content in zip(roles, contents, strict=True)
        )
        yield f'{{"id": {number}, "messages": [{turns}, {{"role": "user", "content": "#{number}"}}], "turns": 4}}\n'


def write_jsonl(path: Path, rows: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(rows)


def _sentences() -> tuple[random.Random, list[str]]:
    """Sentences that need no escaping in JSON, so that writing rows takes no time worth mentioning."""
    pick = random.Random(7)
    return pick, [" ".join(pick.choices(_WORDS, k=12)).capitalize() + "." for _ in range(_SENTENCES)]
