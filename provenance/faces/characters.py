"""Which characters a reader would not see, or would be misled by: the one rule for terminals and pages."""

from __future__ import annotations

import re
import unicodedata

# Controls; format characters, among them bidirectional overrides, zero-width characters and invisible tags; lone
# surrogates; private use; what is not assigned; line and paragraph separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that leave no trace: fillers, the grapheme joiner, variation selectors.
_TRACELESS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Format characters that are drawn: Arabic, Syriac and Kaithi number signs.
_DRAWN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_STYLES = "\ufe0e\ufe0f"  # of an emoji: as text, as a picture
_KEYCAPS = "0123456789#*\u00a9\u00ae"
_VIRAMA = 9


def is_hidden(text: str, place: int) -> bool:
    """Whether the character at ``place`` of ``text`` has to be shown as an escape.

    Line breaks and tabs are layout. Joiners and styles stay where a script or an emoji is made with them, and only
    there: between Latin letters they can only hide something.
    """
    character = text[place]
    if not has_no_shape(character) or character in "\n\t":
        return False
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if character == "\r":
        return after != "\n"
    if character in _STYLES:
        return not (before and _takes_style(before))
    if character in (_JOINER, _NON_JOINER):
        return not (before and after and _joins(before, after, character))
    return True


def has_no_shape(character: str) -> bool:
    """Whether ``character`` alone draws nothing that a reader could see, other than space."""
    if character.isascii():
        return not character.isprintable()
    if _TRACELESS.match(character):
        return True
    return unicodedata.category(character) in _HIDDEN_CATEGORIES and character not in _DRAWN_FORMATS


def escape_of(character: str) -> str:
    """``character`` as it is written in Python: one to ten characters of ASCII."""
    return character.encode("unicode_escape").decode("ascii")


def name_of(character: str) -> str:
    """What Unicode calls ``character``, or its number."""
    return unicodedata.name(character, f"U+{ord(character):04X}").lower()


def _takes_style(before: str) -> bool:
    return before in _KEYCAPS or (not before.isascii() and unicodedata.category(before)[0] in "SP")


def _joins(before: str, after: str, joiner: str) -> bool:
    if unicodedata.combining(before) == _VIRAMA or unicodedata.bidirectional(before) == "AL":
        return not has_no_shape(after)
    pictures = before in _STYLES or unicodedata.category(before) in ("So", "Sk")
    return joiner == _JOINER and pictures and unicodedata.category(after) in ("So", "Sm")
