"""Samples: how a dataset's rows are identified, and what a scan says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from provenance.arguments import require, shown
from provenance.errors import ProvenanceError
from provenance.identity.canonical import encode_row
from provenance.identity.digests import digest_function, digest_size
from provenance.identity.fields import Settled, form_of_value, look_at_row, select

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.identity.field_names import Form
    from provenance.identity.file_ids import FileIds


# Of a row's text: what it says itself, what was given to it (see `texts`), or both.
TextPart = Literal["own", "given", "all"]


@dataclass(frozen=True)
class Identity:
    """How the samples of a dataset are identified.

    ``digest``: name of a digest of xxhash or hashlib. ``fields``: the declared content fields; None: names and forms
    decide. ``settled``: what was decided before. ``tokens_field``: the column with each row's number of tokens.
    ``column_types``: declared types of CSV columns (string, integer, number, boolean, timestamp); other columns are
    strings. ``renamed``: content fields that count under other names, to compare them with those. ``file_ids``: where
    ids of files that are samples as a whole are remembered; None: such files are always read.
    """

    digest: str = "xxh3_128"
    fields: tuple[str, ...] | None = None
    settled: Settled | None = None
    tokens_field: str | None = None
    column_types: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    file_ids: FileIds | None = field(default=None, compare=False, repr=False)

    @property
    def digest_size(self) -> int:
        """Length of a sample id in bytes."""
        return digest_size(self.digest)

    def on(self, fields: Sequence[str], renamed: Mapping[str, str] | None = None) -> Identity:
        """By which rows are compared on just these fields, some of them ``renamed``."""
        return replace(
            self,
            fields=tuple(fields),
            settled=Settled(table=False),
            tokens_field=None,
            file_ids=None,
            renamed=renamed or {},
        )


@dataclass(frozen=True)
class BlockTexts:
    """``texts``: one a row, empty where it has none. ``values``: of each field, as text; null: none, or nested.

    ``part``: of the texts, what was asked for; None where that is all. ``beside``: as ``texts``, of what is not
    content; None where that was not asked for.
    """

    texts: pa.LargeStringArray
    values: Mapping[str, pa.LargeStringArray]
    part: pa.LargeStringArray | None = None
    beside: pa.LargeStringArray | None = None


@dataclass(frozen=True)
class SampleBatch:
    """Consecutive rows of a dataset. The arrays are as long as there are rows; the first is row ``first_row`` (from 1).

    ``sample_ids``: fixed-size binary. ``content_bytes``: uint64, length of the canonical form. ``tokens``: uint32,
    nullable; None where no tokens field is set. ``parents`` and ``parent_roles``: list<string>, nullable, as the
    row states them (a full id in hex, or ``PATH:ROW``); None where the batch has no such column. ``stated``: what
    the rows say of their births, by the `reserved.BIRTH_COLUMNS` that the batch has: text, of a prompt its digest.
    ``texts``: what the rows say, where that was asked for.
    """

    first_row: int
    sample_ids: pa.FixedSizeBinaryArray
    content_bytes: pa.UInt64Array
    tokens: pa.UInt32Array | None
    parents: pa.ListArray | None
    parent_roles: pa.ListArray | None
    stated: Mapping[str, pa.Array] = field(default_factory=dict)
    texts: BlockTexts | None = None


@dataclass(frozen=True)
class Found:
    """What was met in ``rows`` that were read: all ``names`` of members, ``forms`` of values, ``reserved`` columns."""

    rows: int = 0
    names: frozenset[str] = frozenset()
    forms: frozenset[tuple[str, Form]] = frozenset()
    reserved: frozenset[str] = frozenset()


def sample_id(row: Mapping[str, object], *, fields: Sequence[str] | None = None, digest: str = "xxh3_128") -> str:
    """The sample id, in hex, of one row given as Python values.

    ``fields`` are the content fields; by default those that count by their names and the forms of their values. The
    same as the id that a scan of a dataset finds, where the dataset's content fields are these.

    Raises:
        ContentError: a value has no canonical form (NaN, an unpaired surrogate, a type that no format holds).
        ProvenanceError: the digest is unknown, or the row has none of ``fields``.
    """
    require("row", row, Mapping)
    if fields is not None:
        require("fields", fields, list, tuple, hint="; for a single one, [NAME]")
        if not any(name in row for name in fields):
            raise ProvenanceError(f"fields: expected some of {shown(list(row))}, got {shown(list(fields))}")
    require("digest", digest, str)
    return id_of_row(row, Identity(digest=digest, fields=None if fields is None else tuple(fields)))


def id_of_row(row: Mapping[str, object], identity: Identity) -> str:
    """The sample id, in hex, of a row of a dataset whose samples are identified so; raises as `sample_id` does."""
    selection = select(identity.fields, identity.settled, look_at_row(row))
    content = [
        name for name, value in row.items() if value is not None and selection.includes(name, form_of_value(value))
    ]
    return digest_function(identity.digest)(encode_row(row, content)).hex()
