"""`provenance.record`: write a dataset and the lineage of its rows together, as they are made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import orjson

from provenance.arguments import require, require_names, require_optional, shown
from provenance.capture.environment import describe_environment, loaded_packages
from provenance.capture.generation import checked_seed, cost_text, stated_token_counts
from provenance.capture.generators import Model, Prompt
from provenance.capture.identities import identity_of, inheriting
from provenance.capture.parents import ROW_REFERENCE
from provenance.capture.prices import read_prices
from provenance.capture.reading import Row, SampleIds, datasets_read, dependency_at, repository_around, sample_ids
from provenance.capture.recording import finished_journals
from provenance.capture.recording.finishing import finish
from provenance.capture.recording.journal import Heading, Journal, Key, journal_of, open_journal
from provenance.capture.recording.linking import Linker, prompt_columns
from provenance.capture.recording.observers.calls import CALLS
from provenance.capture.recording.terms import Declaration, declaration_of
from provenance.capture.redaction import redact_key, redact_prose
from provenance.capture.stated_license import stated_license
from provenance.capture.strict_json import encode
from provenance.errors import DataError, ProvenanceError
from provenance.identity import RESERVED_COLUMNS, Identity
from provenance.lineage.explaining import DERIVED_ROLE
from provenance.lineage.records import Kind, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from provenance.lineage.births import Dependency
    from provenance.lineage.schema import Birth
    from provenance.repository import Repository, Stage

_SUFFIXES = (".jsonl", ".ndjson")

_Text: TypeAlias = Literal["response_id", "verdict", "verifier", "license"]

Parent = Row | str | tuple[Row | str, str]


class Recorder:
    """Takes rows and how they were born; get one from `record`. Threads may use it at the same time."""

    def __init__(self, dataset: str, declaration: Declaration, identity: Identity, journal: Journal) -> None:
        self._dataset = dataset
        self._declaration = declaration
        self._identity = identity
        self._journal = journal
        self._id_digits = re.compile(f"[0-9a-f]{{{2 * identity.digest_size}}}")
        self._known_datasets = set(journal.datasets)
        self._referenced: dict[str, SampleIds] = {}
        self._linker = Linker(dataset, declaration, identity.digest, journal)

    def done(self, key: Key) -> bool:
        """Whether a row was written, or a result rejected, under ``key``, in this run or in the one it resumes.

        Ask for every key: a row of the earlier run that is not asked for is left out of the dataset.
        """
        self._linker.forget()
        return self._journal.done(_checked_key(key))

    def write(
        self,
        row: Mapping[str, Any],
        *,
        key: Key | None = None,
        parents: Iterable[Parent] = (),
        response: object = None,
        usage: Any = None,
        prompt_variables: Mapping[str, Any] | None = None,
        response_id: str | None = None,
        seed: int | None = None,
        cost: Decimal | float | str | None = None,
        verdict: str | None = None,
        verifier: str | None = None,
        license: str | None = None,  # noqa: A002 - the word that the record uses
    ) -> None:
        """Record one row; once this returns, a kill does not lose it.

        Args:
            row: what the dataset's next line will hold.
            key: names what was generated, so that a resumed run can tell that it is `done`; unique in the dataset.
            parents: the samples that the row was made from, each a row from `provenance.read`, a whole sample id or
                ``PATH:ROW`` (rows from 1), alone or as a pair with its role.
            response: what an observed client returned, from which the row was made: model, parameters, prompt, usage,
                seed and cost are taken from that call. What is given beside it comes first.
            usage: token counts, as a mapping or an object, in OpenAI's or OpenTelemetry's names.
            prompt_variables: what the prompt's template was rendered with.
            response_id: the provider's id of the response.
            cost: of the generation, in the currency that you keep your accounts in.
            verdict, verifier: what a check of the row said, and who or what checked.
            license: of this row, where it is not that of `record`.

        Raises:
            DataError: JSON cannot hold the row, or it has a reserved column.
            ProvenanceError: anything else that cannot be recorded. Nothing was written then.
        """
        call = self._linker.find(response, response_id)
        birth: Birth = {} if call is None else self._linker.columns(call)
        ids, roles = self._resolve(parents)
        if ids:
            birth["parents"], birth["parent_roles"] = ids, roles
        if usage is not None:
            birth.update(stated_token_counts(usage))
        if seed is not None:
            birth["seed"] = checked_seed(seed)
        if cost is not None:
            birth["cost"] = cost_text(cost)
        if prompt_variables is not None or "prompt" not in birth:
            birth.update(self._rendered(prompt_variables))
        texts: Mapping[_Text, str | None] = {
            "response_id": response_id,
            "verdict": verdict,
            "verifier": verifier,
            "license": stated_license("license", license),
        }
        for name, text in texts.items():
            if text is not None:
                birth[name] = redact_prose(_checked_text(name, text))
        born = birth if call is not None else self._linker.unlinked(birth)
        encoded, checked_key = self._encoded(row), None if key is None else _checked_key(key)
        if self._journal.packages is None:
            # What generates has been imported by now; taken from the run that wrote the first row, it does not depend
            # on whether that run was killed later.
            self._journal.append({"packages": loaded_packages()})
        self._journal.append_row(encoded, born, checked_key)

    def reject(
        self,
        row: Row | Key | None = None,
        reason: str = "",
        *,
        key: Key | None = None,
        response: object = None,
        usage: Any = None,
        cost: Decimal | float | str | None = None,
    ) -> None:
        """Record that a result is not good enough to be a row, so that it is not repeated, and why.

        What its generation took is part of what the dataset took to make: it is added up, in the sidecar's header.

        Args:
            row: the row of `provenance.read` whose result it is, for which its sample id is the key; or the key.
            reason: in few words that recur: results are counted by reason, in the sidecar's header.
            key: names what was generated, where the row does not.
            response, usage, cost: as in `write`.

        Raises:
            ProvenanceError: no reason, nothing that could be a key, or a row was recorded under this key.
        """
        if not _checked_text("reason", reason).strip():
            raise ProvenanceError("reject: give the reason, such as reason='too short'")
        call = self._linker.find(response, None)
        taken: Birth = {} if call is None else self._linker.columns(call)
        if usage is not None:
            taken.update(stated_token_counts(usage))
        if cost is not None:
            taken["cost"] = cost_text(cost)
        named = key if key is not None else row
        name = _checked_key(named.sample_id if isinstance(named, Row) else named)
        # Rows of the same content are one sample, which is rejected once, however many calls that took.
        is_again = isinstance(named, Row) and self._journal.is_rejected(name) and self.done(name)
        self._journal.append_rejection(name, None if is_again else redact_prose(reason), taken)

    def _encoded(self, row: Mapping[str, Any]) -> orjson.Fragment:
        number = self._journal.rows + 1
        if not isinstance(row, dict):
            raise DataError(self._dataset, number, f"a row is a dict, not a {type(row).__name__}")
        if not RESERVED_COLUMNS.isdisjoint(row):
            name = min(RESERVED_COLUMNS.intersection(row))
            raise DataError(self._dataset, number, f"the column {name} is reserved; give parents= instead")
        try:
            return orjson.Fragment(encode(row))
        except TypeError as error:
            raise DataError(self._dataset, number, f"cannot be written as JSON: {error}") from error

    def _rendered(self, variables: Mapping[str, Any] | None) -> Birth:
        """The columns about the rendered prompt; none where what it was rendered with is not known."""
        require_names("prompt_variables", variables)
        prompt = self._declaration.prompt
        if prompt is None:
            if variables:
                raise ProvenanceError(f"{self._dataset}: prompt_variables were given, but record() has no prompt")
            return {}
        if variables is None and prompt.variables:
            return {}
        text = prompt.render(**(variables or {}))
        try:
            return prompt_columns(text, self._identity.digest, keep_text=self._declaration.keep_prompts)
        except UnicodeEncodeError as error:
            raise ProvenanceError(f"prompt {prompt.name!r}: the rendered text is not valid Unicode: {error}") from error

    def _resolve(self, parents: Iterable[Parent]) -> tuple[list[str], list[str]]:
        """The ids of ``parents`` and their roles."""
        if isinstance(parents, (str, bytes, Mapping)) or not isinstance(parents, Iterable):
            raise ProvenanceError(f"parents: {shown(parents)} is not a list of parents, such as parents=[row]")
        ids, roles = [], []
        for parent in parents:
            reference, role = parent if isinstance(parent, tuple) and len(parent) == 2 else (parent, DERIVED_ROLE)
            ids.append(self._id_of(reference))
            roles.append(redact_prose(_checked_text("role", role)))
        return ids, roles

    def _id_of(self, parent: object) -> str:
        if isinstance(parent, Row):
            found, dataset = parent.sample_id, parent.dataset
        elif isinstance(parent, str) and self._id_digits.fullmatch(parent):
            return parent
        elif isinstance(parent, str) and (reference := ROW_REFERENCE.fullmatch(parent)):
            path, row = reference.groups()
            ids = self._referenced.get(path)
            if ids is None:
                ids = self._referenced.setdefault(path, sample_ids(path))
            found, dataset = ids.at(int(row)).hex(), ids.dataset
        else:
            raise ProvenanceError(
                f"parents: {str(parent)[:80]!r} is not a row from provenance.read, a whole sample id "
                f"({2 * self._identity.digest_size} hex digits) or PATH:ROW"
            )
        self._note_dataset(dataset)
        return found

    def _note_dataset(self, dataset: Dependency) -> None:
        """Have the journal name the dataset: a run that resumes this one may not look at it again."""
        if dataset.path in self._known_datasets:
            return
        if dataset.identity.digest != self._identity.digest:
            raise ProvenanceError(
                f"parents: ids of {dataset.path} are {dataset.identity.digest} digests, those of {self._dataset} are "
                f"{self._identity.digest}; make its sidecar again with the digest that provenance.yaml names"
            )
        self._journal.append({"dataset": str(dataset.data)})
        self._known_datasets.add(dataset.path)


@contextmanager
def record(
    path: str | os.PathLike[str],
    *,
    model: Model | None = None,
    prompt: Prompt | str | None = None,
    source: Source | None = None,
    kind: Kind | str | None = None,
    parameters: Mapping[str, Any] | None = None,
    license: str | None = None,  # noqa: A002 - the word that the record uses
    keep_prompts: bool = False,
    prices: str | os.PathLike[str] | None = None,
) -> Iterator[Recorder]:
    """Record a dataset: its rows and, for each, how it was born.

    The dataset (JSON Lines) and its sidecar appear when the ``with`` block ends without an exception. Until then all is
    in a journal, from which the same script, run again, resumes after a kill or an exception.

    Args:
        path: the dataset to write, inside a DVC repository.
        model: what generates the rows. Exactly one of this and ``source`` is given; neither where the calls to models
            are observed (`provenance.observe`): a row's model is then that of the call that it is linked to.
        prompt: the template of the prompts; plain text is a template named after the dataset.
        source: where the rows were collected; they are real then.
        kind: how synthetic rows are made, such as ``rewrite``; see `Kind`.
        parameters: of the generation (temperature, top_p, seed, …); recorded under ``gen_ai.request.*`` names.
        license: SPDX expression of the rows' licence; default: the source's.
        keep_prompts: also keep each row's rendered prompt, not only its digest.
        prices: price table of models, see docs/prices.md; its price goes into the activity.

    Raises:
        ProvenanceError: something that was given cannot be recorded, or another recorder is recording ``path``.
        RepositoryError: ``path`` is not inside a DVC repository.
    """
    require("path", path, str, os.PathLike)
    _check_arguments(model, prompt, source, parameters, license)
    require("keep_prompts", keep_prompts, bool)
    require_optional("prices", prices, str, os.PathLike)
    repository = repository_around(path)
    dataset = repository.relative(path)
    if not dataset.lower().endswith(_SUFFIXES):
        raise ProvenanceError(
            f"{dataset}: the recorder writes .jsonl; record to that and convert it in a later stage: sample ids stay"
        )
    declaration = declaration_of(
        dataset,
        model=model,
        prompt=prompt,
        source=source,
        kind=kind,
        parameters=parameters,
        license=license,
        keep_prompts=keep_prompts,
        prices=None if prices is None else read_prices(prices, repository),
        is_observing=CALLS.is_observing,
    )
    identity = identity_of(repository.settings(), dataset)
    stage = repository.current_stage()
    environment = describe_environment(repository, stage)
    heading = Heading(
        configuration=declaration.configuration(dataset, identity.digest, environment),
        activity=declaration.activity(environment, datetime.now(UTC)).model_dump(mode="json", exclude_none=True),
    )
    folder = repository.temporary / "journals"
    if finished_journals.any_kept(folder):
        recorded = repository.recorded_hashes()
        finished_journals.forget_recorded({journal_of(folder, path): md5 for path, md5 in recorded.items()})
    with open_journal(folder, dataset, heading) as journal:
        yield Recorder(dataset, declaration, identity, journal)
        journal.close()
        dependencies = _dependencies(repository, stage, journal)
        finish(
            journal,
            repository,
            dataset,
            identity=inheriting(identity, [dependency.sidecar for dependency in dependencies]),
            declaration=declaration,
            dependencies=dependencies,
        )
        if stage is None:
            journal.remove()
        else:
            finished_journals.keep(journal.path, repository.md5(dataset)[0])


def _dependencies(repository: Repository, stage: Stage | None, journal: Journal) -> list[Dependency]:
    """Where the parents' records may be: datasets that were read or named here, and those the stage depends on."""
    found = {entry.data: entry for entry in datasets_read()}
    needed = stage.datasets if stage else []
    of_stage = [(repository.root / path, repository) for path in needed]
    named = [(Path(file), repository_around(file)) for file in sorted(journal.datasets)]
    for file, around in [*named, *of_stage]:
        if file not in found:
            found[file] = dependency_at(file, around)
    return sorted(found.values(), key=lambda dependency: dependency.path)


def _check_arguments(model: object, prompt: object, source: object, parameters: object, stated_license: object) -> None:
    require_optional("model", model, Model, hint='; write provenance.Model(name="…")')
    require_optional("prompt", prompt, Prompt, str)
    require_optional("source", source, Source, hint='; write provenance.Source(name="…")')
    require_names("parameters", parameters)
    require_optional("license", stated_license, str)


def _checked_text(name: str, value: object) -> str:
    require(name, value, str)
    return str(value)


def _checked_key(key: object) -> Key:
    if isinstance(key, str):
        return redact_key(key)
    if type(key) is int:
        return key
    raise ProvenanceError(f"key: {repr(key)[:80]} is neither text nor a whole number")
