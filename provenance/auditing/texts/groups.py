"""Which rows are compared with which: what models made against what they did not, and random samples of both.

Compared are the audited dataset's synthetic and mixed rows or, where it has none, all of its rows. The reference is the
subject's reference dataset or, without one, the audited dataset's own real rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.measure import NotMeasured, Subject
from provenance.auditing.texts.dataset_texts import Texts, texts_of
from provenance.ledger.part import Part
from provenance.lineage.records import Origin
from provenance.lineage.rules import MADE_BY_MODEL

# Per group of text: the reference's is split into halves as large as what is compared with it. A longer row is never
# drawn: alone it would be more than what is compared.
SAMPLE_BYTES = 1 << 20

_MADE = frozenset(origin.value for origin in MADE_BY_MODEL)
_REAL = frozenset({"real"})
# As an engine numbers them.
_CODES = {origin.value: code for code, origin in enumerate(Origin)}
_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Group:
    """Some rows of a dataset: those whose origin, a byte for each row in the file ``origins``, is in ``codes``.

    ``origins`` is None where all rows are meant. ``called``: what they are, in words.
    """

    texts: Texts
    called: str
    origins: Path | None = None
    codes: tuple[int, ...] = ()

    def batches(self, *columns: str) -> Iterator[pa.RecordBatch]:
        """The group's rows in order."""
        if self.origins is None:
            yield from self.texts.batches(*columns)
            return
        with open(self.origins, "rb") as file:
            for batch in self.texts.batches(*columns):
                codes = np.frombuffer(file.read(batch.num_rows), np.uint8)
                yield batch.filter(pa.array(np.isin(codes, self.codes)))


@dataclass(frozen=True)
class Comparison:
    """Two groups to compare."""

    compared: Group
    reference: Group


def comparison(subject: Subject) -> Comparison | NotMeasured:
    """The groups to compare; not measured where there is nothing to compare with.

    Raises:
        DataError: data cannot be read.
        SidecarError: a sidecar is of other data.
    """
    present = _origins_present(subject.audited)
    path = subject.audited.dataset.path
    if not present:
        return NotMeasured(f"{path}: has no rows")
    if subject.reference is None and not (present & _MADE and present & _REAL):
        lacking = "real" if present & _MADE else "synthetic"
        return NotMeasured(f"{path}: has no {lacking} rows; name a dataset to compare it with as its reference")
    texts = texts_of(subject.audited, subject)
    if isinstance(texts, NotMeasured):
        return texts
    compared = Group(texts, f"{path}: all rows")
    if present & _MADE:
        compared = of_origins(subject, texts, _MADE)
        if subject.reference is None:
            return Comparison(compared, of_origins(subject, texts, _REAL))
    assert subject.reference is not None
    reference = texts_of(subject.reference, subject)
    if isinstance(reference, NotMeasured):
        return reference
    return Comparison(compared, Group(reference, f"{subject.reference.dataset.path}: all rows"))


def of_origins(subject: Subject, texts: Texts, origins: frozenset[str]) -> Group:
    """The audited dataset's rows of these origins; ``texts`` are the dataset's."""
    codes = tuple(sorted(_CODES[origin] for origin in origins))
    called = f"{subject.audited.dataset.path}: {' and '.join(sorted(origins, reverse=True))} rows"
    return Group(texts, called, _origins(subject, texts), codes)


def draw(group: Group, size: int, seed: int) -> pa.Table:
    """A random sample of the group's rows that have words, in random order: about ``size`` bytes of text.

    Of rows of at most `SAMPLE_BYTES`, each is as likely as another.
    Columns: ``sample_id``, ``text``, ``words``. The same for the same seed; memory is bounded by ``size`` and a batch.
    """
    pick = np.random.default_rng(seed)
    kept: list[pa.Table] = []
    kept_bytes, limit = 0, 1.0
    for batch in group.batches("sample_id", "text", "words"):
        ranks = pick.random(batch.num_rows)
        has_words = pc.list_value_length(batch["words"]).to_numpy() > 0
        fits = pc.binary_length(batch["text"]).to_numpy() <= SAMPLE_BYTES
        table = pa.Table.from_batches([batch]).append_column("rank", pa.array(ranks))
        table = table.filter(pa.array(has_words & fits & (ranks < limit)))
        kept.append(table)
        kept_bytes += int(_text_bytes(table).sum())
        if kept_bytes > 2 * size:
            kept, limit = [_lowest(kept, size)], 0.0
            kept_bytes = int(_text_bytes(kept[0]).sum())
            limit = pc.max(kept[0]["rank"]).as_py()
    if not kept:
        return pa.table({name: [] for name in ("sample_id", "text", "words")})
    return _lowest(kept, size).drop_columns("rank")


def _lowest(tables: list[pa.Table], size: int) -> pa.Table:
    """The rows of lowest rank, in its order, until they have ``size`` bytes of text."""
    table = pa.concat_tables(tables).sort_by("rank")
    before = np.cumsum(_text_bytes(table)) - _text_bytes(table)
    return table.slice(0, int(np.searchsorted(before, size))).combine_chunks()


def _text_bytes(table: pa.Table) -> npt.NDArray[np.int64]:
    lengths: npt.NDArray[np.int64] = pc.binary_length(table["text"]).to_numpy().astype(np.int64)
    return lengths


def _origins_present(part: Part) -> set[str]:
    """The origins that a row of the dataset has, if only possibly."""
    return {born.origin for born in part.rows.births}


def _origins(subject: Subject, texts: Texts) -> Path:
    """A file with the code of each audited row's origin, in the order of rows."""
    file = texts.path.with_suffix(".origins")
    if file.exists():
        return file
    unfinished = file.with_suffix(".part")
    with open(unfinished, "wb") as sink:
        for batch in subject.audited.questions.origins(texts.batches("sample_id"), _BATCH_ROWS):
            sink.write(batch["code"].to_numpy().tobytes())
    return unfinished.replace(file)
