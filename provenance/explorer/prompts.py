"""The prompt of a sample, filled in again from what it was made from, and proven by its recorded digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.capture.generators import Prompt
from provenance.errors import ProvenanceError
from provenance.faces.display import show
from provenance.faces.texts import filled
from provenance.identity.digests import digest_function

if TYPE_CHECKING:
    from markupsafe import Markup

    from provenance.lineage.records import Record

_MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Shown:
    """``text``: the prompt, its variables set apart where they are filled in. ``digest``: what is recorded of it.

    ``is_proven``: the text has that digest, so it is what was sent. ``is_filled``: else, whether it is filled in.
    """

    name: str
    text: Markup
    digest: str | None
    is_proven: bool
    is_filled: bool


def prompt_of(record: Record, parents: Sequence[Mapping[str, str]], digest: str) -> Shown | None:
    """The prompt of ``record``; None where none is recorded.

    ``parents``: what each of its parents says, by field. ``digest``: the name of the one that the sidecar uses.
    """
    name = "" if record.plan is None else record.plan.name
    if record.prompt_text is not None:
        is_proven = _digest(record.prompt_text, digest) == record.prompt
        return Shown(name, show(record.prompt_text, _MOST_CHARACTERS), record.prompt, is_proven, False)
    if record.plan is None:
        return None
    template = record.plan.template
    candidates = list(_candidates(record.plan.name, template, parents))
    for values, text in candidates:
        if record.prompt is not None and _digest(text, digest) == record.prompt:
            return Shown(name, _set_apart(template, values, text), record.prompt, True, True)
    if candidates:
        return Shown(name, _set_apart(template, *candidates[0]), record.prompt, False, True)
    return Shown(name, show(template, _MOST_CHARACTERS), record.prompt, False, False)


def _candidates(name: str, template: str, parents: Sequence[Mapping[str, str]]) -> Iterator[tuple[dict[str, str], str]]:
    """Ways to fill in the template, the likeliest first: by fields of the same names, or the only variable by any."""
    try:
        prompt = Prompt(name=name, template=template)
    except ProvenanceError:
        return
    fields = {field: value for parent in parents for field, value in parent.items()}
    if prompt.variables and prompt.variables <= set(fields):
        values = {variable: fields[variable] for variable in prompt.variables}
        yield values, prompt.rendered(values)
    elif len(prompt.variables) == 1:
        (variable,) = prompt.variables
        for value in fields.values():
            yield {variable: value}, prompt.rendered({variable: value})


def _set_apart(template: str, values: Mapping[str, str], text: str) -> Markup:
    """The text with its variables set apart, where that gives the same text: no braces doubled, and not long."""
    if "{{" in template or "}}" in template or len(text) > _MOST_CHARACTERS:
        return show(text, _MOST_CHARACTERS)
    return filled(template, values)


def _digest(text: str, digest: str) -> str:
    return bytes(digest_function(digest)(text.encode("utf-8", "surrogatepass"))).hex()
