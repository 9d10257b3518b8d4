"""The words that birth classes are made of, apart from `records`, so that pydantic is not loaded with them."""

from __future__ import annotations

from enum import StrEnum

# What rows are called that may have been born in several ways, where they are counted by something that differs.
AMBIGUOUS = "ambiguous"


class Origin(StrEnum):
    """Whether a sample was made by people or instruments, by a model, by both; or nobody said."""

    REAL = "real"
    SYNTHETIC = "synthetic"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """How a synthetic sample was made."""

    REWRITE = "rewrite"
    SELF_REVISION = "self_revision"
    FROM_SCRATCH = "from_scratch"
    ANSWER = "answer"
    BACK_TRANSLATION = "back_translation"
    JUDGEMENT = "judgement"
    SOFT_LABEL = "soft_label"
    AUGMENTATION = "augmentation"


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
