"""Compression ratio: how much of a text repeats what came before it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.chance.deals import Bools, Integers
from provenance.auditing.chance.hashing import mixed, salt_of
from provenance.auditing.measure import Measured, Needs, NotMeasured, Subject
from provenance.auditing.texts.comparing import Figure, Recipe, measured
from provenance.auditing.texts.pools import Pool, bytes_of

_LEVEL = 3
_MOST_BYTES = 1 << 18
_ORDERS = 9


class CompressionRatio:
    """value = bytes / compressed bytes, of equally many bytes of each group; greater is more repetitive.

    Shaib et al. use gzip. zstd at level 3 compresses about as well and looks back over the whole set, where gzip sees
    32 KB: a phrase that returns every hundred rows counts too. The order of rows matters where they are long, so rows
    are ordered by a hash, and what is shown is the median of nine orders.
    """

    name = "compression_ratio"
    definition = "bytes / compressed bytes (zstd, level 3) of equally many bytes of compared and reference rows"
    unit = "ratio"
    source = "Shaib et al. 2024 (arXiv 2403.00553)"
    needs: Needs = "data"
    is_held_against_chance = True

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """The values of `comparing.measured`, and ``lowest_difference`` and ``highest_difference`` of the nine orders.

        Differences of orders are parts of the reference's ratio, as is ``significant_difference``.
        """
        return measured(subject, prepare)


def prepare(pool: Pool) -> Recipe:
    """The ratio of labelled rows and that of the others, of equally many bytes, at most 256 KiB of each."""
    orders = [_in_order(pool, salt_of(pool.seed, f"order {number}")) for number in range(_ORDERS)]
    pairs = np.array([order(pool.compared) for order in orders])
    gaps = pairs[:, 0] / pairs[:, 1] - 1
    middle = pairs[np.argsort(gaps, kind="stable")[_ORDERS // 2]]
    further = {"lowest_difference": float(gaps.min()), "highest_difference": float(gaps.max())}
    return Recipe(orders[0], "both", True, lambda _: (float(middle[0]), float(middle[1])), further)


def compression_ratio(texts: pa.LargeStringArray) -> float:
    """Bytes of the texts, one after the other, over bytes of them compressed with zstd at level 3; 1 where none."""
    joined = pc.binary_join(pa.LargeListArray.from_arrays([0, len(texts)], texts), pa.scalar("", texts.type))[0]
    content = joined.as_buffer()
    if not content.size:
        return 1.0
    ratio: float = content.size / pa.Codec("zstd", compression_level=_LEVEL).compress(content).size
    return ratio


def _in_order(pool: Pool, salt: int) -> Figure:
    """The ratios of rows in the order of their keys' hash."""
    order = np.argsort(mixed(pool.keys, salt), kind="stable")
    sizes = bytes_of(pool.read)[order]

    def of(chosen: Bools, size: int) -> float:
        places: Integers = np.flatnonzero(chosen)
        many = int(np.searchsorted(np.cumsum(sizes[places]), size, side="right"))
        return compression_ratio(pool.read.take(pa.array(order[places[:many]])))

    def both(labels: Bools) -> tuple[float, float]:
        own = labels[order]
        size = min(int(sizes[own].sum()), int(sizes[~own].sum()), _MOST_BYTES)
        return of(own, size), of(~own, size)

    return both


MEASURE = CompressionRatio()
