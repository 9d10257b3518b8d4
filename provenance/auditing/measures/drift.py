"""Drift: how far what models made has moved away from the reference, in words and in the values of fields."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject, Values
from provenance.auditing.texts.divergence import contributions, divergence
from provenance.auditing.texts.field_values import PERMUTATIONS, FieldValues, field_values
from provenance.auditing.texts.groups import Comparison, comparison
from provenance.auditing.texts.pools import Pool, coded, pool
from provenance.auditing.texts.words import spelled

_SHOWN = 10


class Drift:
    """Jensen-Shannon divergence, in bits, of the words and of the fields' values of compared and reference rows.

    JS = H((P + Q) / 2) - (H(P) + H(Q)) / 2. Its size depends on how much text there is: no absolute bound means
    anything. So it is set against 99 permutations, in which the same rows are dealt out at random to two groups of the
    same sizes; chance alone takes words, or a field, beyond the greatest of these once in a hundred times.
    """

    name = "drift"
    definition = "Jensen-Shannon divergence of words and of field values, compared against reference rows"
    unit = "bits, from 0 to 1"
    source = "Lin 1991 (IEEE Trans. Inf. Theory 37); permutation test: Phipson and Smyth 2010 (arXiv 1603.05766)"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{beyond_null, tokens{divergence, null_p99, beyond_null}, fields{NAME: the same}}``.

        Words are sampled, see `pools.pool`; fields' values are all counted. Rows with the words that moved
        most stand out.
        """
        rows = pool(subject)
        if isinstance(rows, NotMeasured):
            return rows
        groups = comparison(subject)
        assert isinstance(groups, Comparison)
        fields: dict[str, Values] = {}
        for field in subject.fields:
            found = field_values(groups, field, subject.seed)
            if isinstance(found, NotMeasured):
                return found
            fields[field] = _of_field(found)
        tokens, outstanding = drift_of_words(rows, subject.seed)
        beyond = any(each["beyond_null"] for each in (tokens, *fields.values()))
        values: Values = {"beyond_null": beyond, "tokens": tokens, "fields": fields}
        return Measured(values, outstanding, f"words: {rows.sampled}")


def _of_field(found: FieldValues) -> Values:
    together = found.compared + found.reference
    return _against(
        divergence(found.compared, found.reference),
        [divergence(permuted, together - permuted) for permuted in found.permuted],
    )


def drift_of_words(rows: Pool, seed: int) -> tuple[Values, tuple[Outstanding, ...]]:
    """The divergence of the pool's words, against permutations of its rows; and rows with the words that moved most."""
    codes, distinct = coded(rows.words.hashes.astype(np.uint64))
    row_of_word = rows.words.rows()
    together = np.bincount(codes, minlength=distinct)

    def counts(is_compared: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.bincount(codes[is_compared[row_of_word]], minlength=distinct).astype(np.int64)

    is_compared = np.arange(rows.size) < rows.compared
    compared = counts(is_compared)
    pick = np.random.default_rng(seed)
    chance = []
    for _ in range(PERMUTATIONS):
        permuted = counts(pick.permutation(is_compared))
        chance.append(divergence(permuted, together - permuted))
    values = _against(divergence(compared, together - compared), chance)
    return values, _moved_most(rows, codes, compared, together - compared) if values["beyond_null"] else ()


def _against(observed: float, chance: list[float]) -> Values:
    return {"divergence": observed, "null_p99": max(chance), "beyond_null": observed > max(chance)}


def _moved_most(
    rows: Pool, codes: npt.NDArray[np.int64], compared: npt.NDArray[np.int64], reference: npt.NDArray[np.int64]
) -> tuple[Outstanding, ...]:
    """For each of the words that add most to the divergence, the first row that has it."""
    shown = []
    for code in np.argsort(-contributions(compared, reference), kind="stable")[:_SHOWN].tolist():
        place = int(np.flatnonzero(codes == code)[0])
        row = int(np.searchsorted(rows.words.offsets, place, side="right")) - 1
        word = spelled(rows.texts[row].as_py())[place - int(rows.words.offsets[row])]
        shares = compared[code] / compared.sum(), reference[code] / reference.sum()
        why = f"has {word!r}, which is {shares[0]:.2%} of compared words and {shares[1]:.2%} of reference words"
        shown.append(Outstanding(rows.ids[row].as_py().hex(), why))
    return tuple(shown)


MEASURE = Drift()
