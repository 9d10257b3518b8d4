"""What a document states of samples by their ids, as births of a dataset's rows and a sidecar of all others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson
import pyarrow.parquet as pq

from provenance.arguments import warn
from provenance.capture.birth_columns import births_of_json
from provenance.errors import DataError, ProvenanceError
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.schema import birth_schema
from provenance.lineage.stated_samples import StatedSamples
from provenance.lineage.tables import ROWS_FILE, ROWS_SCHEMA, rows_of_samples

if TYPE_CHECKING:
    from provenance.capture.declaring.importers.interface import Importer, StatedSample
    from provenance.capture.declaring.statements import Births
    from provenance.identity import Identity

_AT_ONCE = 8192


class OfSamples(NamedTuple):
    """``stated``: rows of the dataset of which a birth is stated; ``known``: where their ancestors are."""

    stated: int
    known: Dependency


def write_births_of_samples(
    importer: Importer, births: Births, data: Path, identity: Identity, file: Path, workspace: Path
) -> OfSamples:
    """Write the births of the rows of ``data``, and the sidecar of what else the importer's document states.

    Raises:
        DataError: what is stated of a sample cannot be, or a row cannot be read.
        ProvenanceError: the document's ids are made in another way.
        SidecarError: samples are their own ancestors.
    """
    folder = workspace / "samples"
    folder.mkdir()
    document = importer.request.using[0]
    _require_same_digest(importer, identity, document)
    written = folder / "births.parquet"
    with (
        pq.ParquetWriter(written, birth_schema(), compression="lz4") as of_births,
        pq.ParquetWriter(folder / ROWS_FILE, ROWS_SCHEMA, compression="lz4") as of_samples,
    ):
        numbered = enumerate(_checked(importer.samples(), identity.digest_size, document), 1)
        first = 1
        while batch := list(islice(numbered, _AT_ONCE)):
            born = [(each, births.birth(number, each.statement, str(document))) for number, each in batch]
            # Of a parent that is named and no more, nothing is known.
            seen = [(each, birth) for each, birth in born if birth is not None or each.content_bytes is not None]
            born_rows = [{**birth, "row": row} for row, (_, birth) in enumerate(seen, first) if birth is not None]
            of_births.write_batch(births_of_json([orjson.dumps(birth) for birth in born_rows]))
            of_samples.write_batch(
                rows_of_samples(
                    range(first, first + len(seen)),
                    [bytes.fromhex(each.sample) for each, _ in seen],
                    [each.content_bytes for each, _ in seen],
                )
            )
            first += len(seen)
    samples = StatedSamples(folder, RecordedBirths(written, births.activities, births.vocabulary))
    stated, fields = samples.births_of_rows(data, identity, file)
    if importer.content_fields is not None and sorted(importer.content_fields) != sorted(fields):
        theirs, ours = _listed(importer.content_fields), _listed(fields)
        warn(
            f"{document.name}: its samples are made of {theirs}, the rows of {births.dataset} of {ours}: put `fields` "
            "for the dataset into provenance.yaml, if these are the same rows"
        )
    sidecar = folder / "others.parquet"
    samples.write_sidecar(sidecar, identity, file)
    return OfSamples(stated, Dependency(f"{document} (document)", document.name, None, sidecar, identity))


def _require_same_digest(importer: Importer, identity: Identity, document: Path) -> None:
    if importer.digest is not None and importer.digest != identity.digest:
        raise ProvenanceError(
            f"{document}: its sample ids are {importer.digest} digests, those of this repository are "
            f"{identity.digest}; put `digest: {importer.digest}` into provenance.yaml, and make the sidecars here again"
        )


def _checked(samples: Iterator[StatedSample], size: int, document: Path) -> Iterator[StatedSample]:
    for sample in samples:
        if len(sample.sample) != 2 * size:
            raise DataError(document, None, f"sample {sample.sample[:80]}: an id here has {2 * size} hex digits")
        if sample.content_bytes is not None and not (
            type(sample.content_bytes) is int and 0 <= sample.content_bytes < 2**63
        ):
            raise DataError(document, None, f"sample {sample.sample}: {str(sample.content_bytes)[:80]!r} is no size")
        yield sample


def _listed(fields: tuple[str, ...]) -> str:
    return ", ".join(sorted(fields)) or "nothing"
