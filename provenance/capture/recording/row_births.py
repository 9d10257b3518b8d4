"""What a script says of a row, checked, as the columns of its birth: the same for `write` and for `write_batch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from provenance.arguments import require, require_names
from provenance.capture.generation import checked_seed, cost_text, stated_token_counts
from provenance.capture.prompt_text import prompt_text
from provenance.capture.recording.batch_births import coded
from provenance.capture.recording.linking import Linker, prompt_columns, prompt_digest
from provenance.capture.recording.naming_parents import Parent, Parents
from provenance.capture.recording.observers.calls import CALLS
from provenance.capture.recurring import placed
from provenance.capture.redaction import redact_key, redact_prose
from provenance.capture.stated_license import stated_license
from provenance.capture.strict_json import encode, encode_many
from provenance.errors import DataError, ProvenanceError
from provenance.identity import RESERVED_COLUMNS
from provenance.identity.digests import digest_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from provenance.capture.recording.batch_births import Column
    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.journal_lines import Key
    from provenance.capture.recording.terms import Declaration
    from provenance.identity import Identity
    from provenance.lineage.schema import Birth
    from provenance.repository import Repository


# What is said of a row in words of its own.
_TEXTS = ("response_id", "verdict", "verifier", "license")


class RowBirths:
    """Makes births, for one recorder, of what is said of its rows. Threads may use it at the same time."""

    def __init__(
        self, dataset: str, declaration: Declaration, identity: Identity, journal: Journal, repository: Repository
    ) -> None:
        self.linker = Linker(dataset, declaration, identity.digest, journal)
        self.parents = Parents(dataset, identity, journal, repository)
        self._dataset = dataset
        self._declaration = declaration
        self._prompt = declaration.prompt
        self._is_declared = declaration.agent is not None or declaration.source is not None
        self._journal = journal
        self._digest = digest_function(identity.digest)

    def of(
        self,
        parents: Iterable[Parent] = (),
        response: object = None,
        usage: Any = None,
        prompt_variables: Mapping[str, Any] | None = None,
        seed: int | None = None,
        cost: Decimal | float | str | None = None,
        *texts: str | None,
    ) -> Birth | None:
        """The birth of the row of which this is said (see `Recorder.write`); None where nothing at all is known of it.

        ``texts``: its response_id, verdict, verifier and license, all or none of them.

        Raises:
            ProvenanceError: something that was said cannot be recorded.
        """
        call = None
        if response is not None or CALLS.is_observing:
            call = self.linker.find(response, texts[0] if texts else None)
        birth: Birth = {} if call is None else self.linker.columns(call)
        if type(parents) is not tuple or parents:
            self._add_parents(parents, birth)
        if usage is not None:
            birth.update(stated_token_counts(usage))
        if seed is not None:
            birth["seed"] = checked_seed(seed)
        if cost is not None:
            birth["cost"] = cost_text(cost)
        if prompt_variables is not None or "prompt" not in birth:
            self._add_prompt(prompt_variables, birth)
        if texts != _NO_TEXTS:
            _add_texts(birth, *texts)
        return birth if call is not None or self._is_declared else self.linker.unlinked(birth)

    def takes_many(self, responses: object) -> bool:
        """Whether `of_many` is as `of`: rows are linked to calls one by one, where calls are observed."""
        return not self.linker.is_needed and responses is None

    def of_many(self, said: Sequence[Sequence[Any] | None], count: int) -> dict[str, Column]:
        """The births of ``count`` rows, as `of` makes each, of columns in the order of the arguments of `of`.

        Raises:
            ProvenanceError: something that was said of one of them cannot be recorded.
        """
        parents, _, usages, variables, seeds, costs, *texts = said
        columns: dict[str, Column] = {}
        if parents is not None:
            columns["parents"], roles = self.parents.resolve_many(parents)
            if roles is not None:
                columns["parent_roles"] = roles
        if usages is not None:
            counts = [{} if usage is None else stated_token_counts(usage) for usage in usages]
            columns |= {name: [each.get(name) for each in counts] for name in ("input_tokens", "output_tokens")}
        if seeds is not None:
            columns["seed"] = [None if seed is None else checked_seed(seed) for seed in seeds]
        if costs is not None:
            columns["cost"] = _costs(costs)
        if self._declaration.prompt is not None or variables is not None:
            columns |= self._prompts(variables or [None] * count)
        for name, values in zip(_TEXTS, texts, strict=True):
            if values is not None:
                columns[name] = [None if text is None else _checked_text(name, text) for text in values]
        return columns

    def expected(
        self,
        parents: Iterable[Parent],
        prompt_variables: Mapping[str, Any] | None,
        seed: int | None,
        license: str | None,  # noqa: A002 - the word that the record uses
        request: Mapping[str, Any] | None,
    ) -> Birth:
        """What is known of the birth of a row before its model is called: parents, prompt, seed and licence.

        ``request``: what an observed client will be given, which is the whole prompt.

        Raises:
            ProvenanceError: something that was said cannot be recorded, or the prompt is not known.
        """
        birth: Birth = {}
        self._add_parents(parents, birth)
        self._add_prompt(prompt_variables, birth)
        if request is not None:
            require_names("request", request)
            if (asked := prompt_text(request)) is not None:
                birth.update(prompt_columns(asked, self._digest, keep_text=False))
        if "prompt" not in birth:
            raise ProvenanceError(
                "reuse: give prompt_variables= as to write, or what an observed client will be given as request=: "
                "else it is not known which prompt it is"
            )
        if seed is not None:
            birth["seed"] = checked_seed(seed)
        _add_texts(birth, license=license)
        if (shared := self._declaration.license) is not None:
            birth.setdefault("license", shared)
        return birth

    def _add_parents(self, parents: Iterable[Parent], birth: Birth) -> None:
        ids, roles = self.parents.resolve(parents)
        if ids:
            birth["parents"] = ids
        if roles is not None:
            birth["parent_roles"] = roles

    def _add_prompt(self, variables: Mapping[str, Any] | None, birth: Birth) -> None:
        """Add the columns about the rendered prompt; none where what it was rendered with is not known.

        Of an observed call the whole prompt is known, with its system message, of which a template is only a part.
        """
        text = self._rendered(variables)
        if text is None or "prompt" in birth:
            return
        try:
            birth.update(prompt_columns(text, self._digest, keep_text=self._declaration.keep_prompts))
        except UnicodeEncodeError as error:
            name = self._prompt and self._prompt.name
            raise ProvenanceError(f"prompt {name!r}: the rendered text is not valid Unicode: {error}") from error

    def _prompts(self, variables: Sequence[Mapping[str, Any] | None]) -> dict[str, Column]:
        """The columns about the prompts of many rows, null where `_add_prompt` adds none."""
        prompt = self._declaration.prompt
        texts: Sequence[str | None]
        if prompt is not None and set(map(type, variables)) == {dict}:
            texts, places = prompt.rendered_many(cast("Sequence[Mapping[str, Any]]", variables))
        else:
            texts, places = placed([*map(self._rendered, variables)])
        digests = [None if text is None else prompt_digest(text, self._digest) for text in texts]
        columns: dict[str, Column] = {"prompt": {"of": digests, "at": places}}
        if self._declaration.keep_prompts:
            kept = [None if text is None else redact_prose(text) for text in texts]
            columns["prompt_text"] = {"of": kept, "at": places}
        return columns

    def _rendered(self, variables: Mapping[str, Any] | None) -> str | None:
        """The rendered prompt; None without a prompt, or where it is not known what was filled in."""
        prompt = self._prompt
        if prompt is not None and type(variables) is dict:
            return prompt.rendered(variables)
        require_names("prompt_variables", variables)
        if prompt is None and variables:
            raise ProvenanceError(f"{self._dataset}: prompt_variables were given, but record() has no prompt")
        if prompt is None or (variables is None and prompt.variables):
            return None
        return prompt.rendered(variables or {})

    def encoded(self, row: Mapping[str, Any], ahead: int = 0) -> bytes:
        """``row`` as JSON; ``ahead``: how many rows will be recorded before it.

        Raises:
            DataError: JSON cannot hold it, or it has a reserved column.
        """
        if not isinstance(row, dict):
            raise self._error(ahead, f"a row is a dict, not a {type(row).__name__}")
        if not RESERVED_COLUMNS.isdisjoint(row):
            name = min(RESERVED_COLUMNS.intersection(row))
            raise self._error(ahead, f"the column {name} is reserved; give parents= instead")
        try:
            return encode(row)
        except TypeError as error:
            raise self._error(ahead, f"cannot be written as JSON: {error}") from error

    def encoded_many(self, rows: Sequence[Any]) -> bytearray:
        """As `encoded`, of many rows, with a tab behind each; nothing says which is refused."""
        if set(map(type, rows)) != {dict} or not RESERVED_COLUMNS.isdisjoint(set().union(*rows)):
            return bytearray(b"").join(self.encoded(row) + b"\t" for row in rows)
        return encode_many(rows)

    def _error(self, ahead: int, problem: str) -> DataError:
        return DataError(self._dataset, self._journal.rows + ahead + 1, problem)


_NO_TEXTS = (None,) * len(_TEXTS)


def _add_texts(
    birth: Birth,
    response_id: str | None = None,
    verdict: str | None = None,
    verifier: str | None = None,
    license: str | None = None,  # noqa: A002 - the word that the record uses
) -> None:
    if response_id is not None:
        birth["response_id"] = _checked_text("response_id", response_id)
    if verdict is not None:
        birth["verdict"] = _checked_text("verdict", verdict)
    if verifier is not None:
        birth["verifier"] = _checked_text("verifier", verifier)
    if license is not None:
        birth["license"] = _checked_text("license", license)


def _costs(costs: Sequence[Any]) -> Column:
    # True is 1 to a dictionary, and not to a checker.
    if set(map(type, costs)) == {float}:
        return coded(costs, cost_text)
    return [None if cost is None else cost_text(cost) for cost in costs]


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
