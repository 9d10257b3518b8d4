"""Compression ratio: how much of a text repeats what came before it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.measure import Measured, Needs, NotMeasured, Subject
from provenance.auditing.texts.pools import Pool, Statistic, measured
from provenance.auditing.texts.words import Integers

_LEVEL = 3


def compression_ratio(texts: pa.LargeStringArray) -> float:
    """Bytes of the texts, one after the other, over bytes of them compressed with zstd at level 3."""
    joined = pc.binary_join(pa.LargeListArray.from_arrays([0, len(texts)], texts), pa.scalar("", texts.type))[0]
    content = joined.as_buffer()
    ratio: float = content.size / pa.Codec("zstd", compression_level=_LEVEL).compress(content).size
    return ratio


class CompressionRatio:
    """value = bytes / compressed bytes, of equally many bytes of each group; greater is more repetitive.

    Shaib et al. use gzip. zstd at level 3 compresses about as well and looks back over the whole set, where gzip sees
    32 KB: a phrase that returns every hundred rows counts too.
    """

    name = "compression_ratio"
    definition = "bytes / compressed bytes (zstd, level 3) of equally many bytes of compared and reference rows"
    unit = "ratio"
    source = "Shaib et al. 2024 (arXiv 2403.00553)"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """The values of `pools.Difference`; ``size`` is in bytes."""
        return measured(subject, prepare)


def prepare(pool: Pool) -> tuple[Statistic, Integers]:
    """The ratio of some rows of the pool, and all rows' sizes in bytes."""
    sizes: Integers = pc.binary_length(pool.texts).to_numpy()
    return lambda rows: compression_ratio(pool.texts.take(pa.array(rows))), sizes


MEASURE = CompressionRatio()
