"""A pool: sampled rows of both groups with different texts, which rows belong together, and how they are dealt.

Copies are no business of measures that compare: `exact_duplicates` counts them. Of a reference that is larger than what
is compared, up to four times as many rows are used: chance varies less with more of it, and measures compare expected
values at one size (rarefaction), so nothing has to be cut.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.chance.deals import Bools, Deals
from provenance.auditing.chance.hashing import Hashes
from provenance.auditing.measure import NotMeasured, Subject
from provenance.auditing.texts.dataset_texts import column_of, listed_words
from provenance.auditing.texts.families import ancestors, families
from provenance.auditing.texts.groups import Comparison, Sample, Size, comparison, draw
from provenance.auditing.texts.incidence import Incidence, incidence
from provenance.auditing.texts.normal import as_read_column
from provenance.auditing.texts.words import Words
from provenance.plurals import counted

# Ample for every effect that counts as one; larger data is sampled.
COMPARED = Size(20_000, 16 << 20)
_REFERENCE_TIMES, _REFERENCE_ROWS = 4, 2_000
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Pool:
    """Rows in the order of their text's hash. ``texts``: the part that is compared, as it stands; ``words``: its words.

    ``compared``: which rows are of the compared group. ``keys``: hashes of texts; ``families``: equal for rows that
    belong together. ``by``: how that is known, in words. ``sampled``: what the rows are, in words that let them be
    drawn again. ``values``: of the fields that are compared.
    """

    ids: pa.FixedSizeBinaryArray
    texts: pa.LargeStringArray
    words: Words
    compared: Bools
    keys: Hashes
    families: Hashes
    by: str
    sampled: str
    seed: int
    values: dict[str, pa.LargeStringArray]
    _incidences: dict[int, Incidence] = field(default_factory=dict, compare=False, repr=False)

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.texts)

    @property
    def compared_rows(self) -> int:
        """The number of compared rows."""
        return int(self.compared.sum())

    @cached_property
    def read(self) -> pa.LargeStringArray:
        """The texts as people read them."""
        return as_read_column(self.texts)

    @cached_property
    def deals(self) -> Deals:
        """How the rows are dealt to two groups."""
        return Deals(self.compared, self.keys, self.families, self.seed)

    def incidence(self, size: int) -> Incidence:
        """Which n-grams of ``size`` words are in which rows; found once."""
        if size not in self._incidences:
            self._incidences[size] = incidence(self.words, size)
        return self._incidences[size]

    @property
    def design(self) -> str:
        """What is dealt, and why so, in words."""
        if self.are_independent:
            return f"{self.deals.design}: rows taken for independent, as {self.by} joins none"
        return f"{self.deals.design} ({self.by})"

    @property
    def are_independent(self) -> bool:
        """Whether nothing is known to join rows, but for texts that both groups hold."""
        return len(np.unique(self.families)) == len(np.unique(self.keys))


def pool(subject: Subject) -> Pool | NotMeasured:
    """The pool of both groups, sampled with the subject's seed.

    Raises:
        DataError: data cannot be read.
        SidecarError: a sidecar is of other data.
    """
    groups = comparison(subject)
    if isinstance(groups, NotMeasured):
        return groups
    file = _file(subject, groups)
    if not file.exists():
        found = _drawn(subject, groups)
        if isinstance(found, NotMeasured):
            return found
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, found.schema) as writer:
            writer.write_table(found)
    return _opened(file, file.stat().st_ino, subject.family, subject.seed, subject.fields)


@lru_cache(maxsize=1)
def _opened(file: Path, _: int, family: str | None, seed: int, fields: tuple[str, ...]) -> Pool:
    """The pool in ``file``, by its inode; all measures of a dataset take one, with what they find in it together."""
    with pa.OSFile(str(file)) as source:
        table = pa.ipc.open_file(source).read_all()
    return pool_of_table(table, "lineage" if family is None else _named(table, family), seed, fields)


def _named(table: pa.Table, family: str) -> str:
    """The field that says what belongs together, in words, and how many rows lack it."""
    lacking = _lacking(table, column_of(family))
    return f"the field {family}" + (f", which {counted(lacking, 'row')} of {len(table):,} lack" if lacking else "")


def _lacking(table: pa.Table, column: str) -> int:
    """How many rows have no value there."""
    count: int = table[column].null_count
    return count


def pool_of_table(table: pa.Table, by: str, seed: int, fields: tuple[str, ...] = ()) -> Pool:
    """The pool that `joined` made a table of."""
    said = table.schema.metadata or {}
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    return Pool(
        columns["sample_id"],
        columns["text"],
        listed_words(columns["words"]),
        columns["compared"].to_numpy(zero_copy_only=False),
        columns["key"].to_numpy(),
        columns["family"].to_numpy(),
        by,
        said.get(b"sampled", b"").decode(),
        seed,
        {name: columns[column_of(name)] for name in fields},
    )


def joined(compared: pa.Table, reference: pa.Table, family: Hashes, sampled: str) -> pa.Table:
    """A pool's rows as a table: those of both samples with ``compared`` and ``family``, by key and compared first.

    ``family``: of the rows of ``compared`` and then of ``reference``.
    """
    is_compared = np.arange(len(compared) + len(reference)) < len(compared)
    table = pa.concat_tables([compared, reference], promote_options="default")
    table = table.append_column("compared", pa.array(is_compared))
    table = table.append_column("family", pa.array(family))
    order = np.lexsort((~is_compared, table["key"].to_numpy()))
    return table.take(pa.array(order)).replace_schema_metadata({"sampled": sampled})


def _drawn(subject: Subject, groups: Comparison) -> pa.Table | NotMeasured:
    fields, seed = subject.fields_read, subject.seed
    compared = draw(groups.compared, COMPARED, seed, fields)
    if too_few := _too_few(groups.compared.called, compared):
        return too_few
    rows = max(_REFERENCE_TIMES * len(compared.rows), _REFERENCE_ROWS)
    size = Size(rows, _REFERENCE_TIMES * COMPARED.bytes)
    relatives = ancestors(subject.audited, compared.rows["sample_id"].combine_chunks())
    reference = draw(groups.reference, size, seed, fields, relatives)
    if too_few := _too_few(groups.reference.called, reference):
        return too_few
    family_column = None if subject.family is None else column_of(subject.family)
    if family_column and all(_lacking(each.rows, family_column) == len(each.rows) for each in (compared, reference)):
        return NotMeasured(f"the field {subject.family}, which names families, is in no row; name another")
    said = " against ".join(
        f"{len(sample.rows):,} different texts of {sample.of:,} rows of {called}"
        for called, sample in ((groups.compared.called, compared), (groups.reference.called, reference))
    )
    family = families(subject, compared.rows, reference.rows)
    if (parents := _relatives(compared.rows, reference.rows, family)) is not None:
        many = len(compared.rows)
        rest = reference.rows.filter(pa.array(parents))
        family = np.append(family[:many], family[many:][parents])
        said += f", of which only the {len(rest):,} that belong with compared rows are used"
        return joined(compared.rows, rest, family, f"{said}, seed {seed}")
    return joined(compared.rows, reference.rows, family, f"{said}, seed {seed}")


def _relatives(compared: pa.Table, reference: pa.Table, family: Hashes) -> Bools | None:
    """The reference rows that belong with a compared one, where most compared rows have such with another text.

    Then these are set against each other, as a child is against its parent; the rest would only be noise.
    """
    own, others = family[: len(compared)], family[len(compared) :]
    is_changed = ~np.isin(compared["key"].to_numpy(), reference["key"].to_numpy())
    parents: Bools = np.isin(others, own)
    has_parents = np.isin(own, others) & is_changed
    return parents if has_parents.mean() >= 0.5 and parents.sum() >= FEWEST_ROWS else None


def _too_few(called: str, sample: Sample) -> NotMeasured | None:
    if len(sample.rows) >= FEWEST_ROWS:
        return None
    found = len(sample.rows)
    return NotMeasured(f"{called}: {found:,} with different text, and fewer than {FEWEST_ROWS} are too few to compare")


def _file(subject: Subject, groups: Comparison) -> Path:
    """Where the pool is kept, for all measures that compare."""
    sides = [(str(group.texts.path), group.codes) for group in (groups.compared, groups.reference)]
    named = hashlib.sha256(repr((sides, subject.seed, subject.family)).encode()).hexdigest()[:16]
    return groups.compared.texts.path.with_name(f"{named}.pool")


def row_counts(pool: Pool) -> dict[str, int]:
    """How many rows were looked at."""
    return {"compared_rows": pool.compared_rows, "reference_rows": pool.size - pool.compared_rows}


def text_of(pool: Pool, row: int) -> str:
    """A row's text as it stands."""
    text: str = pool.texts[row].as_py()
    return text


def bytes_of(texts: pa.LargeStringArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The length of each text in bytes."""
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]] = pc.binary_length(texts).to_numpy().astype(np.int64)
    return lengths
