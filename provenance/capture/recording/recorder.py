"""What `provenance.record` gives: takes rows, one or many at a time, and how they were born."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provenance.capture.environment import loaded_packages
from provenance.capture.generation import cost_text, stated_token_counts
from provenance.capture.reading import Row
from provenance.capture.recording.batches import batch_of
from provenance.capture.recording.reusing import known_of
from provenance.capture.recording.row_births import RowBirths, checked_key, checked_text
from provenance.capture.redaction import redact_prose
from provenance.errors import ProvenanceError
from provenance.lineage.schema import Birth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    import pyarrow as pa

    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.journal_lines import Key
    from provenance.capture.recording.naming_parents import Parent
    from provenance.capture.recording.reusing import LastVersion


class Recorder:
    """Takes rows and how they were born; get one from `record`. Threads may use it at the same time."""

    def __init__(self, births: RowBirths, journal: Journal, last: LastVersion | None) -> None:
        self._births = births
        self._journal = journal
        self._last = last

    def done(self, key: Key) -> bool:
        """Whether a row was written, or a result rejected, under ``key``, in this run or in the one it resumes.

        Ask for every key: a row of the earlier run that is not asked for is left out of the dataset.
        """
        self._births.linker.forget()
        return self._journal.done(checked_key(key))

    def reuse(
        self,
        *,
        key: Key | None = None,
        parents: Iterable[Parent] = (),
        prompt_variables: Mapping[str, Any] | None = None,
        request: Mapping[str, Any] | None = None,
        seed: int | None = None,
        license: str | None = None,  # noqa: A002 - the word that the record uses
    ) -> bool:
        """Take a row over from the last version of the dataset, so that its model need not be called; whether one was.

        It is one that was made by the same model and revision with the same parameters, from the same prompt and
        parents. It is recorded as it was then, with the activity that made it. Ask this before each call, with what
        `write` will be given: several rows of one prompt are taken over one after another. False where `record` was
        not given ``reuse=True``. Where calls are observed, give what the client will be given as ``request``
        (``{"messages": […]}``): the prompt that was recorded is all of that.

        Raises:
            ProvenanceError: what was given cannot be recorded, or does not say which prompt it is.
        """
        if self._last is None:
            return False
        expected = self._births.expected(parents, prompt_variables, seed, license, request)
        found = self._last.take(known_of(expected))
        if found is None:
            return False
        self._note_packages()
        birth = found.birth | Birth(activity=self._journal.number_of(found.maker))
        self._journal.append_row(found.row, birth, None if key is None else checked_key(key))
        return True

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
            row: what the dataset's next row will hold.
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
        birth = self._births.of(
            parents, response, usage, prompt_variables, seed, cost, response_id, verdict, verifier, license
        )
        encoded = self._births.encoded(row)
        named = None if key is None else checked_key(key)
        self._note_packages()
        self._journal.append_row(encoded, birth, named)

    def write_batch(
        self,
        rows: Sequence[Mapping[str, Any]] | pa.Table | pa.RecordBatch,
        *,
        keys: Sequence[Key | None] | pa.Array | None = None,
        parents: Sequence[Iterable[Parent] | None] | pa.Array | None = None,
        responses: Sequence[object] | pa.Array | None = None,
        usages: Sequence[Any] | pa.Array | None = None,
        prompt_variables: Sequence[Mapping[str, Any] | None] | pa.Table | pa.RecordBatch | None = None,
        response_ids: Sequence[str | None] | pa.Array | None = None,
        seeds: Sequence[int | None] | pa.Array | None = None,
        costs: Sequence[Decimal | float | str | None] | pa.Array | None = None,
        verdicts: Sequence[str | None] | pa.Array | None = None,
        verifiers: Sequence[str | None] | pa.Array | None = None,
        licenses: Sequence[str | None] | pa.Array | None = None,
    ) -> None:
        """Record many rows as `write` records each; once this returns, a kill loses none of them.

        Everything but ``rows`` is a column as long as there are rows, a list or an Arrow array; None, for a column or
        in one, says nothing. Either all rows are recorded or, where this raises, none.

        Args:
            rows: dicts, or an Arrow table.
            prompt_variables: dicts, or an Arrow table whose columns are the variables.

        Raises:
            ProvenanceError: a row, or what is said of it, cannot be recorded; the message names the row of the batch,
                from 1. A column is not as long as there are rows.
        """
        columns: dict[str, Any] = {
            "parents": parents,
            "responses": responses,
            "usages": usages,
            "prompt_variables": prompt_variables,
            "seeds": seeds,
            "costs": costs,
            "response_ids": response_ids,
            "verdicts": verdicts,
            "verifiers": verifiers,
            "licenses": licenses,
        }
        batch = batch_of(self._births, rows, keys, columns)
        if batch.lines:
            self._note_packages()
            self._journal.append_rows(batch.lines, batch.keys)

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
        if not checked_text("reason", reason).strip():
            raise ProvenanceError("reject: give the reason, such as reason='too short'")
        linker = self._births.linker
        call = linker.find(response, None)
        taken: Birth = {} if call is None else linker.columns(call)
        if usage is not None:
            taken.update(stated_token_counts(usage))
        if cost is not None:
            taken["cost"] = cost_text(cost)
        named = key if key is not None else row
        name = checked_key(named.sample_id if isinstance(named, Row) else named)
        # Rows of the same content are one sample, which is rejected once, however many calls that took.
        is_again = isinstance(named, Row) and self._journal.is_rejected(name) and self.done(name)
        self._journal.append_rejection(name, None if is_again else redact_prose(reason), taken)

    def _note_packages(self) -> None:
        """Have the journal name the packages in use, ahead of its first row."""
        if self._journal.packages is None:
            # What generates has been imported by now; taken from the run that wrote the first row, it does not depend
            # on whether that run was killed later.
            self._journal.append({"packages": loaded_packages()})
