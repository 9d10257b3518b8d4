"""Text as people read it: what looks the same on paper is the same here. The one home of this rule, for all measures.

Compatibility characters are what they stand for (NFKC: full width, ligatures, composed and decomposed accents), case
is folded, and what nobody sees (format characters, variation selectors, zero-width and other ignorable ones) is left
out. In a word with Latin letters, Cyrillic and Greek letters that look like Latin ones are these; Russian and Greek
words stay as they are. Ids of samples know nothing of it: they are of the bytes as they stand.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# What Unicode calls default ignorable beside the category Cf; as first and last code points.
_IGNORABLE = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)
# Small letters, after case folding, and the Latin ones that they look like.
_LOOKS = str.maketrans("аеорсухіјѕԁһӏкмтвнαορντικυ", "aeopcyxijsdhlkmtbhaopvtiku")
_ALIKE = re.compile("[" + "".join(map(chr, _LOOKS)) + "]")
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z\u00df-\u024f]")


def as_read(text: str) -> str:
    """``text`` as people read it; reading it once more changes nothing."""
    if text.isascii():
        return text.lower()
    seen = _unseen().sub("", text)
    # Folding may leave what is not normalised, and normalising what is not folded: the second round settles both.
    for _ in range(2):
        seen = unicodedata.normalize("NFKC", seen).casefold()
    seen = _unseen().sub("", unicodedata.normalize("NFKC", seen))
    return _LETTERS.sub(_in_one_script, seen) if _ALIKE.search(seen) else seen


def as_read_column(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """`as_read` of each text; null is no text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = pc.fill_null(texts, "")
    # Only rows with other characters need Python.
    other = pc.invert(pc.string_is_ascii(filled))
    lower = pc.ascii_lower(filled)
    if not pc.any(other).as_py():
        return lower
    read = [as_read(text) for text in filled.filter(other).to_pylist()]
    return pc.replace_with_mask(lower, other, pa.array(read, lower.type))


def _in_one_script(word: re.Match[str]) -> str:
    letters = word.group()
    return letters.translate(_LOOKS) if _LATIN.search(letters) else letters


@cache
def _unseen() -> re.Pattern[str]:
    """Runs of characters that nobody sees."""
    formats = [code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"]
    spans = [*((code, code) for code in formats), *_IGNORABLE]
    return re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in spans) + "]+")
