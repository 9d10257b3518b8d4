"""Two texts beside each other: what changed, what they share; and a prompt with its variables filled in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from markupsafe import Markup

from provenance.faces.display import show

_WORD_OR_GAP = re.compile(r"\w+|\s+|[^\w\s]")
_WORD = re.compile(r"\w+")
_VARIABLE = re.compile(r"\{(\w+)\}")
_MOST_WORDS = 3_000
_LEAST_ALIKE = 0.3


def difference(before: str, after: str) -> tuple[Markup, Markup] | None:
    """Both texts with what was taken out and what was put in, word by word; None where they are too long or alien."""
    old, new = _WORD_OR_GAP.findall(before), _WORD_OR_GAP.findall(after)
    if max(len(old), len(new)) > _MOST_WORDS:
        return None
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if _alike(old, new, matcher) < _LEAST_ALIKE:
        return None
    left, right = [], []
    for change, start, end, new_start, new_end in matcher.get_opcodes():
        gone, come = show("".join(old[start:end])), show("".join(new[new_start:new_end]))
        equal = change == "equal"
        if gone:
            left.append(gone if equal else Markup("<del>{}</del>").format(gone))
        if come:
            right.append(come if equal else Markup("<ins>{}</ins>").format(come))
    return Markup("").join(left), Markup("").join(right)


def _alike(old: list[str], new: list[str], matcher: difflib.SequenceMatcher[str]) -> float:
    """Which share of the words of both is in both; the gaps between words, which all texts have, left out."""
    kept = sum(
        not word.isspace() for start, _, size in matcher.get_matching_blocks() for word in old[start : start + size]
    )
    words = sum(not word.isspace() for word in (*old, *new))
    return 2 * kept / words if words else 1.0


def shared(text: str, other: str, least: int = 3, limit: int | None = None) -> Markup:
    """``text`` with the runs of ``least`` words or more marked that ``other`` has too, whatever their case."""
    cut = text if limit is None else text[:limit]
    pieces: list[Markup] = []
    done = 0
    for start, end in _shared_runs(cut, other, least):
        pieces += (show(cut[done:start]), Markup("<mark>{}</mark>").format(show(cut[start:end])))
        done = end
    pieces.append(show(text[done:], None if limit is None else max(limit - done, 0)))
    return Markup("").join(pieces)


def _shared_runs(text: str, other: str, least: int) -> Iterator[tuple[int, int]]:
    """Where each run starts and ends in ``text``."""
    words = list(_WORD.finditer(text))[:_MOST_WORDS]
    said = [found.group().lower() for found in words]
    theirs = [found.group().lower() for found in _WORD.finditer(other)][:_MOST_WORDS]
    runs = {tuple(theirs[at : at + least]) for at in range(len(theirs) - least + 1)}
    shared_words: set[int] = set()
    for at in range(len(said) - least + 1):
        if tuple(said[at : at + least]) in runs:
            shared_words.update(range(at, at + least))
    first = 0
    for at in sorted(shared_words):
        if at - 1 not in shared_words:
            first = at
        if at + 1 not in shared_words:
            yield words[first].start(), words[at].end()


def filled(template: str, values: Mapping[str, str]) -> Markup:
    """A prompt's template with its variables filled in and set apart."""
    pieces: list[Markup] = []
    done = 0
    for found in _VARIABLE.finditer(template):
        name = found.group(1)
        if name in values:
            value = Markup('<span class="variable" title="{}">{}</span>').format(name, show(values[name]))
            pieces += (show(template[done : found.start()]), value)
            done = found.end()
    pieces.append(show(template[done:]))
    return Markup("").join(pieces)
