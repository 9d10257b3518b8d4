"""The rules of others: n-grams as papers use them, and those that allenai/decon documents, written anew."""

from __future__ import annotations

import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

Row = Mapping[str, Any]
Gram = tuple[Any, ...]

# n-grams that more rows have are template.
_MOST_ROWS = 100


class Rule(Protocol):
    """Says which evaluation rows a text holds."""

    name: str

    def found(self, text: str) -> set[int]: ...


class NGrams:
    """A row is found where one n-gram of any of its texts occurs (Brown et al. 2020 with 13; others with 8)."""

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.name, self._size = f"any {size}-gram", size
        grams = [set(_grams(re.findall(r"[^\W_]+", _whole(row).lower()), size)) for row in rows]
        counts: Counter[Gram] = Counter()
        for each in grams:
            counts.update(each)
        self._rows: dict[Gram, list[int]] = defaultdict(list)
        for number, each in enumerate(grams):
            for gram in each:
                if counts[gram] <= _MOST_ROWS:
                    self._rows[gram].append(number)

    def found(self, text: str) -> set[int]:
        words = re.findall(r"[^\W_]+", text.lower())
        return {row for gram in set(_grams(words, self._size)) for row in self._rows.get(gram, ())}


class Decon:
    """decon's rules by its documentation (0.3.0, doc/simple-details.md), over the tokens of cl100k; approximate.

    Its defaults look at every tenth 5-gram and leave rows of fewer than 20 tokens out; its tests set 1 and 0.
    """

    _SEED, _MISSES, _SHORT, _NEAR, _AROUND = 5, 11, 3, 50, 100
    _THRESHOLD = 0.8
    _PUNCTUATION = "!’\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~”“‘’—"

    def __init__(self, rows: Sequence[Row], name: str, *, every: int, least_tokens: int, answers: bool) -> None:
        import tiktoken

        self.name, self._every = name, every
        self._encoding = tiktoken.get_encoding("cl100k_base")
        self._spaces = str.maketrans(dict.fromkeys(self._PUNCTUATION, " "))
        self._entries: list[tuple[int, list[int], list[int], list[int]]] = []
        for number, row in enumerate(rows):
            for answer in (row.get("options") or [row.get("answer") or ""]) if answers else [""]:
                passage = str(row.get("passage") or "") if answers else ""
                question = str(row.get("question") or "")
                asked, answered, read = (self._tokens(text) for text in (question, str(answer), passage))
                if len(asked) + len(answered) + len(read) >= least_tokens:
                    self._entries.append((number, asked, answered, read))
        questions = [set(_grams(entry[1], self._SEED)) for entry in self._entries]
        self._weights = _weights(questions)
        self._answer_weights = _weights(set(_grams(entry[2], 3)) for entry in self._entries)
        self._passage_weights = _weights(set(_grams(entry[3], 4)) for entry in self._entries)
        self._hot = max(2000, 2 * math.isqrt(max(len(self._entries), 2)))
        self._unique = [len(grams) for grams in questions]
        self._sums = [sum(map(self._weights.__getitem__, grams)) or 1e-9 for grams in questions]
        self._where: dict[Gram, set[int]] = defaultdict(set)
        for entry, grams in enumerate(questions):
            for gram in grams:
                self._where[gram].add(entry)

    def found(self, text: str) -> set[int]:
        tokens = self._tokens(text)
        grams = _grams(tokens, self._SEED)
        rows, place = set(), 0
        while place < len(grams):
            entries = self._where.get(grams[place], set())
            if not entries or len(entries) > self._hot:
                place += 1 if entries else self._every
                continue
            matched = {entry: {grams[place]} for entry in entries}
            bounds = {entry: [place, place] for entry in entries}
            self._walk(grams, place, -1, matched, bounds)
            end = self._walk(grams, place, 1, matched, bounds)
            for entry, own in matched.items():
                question = sum(map(self._weights.__getitem__, own)) / self._sums[entry]
                first, last = bounds[entry]
                if self._counts(entry, question, first, last + self._SEED - 1, tokens):
                    rows.add(self._entries[entry][0])
            place = max(place + 1, end)
        return rows

    def _walk(
        self, grams: Sequence[Gram], place: int, step: int, matched: dict[int, set[Gram]], bounds: dict[int, list[int]]
    ) -> int:
        """Follow the entries from a seed in one direction, until each has missed too often."""
        active, missed = set(matched), dict.fromkeys(matched, 0)
        at = place + step
        while active and 0 <= at < len(grams):
            here = self._where.get(grams[at], set())
            for entry in list(active):
                if entry in here:
                    if grams[at] not in matched[entry]:
                        matched[entry].add(grams[at])
                        missed[entry] = 0
                    bounds[entry][step > 0] = at
                else:
                    missed[entry] += 1
                    if missed[entry] >= self._MISSES:
                        active.discard(entry)
            at += step
        return at

    def _counts(self, entry: int, question: float, first: int, last: int, tokens: list[int]) -> bool:
        _, asked, answer, passage = self._entries[entry]
        after = max(first, last - max(0, (last - first + 1) - len(asked))) + 1
        of_answer = self._of_answer(answer, tokens, after)
        around = tokens[max(0, first - self._AROUND - len(passage)) : last + self._AROUND + len(passage)]
        of_passage = _overlap(passage, around, 4, self._passage_weights)
        sure = min(1.0, 0.5 + self._unique[entry] / 40)
        score = question
        if answer and passage:
            of_short = min(1.0, 0.5 + len(set(answer)) / 8)
            lost = 0.35 * (1 - sure)
            for_passage = 0.1 + lost + (0.2 + lost) * (1 - of_short)
            score = question * 0.7 * sure + of_answer * (0.2 + lost) * of_short + of_passage * for_passage
        elif answer:
            score = question * 0.75 * sure + of_answer * (0.25 + 0.75 * (1 - sure))
        elif passage:
            score = question * 0.85 * sure + of_passage * (0.15 + 0.85 * (1 - sure))
        length = min(max(len(asked) + len(answer) + len(passage), 20), 50)
        needed = 1 - (1 - self._THRESHOLD) * (length - 20) / 30
        return score >= needed - 1e-6

    def _of_answer(self, answer: list[int], tokens: list[int], after: int) -> float:
        if len(answer) <= self._SHORT:
            places = range(after, min(after + self._NEAR, len(tokens)))
            return float(any(tokens[place : place + len(answer)] == answer for place in places)) if answer else 0.0
        window = tokens[after : after + max(self._AROUND, 2 * len(answer))]
        return _overlap(answer, window, 3, self._answer_weights)

    def _tokens(self, text: str) -> list[int]:
        plain = " ".join(text.lower().translate(self._spaces).split())
        return self._encoding.encode_ordinary(f" {plain}") if plain else []


