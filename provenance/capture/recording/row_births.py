"""What a script says of a row, checked, as the columns of its birth: the same for `write` and for `write_batch`."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from provenance.arguments import require, require_names
from provenance.capture.generation import checked_seed, cost_text, stated_token_counts
from provenance.capture.prompt_text import prompt_text
from provenance.capture.recording.linking import Linker, prompt_columns
from provenance.capture.recording.naming_parents import Parent, Parents
from provenance.capture.redaction import redact_key, redact_prose
from provenance.capture.stated_license import stated_license
from provenance.capture.strict_json import encode
from provenance.errors import DataError, ProvenanceError
from provenance.identity import RESERVED_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.journal_content import Key
    from provenance.capture.recording.terms import Declaration
    from provenance.identity import Identity
    from provenance.lineage.schema import Birth
    from provenance.repository import Repository


class Said(NamedTuple):
    """What is said of one row; see `Recorder.write`."""

    parents: Iterable[Parent] = ()
    response: object = None
    usage: Any = None
    prompt_variables: Mapping[str, Any] | None = None
    seed: int | None = None
    cost: Decimal | float | str | None = None
    response_id: str | None = None
    verdict: str | None = None
    verifier: str | None = None
    license: str | None = None


class RowBirths:
    """Makes births, for one recorder, of what is said of its rows. Threads may use it at the same time."""

    def __init__(
        self, dataset: str, declaration: Declaration, identity: Identity, journal: Journal, repository: Repository
    ) -> None:
        self.linker = Linker(dataset, declaration, identity.digest, journal)
        self.parents = Parents(dataset, identity, journal, repository)
        self._dataset = dataset
        self._declaration = declaration
        self._digest = identity.digest

    def of(self, said: Said) -> Birth | None:
        """The birth of the row that ``said`` is said of; None where nothing at all is known of it.

        Raises:
            ProvenanceError: something that was said cannot be recorded.
        """
        parents, response, usage, variables, seed, cost, *texts = said
        call = self.linker.find(response, said.response_id)
        birth: Birth = {} if call is None else self.linker.columns(call)
        self._add_parents(parents, birth)
        if usage is not None:
            birth.update(stated_token_counts(usage))
        if seed is not None:
            birth["seed"] = checked_seed(seed)
        if cost is not None:
            birth["cost"] = cost_text(cost)
        if variables is not None or "prompt" not in birth:
            self._render(variables, birth)
        if texts != _NO_TEXTS:
            _add_texts(said, birth)
        return birth if call is not None else self.linker.unlinked(birth)

    def of_many(self, said: Sequence[Sequence[Any] | None], count: int) -> Iterator[Birth] | None:
        """The births of ``count`` rows, as `of` makes each, of columns in the order of the fields of `Said`.

        What a birth would lack is null. None where calls are observed, which are linked row by row.

        Raises:
            ProvenanceError: something that was said of one of them cannot be recorded.
        """
        parents, responses, usages, variables, seeds, costs, *texts = said
        if self.linker.is_needed or responses is not None:
            return None
        columns: dict[str, list[Any]] = {}
        if parents is not None:
            resolved = [(None, None) if each is None else self.parents.resolve(each) for each in parents]
            columns["parents"] = [ids or None for ids, _ in resolved]
            columns["parent_roles"] = [roles for _, roles in resolved]
        if usages is not None:
            counts = [{} if usage is None else stated_token_counts(usage) for usage in usages]
            columns |= {name: [each.get(name) for each in counts] for name in ("input_tokens", "output_tokens")}
        if seeds is not None:
            columns["seed"] = [None if seed is None else checked_seed(seed) for seed in seeds]
        if costs is not None:
            columns["cost"] = [None if cost is None else cost_text(cost) for cost in costs]
        self._render_many(variables or [None] * count, columns)
        for name, values in zip(Said._fields[-len(texts) :], texts, strict=True):
            if values is not None:
                columns[name] = [None if text is None else _checked_text(name, text) for text in values]
        names = tuple(columns)
        rows = zip(*columns.values(), strict=True) if columns else repeat((), count)
        # Made when it is written, and gone then: Python looks again and again at all objects that there are.
        births: Iterator[Any] = (dict(zip(names, values, strict=True)) for values in rows)
        return births

    def _render_many(self, variables: Sequence[Mapping[str, Any] | None], columns: dict[str, list[Any]]) -> None:
        digests, texts = [], []
        for each in variables:
            birth: Birth = {}
            self._render(each, birth)
            digests.append(birth.get("prompt"))
            texts.append(birth.get("prompt_text"))
        if self._declaration.prompt is not None:
            columns["prompt"] = digests
        if self._declaration.keep_prompts:
            columns["prompt_text"] = texts

    def expected(self, said: Said, request: Mapping[str, Any] | None) -> Birth:
        """What is known of the birth of a row before its model is called: parents, prompt, seed and licence.

        ``request``: what an observed client will be given, which is the whole prompt.

        Raises:
            ProvenanceError: something that was said cannot be recorded, or the prompt is not known.
        """
        birth: Birth = {}
        self._add_parents(said.parents, birth)
        self._render(said.prompt_variables, birth)
        if request is not None:
            require_names("request", request)
            if (asked := prompt_text(request)) is not None:
                birth.update(prompt_columns(asked, self._digest, keep_text=False))
        if "prompt" not in birth:
            raise ProvenanceError(
                "reuse: give prompt_variables= as to write, or what an observed client will be given as request=: "
                "else it is not known which prompt it is"
            )
        if said.seed is not None:
            birth["seed"] = checked_seed(said.seed)
        _add_texts(said, birth)
        if (shared := self._declaration.license) is not None:
            birth.setdefault("license", shared)
        return birth

    def _add_parents(self, parents: Iterable[Parent], birth: Birth) -> None:
        if type(parents) is tuple and not parents:
            return
        ids, roles = self.parents.resolve(parents)
        if ids:
            birth["parents"] = ids
        if roles is not None:
            birth["parent_roles"] = roles

    def _render(self, variables: Mapping[str, Any] | None, birth: Birth) -> None:
        """Add the columns about the rendered prompt; none where what it was rendered with is not known.

        Of an observed call the whole prompt is known, with its system message, of which a template is only a part.
        """
        prompt = self._declaration.prompt
        if prompt is None:
            require_names("prompt_variables", variables)
            if variables:
                raise ProvenanceError(f"{self._dataset}: prompt_variables were given, but record() has no prompt")
            return
        if variables is None:
            if prompt.variables:
                return
            variables = {}
        elif type(variables) is not dict:
            require_names("prompt_variables", variables)
        text = prompt.rendered(variables)
        if "prompt" in birth:
            return
        try:
            birth.update(prompt_columns(text, self._digest, keep_text=self._declaration.keep_prompts))
        except UnicodeEncodeError as error:
            raise ProvenanceError(f"prompt {prompt.name!r}: the rendered text is not valid Unicode: {error}") from error

    def encoded(self, row: Mapping[str, Any], number: int) -> bytes:
        """``row`` as JSON; in an error it has this ``number``.

        Raises:
            DataError: JSON cannot hold it, or it has a reserved column.
        """
        if not isinstance(row, dict):
            raise DataError(self._dataset, number, f"a row is a dict, not a {type(row).__name__}")
        if not RESERVED_COLUMNS.isdisjoint(row):
            name = min(RESERVED_COLUMNS.intersection(row))
            raise DataError(self._dataset, number, f"the column {name} is reserved; give parents= instead")
        try:
            return encode(row)
        except TypeError as error:
            raise DataError(self._dataset, number, f"cannot be written as JSON: {error}") from error


_NO_TEXTS = [None] * 4


def _add_texts(said: Said, birth: Birth) -> None:
    if said.response_id is not None:
        birth["response_id"] = _checked_text("response_id", said.response_id)
    if said.verdict is not None:
        birth["verdict"] = _checked_text("verdict", said.verdict)
    if said.verifier is not None:
        birth["verifier"] = _checked_text("verifier", said.verifier)
    if said.license is not None:
        birth["license"] = _checked_text("license", said.license)


def _checked_text(name: str, text: object) -> str:
    """The text as it is recorded."""
    if name == "license":
        return redact_prose(stated_license("license", checked_text(name, text)) or "")
    return redact_prose(checked_text(name, text))


def checked_text(name: str, value: object) -> str:
    """``value`` of the argument ``name``, which is text."""
    require(name, value, str)
    return str(value)


def checked_key(key: object) -> Key:
    """``key`` as it is recorded: of one that holds a secret, its digest.

    Raises:
        ProvenanceError: it is neither text nor a whole number.
    """
    if isinstance(key, str):
        return redact_key(key)
    if type(key) is int:
        return key
    raise ProvenanceError(f"key: {repr(key)[:80]} is neither text nor a whole number")
