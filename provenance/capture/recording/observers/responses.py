"""What a response of an OpenAI-compatible service says, whole or in the pieces of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from provenance.capture.generation import checked_seed, cost_text, observed_parameters, token_counts
from provenance.capture.prompt_text import prompt_text, request_parameters
from provenance.capture.recording.observers.calls import Call
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from provenance.lineage.schema import Birth

# In the Responses API, an answer that has ended, in full or at a limit.
_ENDED = ("completed", "incomplete")


class Answer:
    """What is known of one response; `take` it whole, or piece by piece."""

    def __init__(self) -> None:
        self._response_id: str | None = None
        self._model: str | None = None
        self._status: str | None = None
        self._usage: Any = None
        self._finish_reasons: set[str] = set()

    @property
    def is_whole(self) -> bool:
        """Whether a model has answered, and is not still at work."""
        is_told_of = self._model is not None or self._response_id is not None
        return is_told_of and (self._status is None or self._status in _ENDED)

    def take(self, piece: object) -> None:
        """Take in a response or a piece of one."""
        response = getattr(piece, "response", None) or piece  # an event of the Responses API may hold all so far
        self._response_id = self._response_id or text_or_none(getattr(response, "id", None))
        self._model = text_or_none(getattr(response, "model", None)) or self._model
        self._usage = getattr(response, "usage", None) or self._usage
        reasons = [getattr(choice, "finish_reason", None) for choice in getattr(response, "choices", None) or ()]
        if getattr(response, "object", None) == "response":
            self._status = text_or_none(getattr(response, "status", None))
            if self._status in _ENDED:
                reasons.append(getattr(getattr(response, "incomplete_details", None), "reason", None) or self._status)
        self._finish_reasons.update(reason for reason in reasons if isinstance(reason, str))

    def call(self, observer: str, request: Mapping[str, Any], *, cost: object = None, **known: Any) -> Call:
        """The call in which this answered ``request``, which is in OpenAI's terms.

        Args:
            cost: as reported; default: what the service itself put into the usage.
            known: further fields of the `Call`.
        """
        reported = getattr(self._usage, "cost", None) if cost is None else cost
        return Call(
            observer=observer,
            model=self._model,
            requested_model=text_or_none(request.get("model")),
            parameters=observed_parameters(request_parameters(request)),
            prompt=prompt_text(request),
            response_id=self._response_id,
            seed=seed_or_none(request.get("seed")),
            usage=counts_or_none(self._usage),
            cost=cost_or_none(reported),
            finish_reasons=tuple(sorted(self._finish_reasons)),
            **known,
        )


def text_or_none(value: object) -> str | None:
    """``value`` if it is text that says something: services differ in what they leave out, and how."""
    return value if isinstance(value, str) and value else None


def seed_or_none(value: object) -> int | None:
    """``value`` if it is a seed that a record can hold."""
    try:
        return checked_seed(value)
    except ProvenanceError:
        return None


def counts_or_none(usage: object) -> Birth:
    """The token counts in ``usage``; none where a service reports what is no count."""
    try:
        return token_counts(usage) if usage is not None else {}
    except ProvenanceError:
        return {}


def cost_or_none(value: object) -> str | None:
    """``value`` as decimal text if it is an amount of money."""
    if not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        return cost_text(value)
    except ProvenanceError:
        return None