def decon(rows: Sequence[Row]) -> list[Rule]:
    """decon at its defaults and at the settings of its tests; none where its vocabulary is not installed."""
    litellm = find_spec("litellm")
    if litellm is None or litellm.origin is None or find_spec("tiktoken") is None:
        return []
    # litellm, which the tests need, brings the vocabulary along under the name that tiktoken gives to it.
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(litellm.origin).parent / "litellm_core_utils/tokenizers")
    return [
        Decon(rows, "decon", every=10, least_tokens=20, answers=True),
        Decon(rows, "decon as in its tests", every=1, least_tokens=0, answers=True),
        Decon(rows, "the same, questions alone", every=1, least_tokens=0, answers=False),
    ]


def _overlap(own: list[int], window: list[int], size: int, weights: Mapping[Gram, float]) -> float:
    grams = set(_grams(own, size))
    shared = grams & set(_grams(window, size))
    return sum(map(weights.__getitem__, shared)) / (sum(map(weights.__getitem__, grams)) or 1e-9)


def _weights(grams: Iterable[set[Gram]]) -> dict[Gram, float]:
    counts: Counter[Gram] = Counter()
    total = 0
    for each in grams:
        counts.update(each)
        total += 1
    return {gram: math.log(total / count) if count < total else 1e-6 for gram, count in counts.items()}


def _grams(items: Sequence[Any], size: int) -> list[Gram]:
    return [tuple(items[place : place + size]) for place in range(len(items) - size + 1)]


def _whole(row: Row) -> str:
    texts = (row.get("passage"), row.get("question"), *(row.get("options") or ()), row.get("answer"))
    return "\n".join(str(text) for text in texts if text)
