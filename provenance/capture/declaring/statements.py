"""From statements about rows to births: checked, typed, and their activities distinguished."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import orjson

from provenance.capture.declaring.importers.interface import FIELDS, Statement
from provenance.capture.generation import cost_text, named_parameters, token_counts
from provenance.capture.parents import several
from provenance.capture.recording.linking import prompt_columns
from provenance.capture.redaction import redact_prose, redact_text
from provenance.capture.stated_license import StatedLicenses
from provenance.errors import DataError, ProvenanceError
from provenance.identity.digests import digest_function
from provenance.lineage.explaining import DERIVED_ROLE
from provenance.lineage.records import Activity, ActivityType, Agent, Evidence, Kind, Origin, Plan, Source, SourceType
from provenance.lineage.rules import made_by_model
from provenance.lineage.vocabulary import Vocabulary

if TYPE_CHECKING:
    from provenance.capture.environment import Environment
    from provenance.capture.parents import ParentFinder
    from provenance.capture.prices import Prices
    from provenance.lineage.schema import Birth

# All activities of a sidecar are in its header, which is read as a whole.
_MOST_ACTIVITIES = 10_000
_INT64_LIMIT = 2**63
# These say more of a birth that something else states; alone they state none.
_QUALIFIERS = frozenset({"model_revision", "provider", "prompt_name", "template", "source_url", "publisher"})
# Only a model's output has these.
_OF_MODELS = ("model", "kind", "prompt", "response_id", "input_tokens", "output_tokens")
# Columns that are taken over as they are stated.
_TEXTS: tuple[Literal["response_id", "license", "verdict", "verifier"], ...] = (
    *("response_id", "license", "verdict", "verifier"),
)
_NUMBERS: tuple[Literal["seed", "input_tokens", "output_tokens"], ...] = ("seed", "input_tokens", "output_tokens")
_OF_ACTIVITY = ("model", "model_revision", "provider", "prompt_name", "template", "source", "source_url", "publisher")


class Births:
    """Makes births out of statements about the rows of ``dataset``, and gathers their activities.

    ``activities`` are in the order of their numbers; ``vocabulary`` describes them. ``licenses``: those of the rows.
    """

    def __init__(
        self,
        dataset: str,
        digest: str,
        environment: Environment,
        parents: ParentFinder,
        *,
        prompt_name: str,
        prices: Prices | None,
        keep_prompts: bool,
    ) -> None:
        self.activities: list[Activity] = []
        self.vocabulary = Vocabulary()
        self.dataset = dataset
        self.licenses = StatedLicenses()
        self._digest = digest_function(digest)
        self._environment = environment
        self._parents = parents
        self._prompt_name = prompt_name
        self._prices = prices
        self._keep_prompts = keep_prompts
        self._numbers: dict[bytes, int] = {}

    def birth(self, row: int, statement: Statement, of: str | None = None) -> Birth | None:
        """The birth of ``row`` in the columns of `birth_schema`, ids in hex; None where nothing is stated of it.

        ``of``: what errors call that which has the row; default: the dataset.

        Raises:
            DataError: a value cannot be what its field says, or what is stated contradicts itself.
        """
        stated = {name: value for name, value in statement.items() if not _is_missing(value)}
        if all(name in _QUALIFIERS or name not in FIELDS for name in stated):
            return None
        try:
            return {"row": row, **self._columns(stated)}
        except (ValueError, ProvenanceError) as error:
            raise DataError(of or self.dataset, row, str(error)) from error

    def _columns(self, stated: Statement) -> Birth:
        parents = self._parents.find(stated.get("parents"), stated.get("parent_key"))
        kind, origin = _origin(stated, derived=bool(parents))
        by_model = made_by_model(origin) or any(name in stated for name in _OF_MODELS)
        if by_model:
            activity_type = ActivityType.GENERATION
        else:
            activity_type = ActivityType.DERIVATION if parents else ActivityType.COLLECTION
        return {
            "activity": self._number(activity_type, stated),
            "origin": origin,
            "kind": kind,
            "source_type": SourceType.TRAINED_ALGORITHMIC_DATA if origin is Origin.SYNTHETIC else None,
            "parents": parents,
            "parent_roles": _roles(stated.get("parent_roles"), len(parents)),
            "evidence": Evidence.DECLARED,
            **self._prompt(stated),
            **self._checked(stated),
        }

    def _prompt(self, stated: Statement) -> Birth:
        if "prompt" not in stated:
            return {}
        return prompt_columns(_text("prompt", stated["prompt"]), self._digest, keep_text=self._keep_prompts)

    def _number(self, activity_type: ActivityType, stated: Statement) -> int:
        """The number of the activity that ``stated`` describes, which is made when it is first met."""
        said = {name: stated[name] for name in stated if name in _OF_ACTIVITY or name not in FIELDS}
        key = orjson.dumps([activity_type, said], default=repr, option=orjson.OPT_SORT_KEYS)
        number = self._numbers.get(key)
        if number is None:
            if len(self.activities) == _MOST_ACTIVITIES:
                raise ValueError(
                    f"more than {_MOST_ACTIVITIES:,} combinations of model, template, source and parameters; "
                    "state what differs from row to row as prompt, seed or response_id instead"
                )
            number = self._numbers[key] = len(self.activities)
            self.activities.append(self._activity(activity_type, said))
        return number

    def _activity(self, activity_type: ActivityType, said: Statement) -> Activity:
        texts = {name: redact_prose(_text(name, said[name])) for name in said if name in FIELDS}
        agent, plan, source = _agent(texts), self._plan(texts), _source(texts)
        generated = activity_type is ActivityType.GENERATION
        activity = Activity(
            type=activity_type,
            agent=agent.id if agent else None,
            plan=plan.id if plan and generated else None,
            source=source.id if source else None,
            parameters=named_parameters({n: v for n, v in said.items() if n not in FIELDS}) if generated else {},
            price=self._prices.of(agent) if self._prices and agent else None,
            stage=self._environment.stage,
            command=self._environment.command,
            git=self._environment.git,
        )
        self.vocabulary.add(
            [activity], [agent] if agent else [], [plan] if plan and generated else [], [source] if source else []
        )
        return activity

    def _checked(self, stated: Statement) -> Birth:
        """The columns that are taken over as they are, where they are what they should be."""
        columns: Birth = {}
        for text in _TEXTS:
            if text in stated:
                said = redact_prose(_text(text, stated[text]))
                columns[text] = self.licenses.spelt(said) if text == "license" else said
        for number in _NUMBERS:
            if number in stated:
                columns[number] = _integer(number, stated[number])
        if "cost" in stated:
            columns["cost"] = cost_text(stated["cost"])
        columns |= token_counts(columns)
        return columns

    def _plan(self, texts: Mapping[str, str]) -> Plan | None:
        template = texts.get("template")
        return None if template is None else Plan(name=texts.get("prompt_name", self._prompt_name), template=template)


def _origin(stated: Statement, *, derived: bool) -> tuple[Kind | None, Origin | None]:
    """Kind and origin; None is the origin of a derivation, which follows from its parents.

    A model's output is synthetic, unless it is said to be mixed, or of unknown origin.
    """
    kind = _member(Kind, "kind", stated.get("kind"))
    origin = _member(Origin, "origin", stated.get("origin"))
    mark = next((name for name in _OF_MODELS if name in stated), None)
    if origin is Origin.REAL and mark is not None:
        raise ValueError(f"origin is real, but {mark} is stated, which only a model's output has")
    if origin is None and mark is not None:
        origin = Origin.SYNTHETIC
    if origin is None and not derived:
        origin = Origin.UNKNOWN
    return kind, origin


def _roles(stated: Any, parents: int) -> list[str]:
    if stated is None:
        return [DERIVED_ROLE] * parents
    roles = several(stated) if isinstance(stated, str) else stated
    if not isinstance(roles, list) or len(roles) != parents:
        raise ValueError(f"parent_roles: {str(stated)[:80]!r} is not a list of as many roles as there are parents")
    return [DERIVED_ROLE if _is_missing(role) else _text("parent_roles", role) for role in roles]


def _agent(texts: Mapping[str, str]) -> Agent | None:
    if "model" not in texts:
        return None
    return Agent(name=texts["model"], revision=texts.get("model_revision"), provider=texts.get("provider"))


def _source(texts: Mapping[str, str]) -> Source | None:
    if "source" not in texts:
        return None
    url = texts.get("source_url")
    return Source(name=texts["source"], url=url and redact_text(url), publisher=texts.get("publisher"))


def _is_missing(value: Any) -> bool:
    return value is None or value in ("", []) or (isinstance(value, float) and math.isnan(value))


def _text(name: str, value: Any) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"{name}: {str(value)[:80]!r} is not text")
    return value


def _integer(name: str, value: Any) -> int:
    # A table without nullable integers holds them as floats; CSV holds text.
    if isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        value = int(value[:40])
    if type(value) is not int or not -_INT64_LIMIT <= value < _INT64_LIMIT:
        raise ValueError(f"{name}: {str(value)[:80]!r} is not a whole number of 64 bits")
    return value


def _member(choices: Any, name: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        return choices(value)
    except ValueError:
        listed = Kind.listed() if choices is Kind else ", ".join(choices)
        raise ValueError(f"{name}: {str(value)[:80]!r} is not one of {listed}") from None
