"""Copies of evaluation rows as they are met in training data: word for word, cut, changed, between other text."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provenance.auditing.contamination.words import FIELD

Row = Mapping[str, Any]

_NAMES = (
    *("Ngozi", "Dmitri", "Yuki", "Thandiwe", "Björn", "Siobhán", "Mehmet", "Ximena", "Priya", "Oleksandr"),
    *("Håkon", "Ayşe", "Zsófia", "Rafał", "Nguyễn", "Kwame", "Léa", "Iñaki", "Tuuli", "Marek"),
)
_TEMPLATE = (
    "You are a careful assistant. Read the following exam question, think about it for as long as you need, then give "
    "the single best answer and nothing else; do not repeat the question and do not explain your reasoning in any way."
    "\n\nQuestion: {question}\n\nYour answer:"
)
_LONG_ENOUGH, _OF_ANSWER, _OF_PASSAGE = 8, 12, 20
_MOST_FILLER = 1200


@dataclass(frozen=True)
class Copy:
    """A training row that was made from evaluation row ``row``, which is of the set called ``set_name``."""

    row: int
    set_name: str
    kind: str
    words: int
    text: str


class Copier:
    """Makes copies, the same for one seed; ``others``: texts to put around them and to take other words from."""

    def __init__(self, others: Sequence[str], seed: int) -> None:
        self._pick = random.Random(seed)
        self._others = others
        self._words = [word for text in others[:800] for word in text.split() if word.isalpha()]

    def of(self, row: Row) -> dict[str, str]:
        """The copies of one row by their kind; kinds that do not apply are left out."""
        question = str(row.get("question") or "")
        answer = str(row.get("answer") or "")
        return self._exact(row, question, answer) | self._inexact(question, answer) | self._other_sides(row, answer)

    def _exact(self, row: Row, question: str, answer: str) -> dict[str, str]:
        options = [str(option) for option in row.get("options") or ()]
        whole = filter(None, (row.get("passage"), question, *options, answer))
        wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in question)
        split = "\u200b".join(wide[place : place + 3] for place in range(0, len(wide), 3))
        decomposed = unicodedata.normalize("NFD", question).replace("a", "a\u00ad")
        bare = "".join(each if each.isalnum() or each.isspace() else " " for each in question)
        return {
            "whole record": FIELD.join(map(str, whole)),
            "question as a message": question + FIELD + self._filler(1),
            "question in a longer template": _TEMPLATE.format(question=question) + FIELD + self._pick.choice("ABCD"),
            "question inside 2,000 words": f"{self._filler(6)} {question} {self._filler(6)}",
            "question, another answer": self._around(f"{question} {self._filler(1)}"),
            "question, right answer": self._around(f"{question}\nAnswer: {answer}"),
            "upper case, no punctuation": self._around(bare.upper()),
            "other forms of Unicode": self._around(self._pick.choice((split, decomposed))),
        }

    def _inexact(self, question: str, answer: str) -> dict[str, str]:
        words = question.split()
        if len(words) < _LONG_ENOUGH:
            return {}
        made = {
            "first 75% of the question": self._around(" ".join(words[: round(0.75 * len(words))])),
            "first 50% of the question": self._around(" ".join(words[: round(0.5 * len(words))])),
            "20% of the words left out": self._around(" ".join(each for each in words if self._pick.random() >= 0.2)),
            "20% of the words put in": self._around(" ".join(map(self._perhaps_one_more, words))),
            "10% swapped, right answer": self._around(f"{self._swapped(words, 0.1)}\nAnswer: {answer}"),
        }
        for part in (0.1, 0.2, 0.3):
            made[f"{part:.0%} of the words swapped"] = self._around(self._swapped(words, part))
        sentences = question.replace("? ", "?\x00").replace(". ", ".\x00").split("\x00")
        if len(sentences) > 1:
            made["sentences in reverse order"] = self._around(" ".join(reversed(sentences)))
        translated = self._with_other_names(words)
        return made if translated is None else made | {"names translated": self._around(translated)}

    def _other_sides(self, row: Row, answer: str) -> dict[str, str]:
        made = {}
        passage, options = str(row.get("passage") or ""), [str(option) for option in row.get("options") or ()]
        if len(passage.split()) >= _OF_PASSAGE:
            made["passage only"] = self._around(passage)
        if len(answer.split()) >= _OF_ANSWER:
            made["answer only (12 words and more)"] = self._around(answer)
        if len(options) > 2 and sum(len(option.split()) for option in options) >= _OF_ANSWER:
            self._pick.shuffle(options)
            listed = (f"{letter}) {option}" for letter, option in zip("ABCDEFGHIJ", options, strict=False))
            made["options only, shuffled (12 words and more)"] = self._around("\n".join(listed))
        return made

    def _filler(self, count: int) -> str:
        return "\n\n".join(self._pick.choice(self._others)[:_MOST_FILLER] for _ in range(count))

    def _around(self, text: str) -> str:
        return f"{self._filler(1)}\n\n{text}\n\n{self._filler(1)}"

    def _swapped(self, words: Sequence[str], part: float) -> str:
        chosen = set(self._pick.sample(range(len(words)), max(1, round(part * len(words)))))
        return " ".join(self._pick.choice(self._words) if n in chosen else word for n, word in enumerate(words))

    def _perhaps_one_more(self, word: str) -> str:
        return f"{word} {self._pick.choice(self._words)}" if self._pick.random() < 0.2 else word

    def _with_other_names(self, words: Sequence[str]) -> str | None:
        bare = [word.strip(".,?!'\"") for word in words]
        names = [
            bare[place]
            for place in range(1, len(words))
            if words[place][:1].isupper()
            and words[place][1:2].islower()
            and not words[place - 1].endswith((".", "?", "!"))
        ]
        if not names:
            return None
        others = self._pick.sample(_NAMES, min(len(_NAMES), len(set(names))))
        new = dict(zip(dict.fromkeys(names), others, strict=False))
        return " ".join(new.get(name, word) for name, word in zip(bare, words, strict=True))


def sampled(
    sets: Mapping[str, Sequence[Row]], counts: Mapping[str, int], copier: Copier, pick: random.Random
) -> list[Copy]:
    """Copies of so many rows of each set that is there; rows of all sets are numbered one set after the other."""
    made, before = [], 0
    for name, rows in sets.items():
        for number in sorted(pick.sample(range(len(rows)), min(counts.get(name, 0), len(rows)))):
            words = len(str(rows[number].get("question") or "").split())
            made += [Copy(before + number, name, kind, words, text) for kind, text in copier.of(rows[number]).items()]
        before += len(rows)
    return made
