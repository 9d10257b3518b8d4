"""The family of a model, read off its name: what `by_model_family` groups by and `judge_generator` compares.

The rule, in this order: what stands behind the last ``/`` counts, without an ``@REVISION``, in lower case; it is cut
at every character that is not a letter or a digit; the first piece that begins with a letter and is not a word of
`NOT_A_FAMILY` (makers and generic words) gives the family: its letters up to its first digit. So
``meta-llama/Llama-3.1-8B`` is ``llama``, ``gpt-4o-mini`` is ``gpt``, ``anthropic.claude-3-opus`` is ``claude``.
It is a rule about names: a model that hides what it was made from is of a family of its own, unless the register of
models says what its base is.
"""

from __future__ import annotations

import re

# Words that stand before the family's own in names as providers and hubs write them.
NOT_A_FAMILY = frozenset(
    {
        *("amazon", "anthropic", "azure", "bedrock", "google", "meta", "microsoft", "nvidia", "openai", "openrouter"),
        *("ai", "eu", "us", "apac", "global", "hf", "model", "models", "the"),
        *("base", "chat", "code", "instruct", "open", "text"),
    }
)
_PIECE = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")


def model_family(name: str) -> str:
    """The family of the model called ``name``; the whole name in lower case where the rule finds none."""
    own = name.rpartition("/")[2].partition("@")[0].lower()
    for piece in _PIECE.findall(own):
        letters = _LETTERS.match(piece)
        if letters and letters[0] not in NOT_A_FAMILY:
            return letters[0]
    return own or name.lower()
