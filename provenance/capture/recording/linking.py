"""From an observed call to what the journal holds of the row that it made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provenance.capture.recording.observers.calls import CALLS, Call
from provenance.capture.redaction import redact_prose
from provenance.errors import ProvenanceError
from provenance.identity.digests import DigestFunction, digest_function
from provenance.lineage.records import Agent, Origin

if TYPE_CHECKING:
    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.terms import Declaration
    from provenance.lineage.schema import Birth

# A row whose model nobody named, and about which something else was said.
_UNEXPLAINED: Birth = {"origin": Origin.UNKNOWN.value, "kind": None, "source_type": None}


class Linker:
    """Finds the call that made a row of one recorder, and describes it. Threads may use it at the same time."""

    def __init__(self, dataset: str, declaration: Declaration, digest: str, journal: Journal) -> None:
        self._dataset = dataset
        self._declaration = declaration
        self._digest = digest_function(digest)
        self._journal = journal
        self._calls_before = CALLS.count

    @property
    def is_needed(self) -> bool:
        """Whether a row may be linked to a call, or else has a model that is not known."""
        return CALLS.is_observing or (self._declaration.agent is None and self._declaration.source is None)

    def forget(self) -> None:
        """What was called in this thread or task up to now did not make the row that is recorded next."""
        if CALLS.is_observing:
            CALLS.take_unlinked(self._calls_before)

    def find(self, response: object, response_id: str | None) -> Call | None:
        """The call that made the row that is being recorded; None where that is not certain.

        Raises:
            ProvenanceError: ``response`` is not of an observed call, or rows are collected, not generated.
        """
        if not CALLS.is_observing and response is None:
            return None
        recent = CALLS.take_unlinked(self._calls_before)
        if self._declaration.source is not None:
            if response is not None:
                raise ProvenanceError(f"{self._dataset}: response= goes with rows that are generated, not collected")
            return None
        if response is not None:
            call = CALLS.of_response(response)
            if call is None:
                raise ProvenanceError(
                    f"response: no observed call gave this {type(response).__name__}; give what the client that was "
                    "given to provenance.observe returned, a stream once it is exhausted"
                )
        else:
            call = recent if response_id is None else CALLS.of_response_id(response_id)
        if call is not None:
            call.is_linked = True
        return call

    def columns(self, call: Call) -> Birth:
        """What ``call`` says of the birth of a row."""
        told: Birth = {"activity": self._activity(call), **call.usage}
        if call.response_id is not None:
            told["response_id"] = redact_prose(call.response_id)
        if call.seed is not None:
            told["seed"] = call.seed
        if call.cost is not None:
            told["cost"] = call.cost
        if call.prompt is not None:
            told |= prompt_columns(call.prompt, self._digest, keep_text=self._declaration.keep_prompts)
        return told

    def unlinked(self, birth: Birth) -> Birth | None:
        """``birth`` of a row that no call is linked to, and no model declared; None where nothing is known of it."""
        return birth | _UNEXPLAINED if birth else None

    def _activity(self, call: Call) -> int:
        """The number of the activity that is this model with these parameters."""
        agent = self._declaration.agent or Agent(
            name=_shared(call.model or call.requested_model) or "undisclosed",
            provider=_shared(call.provider or call.server),
        )
        parameters = dict(call.parameters)
        names = {"gen_ai.request.model": _shared(call.requested_model), "gen_ai.response.model": _shared(call.model)}
        parameters |= {name: model for name, model in names.items() if model not in (None, agent.name)}
        if (server := _shared(call.server)) not in (None, agent.provider):
            parameters["server.address"] = server
        if call.finish_reasons:
            parameters["gen_ai.response.finish_reasons"] = list(call.finish_reasons)
        described = agent.model_dump(mode="json", exclude_none=True)
        declared = dict(self._declaration.parameters)
        return self._journal.number_of({"agent": described, "parameters": parameters | declared})


def _shared(text: str | None) -> str | None:
    """What was observed, without secrets: of a call that was made nothing is refused."""
    return text and redact_prose(text)


def prompt_columns(text: str, digest: DigestFunction, *, keep_text: bool) -> Birth:
    """The columns about a rendered prompt: the ``digest`` of all of it, and the text without secrets.

    Raises:
        UnicodeEncodeError: ``text`` is not valid Unicode.
    """
    hashed = prompt_digest(text, digest)
    return {"prompt": hashed, "prompt_text": redact_prose(text)} if keep_text else {"prompt": hashed}


def prompt_digest(text: str, digest: DigestFunction) -> str:
    """What stands for a rendered prompt in a birth; raises UnicodeEncodeError as `prompt_columns` does."""
    return digest(text.encode("utf-8")).hex()
