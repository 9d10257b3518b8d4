"""How a generation went, in the field's own terms: parameters by their OpenTelemetry names, tokens used, cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from provenance.arguments import shown, warn
from provenance.capture.redaction import find_secret
from provenance.capture.secret_shapes import REDACTED
from provenance.capture.strict_json import encode
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from provenance.lineage.schema import Birth

_REQUEST = "gen_ai.request."
# Names that generators use for what OpenTelemetry names otherwise.
_STANDARD_NAMES = {
    "stop": "stop_sequences",
    "max_new_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "n": "choice.count",
}
_TOKEN_COUNTS: Mapping[Literal["input_tokens", "output_tokens"], tuple[str, ...]] = {
    "input_tokens": ("input_tokens", "prompt_tokens", "gen_ai.usage.input_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens", "gen_ai.usage.output_tokens"),
}
_KNOWN_COUNTS = tuple(name for names in _TOKEN_COUNTS.values() for name in names)
# What most clients report: of these there is nothing more to check.
_PLAIN_USAGES = frozenset((("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")))
# What clients report beside the counts that are recorded: sums and parts of them. So do names in `…_details`.
_DETAILS = frozenset(
    (
        *("total_tokens", "cached_tokens", "reasoning_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens"),
        *(
            "cache_creation",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
            "server_tool_use",
            "service_tier",
        ),
    )
)
_COST_PLACES = 10
_COST_FORMAT = f"%.{_COST_PLACES}f"
_COST_STEP = Decimal(1).scaleb(-_COST_PLACES)
_COST_LIMIT = Decimal("1e10")
_UINT32_LIMIT = 2**32
_INT64_LIMIT = 2**63


def named_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """``parameters`` of a generation under ``gen_ai.request.*`` names; names that begin with ``gen_ai.`` are kept.

    Raises:
        ProvenanceError: a secret is among them, JSON cannot hold a value, or two names mean the same.
    """
    named: dict[str, Any] = {}
    for name, value in parameters.items():
        try:
            encode(value)
        except TypeError as error:
            raise ProvenanceError(f"parameters: {name!r} cannot be recorded: {error}") from error
        secret = find_secret(name, value)
        if secret is not None:
            raise ProvenanceError(f"parameters: {secret!r} looks like a secret, and lineage is shared; leave it out")
        standard = _standard_name(name)
        if standard in named:
            raise ProvenanceError(f"parameters: {name!r} is given twice: both names mean {standard}")
        named[standard] = value
    return named


def observed_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The same for the ``parameters`` of a call that was made, of which nothing may be refused any more.

    A secret is replaced, what JSON cannot hold is left out, and a name whose standard form is taken is kept as it is.
    """
    named: dict[str, Any] = {}
    for name, value in parameters.items():
        try:
            encode(value)
        except TypeError:
            continue
        standard = _standard_name(name)
        is_taken = standard in named or standard.removeprefix(_REQUEST) in parameters
        recorded = REDACTED if find_secret(name, value) is not None else value
        named[standard if name.startswith("gen_ai.") or not is_taken else _REQUEST + name] = recorded
    return named


def _standard_name(name: str) -> str:
    return name if name.startswith("gen_ai.") else _REQUEST + _STANDARD_NAMES.get(name, name)


def token_counts(usage: Any) -> Birth:
    """``input_tokens`` and ``output_tokens`` out of ``usage``: a mapping or an object, in OpenAI's or gen_ai's names.

    What ``usage`` does not say is left out.

    Raises:
        ProvenanceError: a count is not a whole number from 0 to 2**32 - 1.
    """
    counts: Birth = {}
    is_mapping = isinstance(usage, Mapping)
    for column, names in _TOKEN_COUNTS.items():
        for name in names:
            count = usage.get(name) if is_mapping else getattr(usage, name, None)
            if count is None:
                continue
            if type(count) is not int or not 0 <= count < _UINT32_LIMIT:
                raise ProvenanceError(f"usage: {name} is {count!r}, not a number of tokens")
            counts[column] = count
            break
    return counts


def stated_token_counts(usage: Any) -> Birth:
    """As `token_counts`, of what somebody states; only an empty mapping may state nothing.

    Raises:
        ProvenanceError: a count is not a number of tokens, or ``usage`` has none under any name that is known.
    """
    if type(usage) is dict and tuple(usage) in _PLAIN_USAGES:
        return token_counts(usage)
    stated = usage.keys() if isinstance(usage, Mapping) else {name for name in _KNOWN_COUNTS if hasattr(usage, name)}
    if stated.isdisjoint(_KNOWN_COUNTS) and not (isinstance(usage, Mapping) and not usage):
        raise ProvenanceError(f"usage: {shown(usage)} has no token count; expected one of {', '.join(_KNOWN_COUNTS)}")
    counts = token_counts(usage)
    if isinstance(usage, Mapping):
        _check_names(usage, counts)
    return counts


def _check_names(usage: Mapping[Any, Any], counts: Birth) -> None:
    """Refuse counts that contradict each other and names that may stand for a missing one; warn of other names."""
    for column, names in _TOKEN_COUNTS.items():
        if any(usage.get(name) not in (None, counts[column]) for name in names if column in counts):
            raise ProvenanceError(f"usage: {shown(usage)} states {column} twice, and not alike")
    unknown = [name for name in usage if name not in _KNOWN_COUNTS and not _is_detail(name)]
    if not unknown:
        return
    for column, names in _TOKEN_COUNTS.items():
        if usage.keys().isdisjoint(names):
            raise ProvenanceError(
                f"usage: {shown(unknown[0])} is not a token count that is known, and {column} is missing; expected "
                f"{' or '.join(names)}"
            )
    warn(f"usage: {shown(unknown[0])} is not recorded; input_tokens and output_tokens are")


def _is_detail(name: object) -> bool:
    return isinstance(name, str) and (name in _DETAILS or name.endswith("_details") or name.startswith("gen_ai.usage."))


def checked_seed(seed: object) -> int:
    """``seed`` as it is.

    Raises:
        ProvenanceError: it is not a whole number of 64 bits.
    """
    if type(seed) is not int or not -_INT64_LIMIT <= seed < _INT64_LIMIT:
        raise ProvenanceError(f"seed: {seed!r} is not a whole number of 64 bits")
    return seed


def cost_text(cost: Decimal | float | str) -> str:
    """``cost`` as exact decimal text, rounded to ten places.

    Raises:
        ProvenanceError: ``cost`` is not a number from 0 up to ten thousand million.
    """
    return _float_text(cost) if type(cost) is float else _cost_text(cost)


@lru_cache(maxsize=4096)
def _float_text(cost: float) -> str:
    # Where it is equal, the number that it prints as has no more places.
    if 0 < cost < 1e5 and float(text := _COST_FORMAT % cost) == cost:
        return text
    return _cost_text(cost)


def _cost_text(cost: Decimal | float | str) -> str:
    # By way of text: a float's cost is the number it prints as, not its binary expansion.
    try:
        amount = Decimal(str(cost))
    except InvalidOperation as error:
        raise ProvenanceError(f"cost: {cost!r} is not a number") from error
    if isinstance(cost, bool) or not amount.is_finite() or not 0 <= amount < _COST_LIMIT:
        raise ProvenanceError(f"cost: {cost!r} is not an amount of money from 0 up to {_COST_LIMIT:.0e}")
    return str(amount.quantize(_COST_STEP))
