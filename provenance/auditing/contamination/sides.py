"""The sides of an evaluation row: question, passage, answer and options, which are looked for apart.

A row's fields say by their names what they are, whatever the case, also as a word of a name ("question_text"); a
conversation's messages by who speaks. Where no name says that a field asks or is read, each text of the row counts as a
question; where one does, texts that no name describes are looked for as answers are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import cache

from provenance.auditing.contamination.words import FIELD

_QUESTION = (
    *("question", "prompt", "problem", "query", "instruction", "input", "goal", "text", "premise", "hypothesis"),
    *("ctx", "sentence", "sentence1", "sentence2", "content", "question_stem", "stem"),
)
_PASSAGE = ("passage", "context", "article", "story", "paragraph", "document", "support", "sql_context")
_ANSWER = (
    *("answer", "answers", "solution", "output", "response", "target", "completion", "best_answer", "label"),
    *("canonical_solution", "reference", "final_answer", "correct_answer", "gold"),
)
_OPTIONS = ("choices", "options", "endings", "distractors", "mc1_targets")
_CONVERSATIONS = ("messages", "conversations", "conversation", "dialogue")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SPEAKER, _SAID = ("role", "from"), ("content", "value", "text")
_ASKING, _ANSWERING = ("user", "human"), ("assistant", "gpt", "model", "bot")
# Of a list of options, what numbers them.
_NO_OPTION = ("label", "labels", "id")
# A question of more characters says enough by itself.
_LONGEST_JOINED = 400


class Side(IntEnum):
    """What a text is in its row. The last two are a question joined with what says more, for questions that say little.

    A question's texts are words to be found wherever; answers and options alone need more to be evidence.
    """

    QUESTION = 0
    PASSAGE = 1
    ANSWER = 2
    OPTIONS = 3
    WITH_OPTIONS = 4
    WITH_ANSWER = 5

    @property
    def words(self) -> str:
        """What people call it."""
        return ("question", "passage", "answer", "options", "question with its options", "question with its answer")[
            self
        ]


def sides_of(row: Mapping[str, object]) -> list[tuple[Side, str]]:
    """The texts of a row of an evaluation set, each with its side; none is empty."""
    found: dict[Side, list[str]] = {side: [] for side in (Side.QUESTION, Side.PASSAGE, Side.ANSWER, Side.OPTIONS)}
    others: list[str] = []
    for name, value in row.items():
        side = _side_of(name)
        if isinstance(value, list | tuple) and (name in _CONVERSATIONS or _is_conversation(value)):
            _add_messages(found, value)
        elif side is Side.OPTIONS:
            found[side] += _texts(value, without=_NO_OPTION)
        else:
            texts = others if side is None else found[side]
            texts += _texts(value)
    found[Side.ANSWER] = [_spelt_out(text, found[Side.OPTIONS]) for text in found[Side.ANSWER]]
    if found[Side.QUESTION] or found[Side.PASSAGE]:
        found[Side.ANSWER] += others
    else:
        found[Side.QUESTION] = others or found[Side.ANSWER]
        found[Side.ANSWER] = found[Side.ANSWER] if others else []
    return [*_single(found), *_joined(found)]


def _single(found: Mapping[Side, list[str]]) -> Iterator[tuple[Side, str]]:
    for side, texts in found.items():
        if side is Side.OPTIONS and texts:
            yield side, FIELD.join(texts)
        else:
            yield from ((side, text) for text in texts)


def _joined(found: Mapping[Side, list[str]]) -> Iterator[tuple[Side, str]]:
    for question in found[Side.QUESTION]:
        if len(question) > _LONGEST_JOINED:
            continue
        if found[Side.OPTIONS]:
            yield Side.WITH_OPTIONS, FIELD.join((question, *found[Side.OPTIONS]))
        if found[Side.ANSWER]:
            yield Side.WITH_ANSWER, FIELD.join((question, found[Side.ANSWER][0]))


def _is_conversation(value: list[object] | tuple[object, ...]) -> bool:
    """Whether a list holds messages, each with its speaker."""
    return bool(value) and all(isinstance(each, Mapping) and any(name in each for name in _SPEAKER) for each in value)


def _add_messages(found: Mapping[Side, list[str]], messages: list[object] | tuple[object, ...]) -> None:
    for message in messages:
        if isinstance(message, Mapping):
            speaker = next((message[name] for name in _SPEAKER if name in message), None)
            said = [text for name in _SAID for text in _texts(message.get(name))]
            if speaker in _ASKING:
                found[Side.QUESTION].extend(said)
            elif speaker in _ANSWERING:
                found[Side.ANSWER].extend(said)


def _texts(value: object, without: tuple[str, ...] = ()) -> list[str]:
    """All texts in a value, numbers among them, in order."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, str | int | float):
        text = str(value)
        return [text] if text.strip() else []
    if isinstance(value, Mapping):
        return [text for name, each in value.items() if name not in without for text in _texts(each, without)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each, without)]
    return []


def _spelt_out(answer: str, options: list[str]) -> str:
    """The option that an answer names by its letter or by its number, which counts from 0; else the answer."""
    short = answer.strip().strip("().").upper()
    place = int(short) if short.isdecimal() else ord(short) - ord("A") if len(short) == 1 else -1
    return options[place] if 0 <= place < len(options) else answer


_NAMES = {Side.OPTIONS: _OPTIONS, Side.PASSAGE: _PASSAGE, Side.ANSWER: _ANSWER, Side.QUESTION: _QUESTION}


@cache
def _side_of(name: str) -> Side | None:
    """What a field of this name is: by the whole of it or, where that says nothing, by any of its words."""
    words = {word.lower() for word in _WORD.findall(name)}
    if "system" in words:
        return None
    words |= {word.removesuffix("s") for word in words}
    of_whole = (side for side, names in _NAMES.items() if name.lower() in names)
    return next(of_whole, next((side for side, names in _NAMES.items() if words.intersection(names)), None))
