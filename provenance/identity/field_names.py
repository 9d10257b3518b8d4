"""The names that say what a column is: content, or what only describes the sample.

The lists are those of docs/specification/sample-identity.md. To change one changes sample ids, so they belong to the
version of the canonical form.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

RESERVED_COLUMNS = frozenset({"_parents", "_parent_roles", "_model", "_kind", "_prompt", "_lineage"})

Form = Literal["text", "bytes", "object", "list", "number"]
FORMS: tuple[Form, ...] = ("text", "bytes", "object", "list", "number")

# By their whole name these are content, of whatever form, also where their last word is on a list below.
CONTENT_NAMES = frozenset(
    """text texts content contents messages conversation conversations dialogue dialog turns prompt prompts completion
    completions response responses chosen rejected instruction instructions input inputs output outputs target targets
    system system_prompt tools functions question questions query queries answer answers choices options context
    contexts passage passages document documents label labels positive negative pos neg input_ids token_ids tokens
    image images audio audios video videos
    answer_key answer_index answer_idx""".split()
)

# With one of these among the words of its name, a number or a truth value is content.
ANSWER_WORDS = frozenset("answer answers label labels target targets choice preference".split())

# As the last word of a name, in the singular or with an s, these make single values and lists of them metadata.
METADATA_WORDS = frozenset(
    """id idx index indices key uid uuid guid qid pid asin hash hexsha md5 sha sha1 sha256 digest fingerprint checksum
    etag url uri link href domain subdomain website host site
    source origin provenance dataset corpus subset split set config collection dump crawl shard batch
    language lang locale country license licence copyright
    version revision commit branch repo repository
    date datetime time timestamp tstamp year month day at created updated added modified
    model generator annotator author user username worker labeler judge reviewer speaker publisher provider platform
    score rating rank reward quality difficulty level grade confidence probability prob perplexity logprob similarity
    distance toxicity nsfw lid
    count size length width height duration
    category categories subcategory type subtype kind topic subtopic field subfield subtask tag genre cluster subreddit
    gender age accent ip audience encoding extension ext
    path file filename filepath folder directory
    embedding vector mask
    price cost latency usage seed temperature status state flag error
    name""".split()
)

# The same, but only as the whole name, and whatever the form.
METADATA_NAMES = frozenset("task skill capability format template finish_reason json".split())

# As the last word, these make objects metadata, too.
METADATA_OBJECTS = frozenset("meta metadata info extra header config moderation stats statistics signal usage".split())

# As the first of several words, these make single values and lists of them metadata.
METADATA_PREFIXES = frozenset("is has num n count total avg mean".split())

_NEW_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_END_NUMBER = re.compile(r"\d+$")


def words(name: str) -> list[str]:
    """The words of a column's name in lower case: ``questionID`` and ``question-id`` are ``question``, ``id``."""
    return _WORD.findall(_NEW_WORD.sub(" ", name).lower())


@lru_cache(maxsize=1 << 16)
def counts(name: str, form: Form) -> bool:
    """Whether a value of this form in the column ``name`` is content, by name and form alone."""
    if name in RESERVED_COLUMNS:
        return False
    if is_content_name(name):
        return True
    if is_metadata_name(name, form):
        return False
    return form != "number" or is_answer_name(name)


def is_content_name(name: str) -> bool:
    """Whether all that a column of this name holds is content."""
    return "_".join(words(name)) in CONTENT_NAMES


def is_answer_name(name: str) -> bool:
    """Whether the name says that numbers and short texts in the column are an answer or a label."""
    return not ANSWER_WORDS.isdisjoint(words(name))


def is_metadata_name(name: str, form: Form) -> bool:
    """Whether the name says that a value of this form only describes the sample."""
    found = words(name)
    # pandas calls a column without a name ``Unnamed: 0``.
    if not found or found[0] == "unnamed":
        return True
    last = _last_words(found)
    if _is_among(METADATA_OBJECTS, last) or _is_among(METADATA_NAMES, ["_".join(found)]):
        return True
    if form in ("object", "bytes"):
        return False
    return _is_among(METADATA_WORDS, last) or (len(found) > 1 and found[0] in METADATA_PREFIXES)


def _last_words(found: list[str]) -> list[str]:
    """The last word, and the last one without the numbers and single letters that tell copies apart (``score_a``)."""
    end = len(found)
    while end > 1 and (found[end - 1].isdigit() or len(found[end - 1]) == 1):
        end -= 1
    return [_END_NUMBER.sub("", found[end - 1]) or found[end - 1], found[-1]]


def _is_among(known: frozenset[str], candidates: list[str]) -> bool:
    """Whether one of ``candidates``, or what it is the plural of, is known."""
    return any(word in known or (word.endswith("s") and word[:-1] in known) for word in candidates)
