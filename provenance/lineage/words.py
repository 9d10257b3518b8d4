"""The words that birth classes are made of, apart from `records`, so that pydantic is not loaded with them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Self

# What rows are called that may have been born in several ways, where they are counted by something that differs.
AMBIGUOUS = "ambiguous"
# A kind that is none of the table's, also in SQL.
OTHER_KIND = "other:[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_OTHER = re.compile(OTHER_KIND)


class Origin(StrEnum):
    """Whether a sample was made by people or instruments, by a model, by both; or nobody said."""

    REAL = "real"
    SYNTHETIC = "synthetic"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """How a synthetic sample was made: one of these or, for what the field has no word for, ``other:NAME``."""

    # The line above stands in published schemas, where Python 3.13 and those before it would indent a second one in
    # different ways. ``meaning`` says it with an example. ``from_others``: it was made from others, recorded or not.

    meaning: str
    from_others: bool

    def __new__(cls, value: str, meaning: str = "", from_others: bool = False) -> Self:
        """A member of the table below, where what follows its word says these."""
        return cls._made(value, meaning, from_others)

    REWRITE = "rewrite", "a text said anew: rephrased, simplified, in another style", True
    SELF_REVISION = "self_revision", "a model's text that the same model improved", True
    FROM_SCRATCH = "from_scratch", "text by a prompt alone: a story, a textbook's chapter on a topic", False
    QUESTION = "question", "a question or an instruction to be answered, by a document or not", False
    ANSWER = "answer", "the answer to a question, the response to an instruction", True
    TRANSLATION = "translation", "a text in another language", True
    BACK_TRANSLATION = (
        "back_translation",
        "a text translated and back again, or the instruction to a given response",
        True,
    )
    SUMMARY = "summary", "a text made shorter: an abstract, a headline, key points", True
    PREFERENCE = "preference", "a pair of responses of which one is to be preferred", True
    JUDGEMENT = "judgement", "what a model thinks of a text: a grade, a critique, a label", True
    SOFT_LABEL = "soft_label", "probabilities of a teacher, to distil from", True
    AUGMENTATION = "augmentation", "a variant of a sample: noise, swapped words, changed numbers", True

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not (isinstance(value, str) and _OTHER.fullmatch(value)):
            return None
        member = cls._made(value, "", from_others=False)
        member._name_ = value
        return member

    @classmethod
    def _made(cls, value: str, meaning: str, from_others: bool) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        member.from_others = from_others
        return member

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """The JSON schema of what fits."""
        named = {"enum": [str(kind) for kind in cls], "type": "string"}
        other = {"pattern": f"^{OTHER_KIND}$", "type": "string"}
        return {"anyOf": [named, other], "description": cls.__doc__, "title": cls.__name__}

    @classmethod
    def listed(cls) -> str:
        """What fits, for messages."""
        return f"{', '.join(cls)}, other:NAME"


class Evidence(StrEnum):
    """How we know: recorded as it happened, stated afterwards, or computed (a candidate, never lineage)."""

    OBSERVED = "observed"
    DECLARED = "declared"
    INFERRED = "inferred"


# The length of a mark: a digest of a row's other columns, see `identity.marks`.
MARK_BYTES = 8

# What is counted of a dataset's own rows: of an ancestor, and in another dataset, it says nothing.
COUNTED_NAMES = ("rows", "possible_rows", "ambiguous_rows")

# What a record may be in doubt about: it would inherit the value, but the births that its parents may have had differ
# in it, so that it is null (an origin: unknown). In a sidecar these are the bits of ``doubts``, the lowest first.
DOUBTS = ("origin", "kind", "agent", "source", "license", "depth", "real_rooted")


def doubts_of(bits: int | None) -> tuple[str, ...]:
    """The names of `DOUBTS` whose bits are set."""
    return tuple(name for number, name in enumerate(DOUBTS) if (bits or 0) >> number & 1)


class ActivityType(StrEnum):
    """What an activity did; a purge took samples out of a dataset."""

    COLLECTION = "collection"
    GENERATION = "generation"
    DERIVATION = "derivation"
    PURGE = "purge"
