"""What rows of a dataset are asked for: values of facets, what they came from, and words that they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from provenance.engines.answers import BornAlike
from provenance.errors import ProvenanceError
from provenance.faces.display import plain
from provenance.ledger.composition.breakdowns import BREAKDOWNS, UNSTATED
from provenance.lineage.rules import MADE_BY_MODEL
from provenance.lineage.words import AMBIGUOUS

# The value of a facet that a birth has; None: it has none of it; `AMBIGUOUS`: any.
GroupOf = Callable[[BornAlike], str | None]

# By the key in an address: what a facet is called.
FACETS = {
    "origin": "origin",
    "kind": "kind",
    "model": "model",
    "depth": "steps from human text",
    "source": "source",
    "license": "licence",
    "stage": "step",
    "prompt": "prompt",
    "evidence": "how we know",
}
_FROM, _WORDS, _AFTER, _RULE, _POLICY = "from", "q", "after", "rule", "policy"
_OF_A_VIEW = ("rev", "view", "format", "more")
KNOWN = (*FACETS, _FROM, _WORDS, _RULE, _POLICY, _AFTER, *_OF_A_VIEW)


@dataclass(frozen=True)
class Filter:
    """``values``: by facet, of which one must be a row's. ``came_from``: selectors, of what it came, or is.

    ``words``: what it says, whatever the case. ``rule``: of the ``policies``, of an audit that was made, what shows it.
    ``after``: the row behind which to look.
    """

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    came_from: Sequence[str] = ()
    words: str = ""
    rule: str = ""
    policies: Sequence[str] = ()
    after: int = 0

    @classmethod
    def of(cls, asked: Mapping[str, Sequence[str]]) -> Filter:
        """The filter that the keys of an address say.

        Raises:
            ProvenanceError: a key is none of these, or ``after`` is not a number.
        """
        unknown = sorted(set(asked) - set(KNOWN))
        if unknown:
            raise ProvenanceError(f"{unknown[0]}: not a filter; known are {', '.join(KNOWN)}")
        after = next(iter(asked.get(_AFTER, ())), "0")
        if not after.isascii() or not after.isdigit() or len(after) > 15:
            raise ProvenanceError(f"{_AFTER}={after}: not the number of a row")
        values = {name: tuple(asked[name]) for name in FACETS if any(asked.get(name, ()))}
        words = next(iter(asked.get(_WORDS, ())), "")
        rule, policies = next(iter(asked.get(_RULE, ())), ""), tuple(asked.get(_POLICY, ()))
        return cls(values, tuple(filter(None, asked.get(_FROM, ()))), words, rule, policies, int(after))

    @cached_property
    def asked(self) -> dict[str, list[str]]:
        """The same as keys of an address; without the row that it begins behind."""
        asked = {name: list(values) for name, values in self.values.items()}
        asked |= {_FROM: list(self.came_from), _WORDS: [self.words] if self.words else []}
        asked |= {_RULE: [self.rule], _POLICY: list(self.policies)} if self.rule else {}
        return {name: values for name, values in asked.items() if values}

    @cached_property
    def of_births(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What it asks of how rows were born."""
        return tuple((name, tuple(values)) for name, values in sorted(self.values.items()))

    @property
    def is_of_births(self) -> bool:
        """Whether it asks anything of how rows were born."""
        return bool(self.values)

    def fits(self, groups_of: Mapping[str, GroupOf], besides: str | None = None) -> Callable[[BornAlike], bool | None]:
        """Whether a birth fits all facets, without the one ``besides``; None where that is in doubt.

        ``groups_of``: see `groups_by_facet`.
        """
        asked = [(groups_of[name], values) for name, values in self.values.items() if name != besides]

        def answer(born: BornAlike) -> bool | None:
            groups = [(group_of(born), values) for group_of, values in asked]
            if any(group != AMBIGUOUS and not is_among(group, values) for group, values in groups):
                return False
            return None if any(group == AMBIGUOUS for group, _ in groups) else True

        return answer


def groups_by_facet(prompts: Sequence[str | None]) -> Mapping[str, GroupOf]:
    """By facet, the value that a birth has. ``prompts``: of each activity, by number, the name of its prompt."""

    def prompt_of(born: BornAlike) -> str | None:
        name = None if born.activity is None else prompts[born.activity]
        if name is None and "origin" in born.doubts:
            return AMBIGUOUS
        return name or (UNSTATED if born.origin in MADE_BY_MODEL else None)

    found: dict[str, GroupOf] = {name: BREAKDOWNS[f"by_{name}"].group for name in FACETS if f"by_{name}" in BREAKDOWNS}
    return found | {"stage": lambda born: born.stage, "prompt": prompt_of}


def is_among(group: object, values: Sequence[str]) -> bool:
    """Whether ``values`` name the group, as it is or as a form can hold it: with what is hidden as escapes."""
    return group is not None and (str(group) in values or plain(group) in values)
