"""What is exported: one or several datasets as one whole, with what people state about them.

Everything is counted when it is first asked for: an export of one sample's ancestry counts no rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from provenance.auditing.measure import Measured, NotMeasured
from provenance.auditing.measure import Subject as Measurable
from provenance.errors import ProvenanceError
from provenance.ledger.part import Part

if TYPE_CHECKING:
    from provenance.about import About
    from provenance.auditing.measure import Measure
    from provenance.export.lineage_rows import RowsFile
    from provenance.export.totals import Amount, Totals
    from provenance.ledger.composition.composition import Composition
    from provenance.ledger.sidecars import Sidecars
    from provenance.lineage.records import Header
    from provenance.models import ModelRegister
    from provenance.repository import Repository

EVERY_SAMPLE = "all"


@dataclass(frozen=True)
class ExportedDataset:
    """One dataset. ``md5`` is DVC's hash of the data, which ends with ``.dir`` for a directory."""

    part: Part

    @property
    def path(self) -> str:
        """From the DVC root, with forward slashes."""
        return self.part.dataset.path

    @property
    def header(self) -> Header:
        """All that its sidecar says and that is not per sample."""
        return self.part.dataset.sidecar.header

    @property
    def md5(self) -> str | None:
        return self.part.dataset.md5 or self.header.dataset.md5

    @property
    def is_directory(self) -> bool:
        return (self.md5 or "").endswith(".dir")

    @property
    def sidecar_path(self) -> str:
        from provenance.identity.names import sidecar_path

        return sidecar_path(self.path)

    @cached_property
    def composition(self) -> Composition:
        """What it is made of."""
        from provenance.ledger.composition.composition import composition

        return composition(self.part.ledger, self.part.dataset)

    @cached_property
    def licences(self) -> Mapping[str, Mapping[str, Amount]]:
        """Rows by what applies to them, through ancestors and generators; see `auditing.measures.licenses`."""
        from provenance.auditing.measures.licenses import MEASURE

        groups = ("licenses", "generator_licenses", "output_terms")
        single = ("unspecified", "unspecified_content", "unspecified_generators")
        return self._measured(MEASURE, groups, single)

    @cached_property
    def ancestry(self) -> Mapping[str, Mapping[str, Amount]]:
        """Rows by what they go back to, themselves included: ``by_source``, ``by_license``, ``by_model``."""
        from provenance.auditing.measures.ancestry import MEASURE

        return self._measured(MEASURE, ("by_source", "by_license", "by_model"), ("synthetic_ancestor", "real_rooted"))

    @cached_property
    def sidecar_sha256(self) -> str:
        """Hex digits, of a sharded sidecar those of its manifest, which has the digests of all else."""
        from provenance.file_digests import sha256_of
        from provenance.lineage.manifest import stating_file

        return sha256_of(stating_file(self.part.dataset.file)).removeprefix("sha256:")

    @cached_property
    def data_sha256(self) -> str | None:
        """Hex digits, for which the data is read; None of a directory, and where the data is not on this machine."""
        from provenance.file_digests import sha256_of

        file = self.part.ledger.repository.data_file(self.path, self.part.ledger.rev)
        return None if file is None or file.is_dir() else sha256_of(file).removeprefix("sha256:")

    def _measured(
        self, measure: Measure, groups: Sequence[str], single: Sequence[str]
    ) -> Mapping[str, Mapping[str, Amount]]:
        """What ``measure`` finds: groups of names as they are, and each of ``single`` as a group of one name."""
        from provenance.export.totals import amounts_of

        found = measure.measure(Measurable(self.part, self.part.ledger.folder))
        if isinstance(found, NotMeasured):
            return {name: {} for name in (*groups, *single)}
        assert isinstance(found, Measured)
        return amounts_of(found.values, groups, single)


@dataclass(frozen=True)
class Subject:
    """What is exported.

    ``samples``: ids whose ancestry is asked for (none: the datasets as such); ``depth``: how far. ``every_sample``: all
    samples are asked for, one by one. ``rows``: where lineage stands row by row in a file that was written besides;
    None: in the sidecars alone.
    """

    datasets: tuple[ExportedDataset, ...]
    about: About
    samples: tuple[str, ...] = ()
    depth: int | None = None
    rows: RowsFile | None = None
    every_sample: bool = False

    @property
    def is_about_samples(self) -> bool:
        """Whether single samples are asked for, rather than the datasets as such."""
        return self.every_sample or bool(self.samples)

    @property
    def ledger(self) -> Sidecars:
        return self.datasets[0].part.ledger

    @property
    def register(self) -> ModelRegister | None:
        """The registered models."""
        return self.ledger.register

    @cached_property
    def totals(self) -> Totals:
        """Sums over the datasets."""
        from provenance.export.totals import Totals

        return Totals.of(self.datasets)

    @property
    def title(self) -> str:
        """The stated name, else the paths."""
        return self.about.name or ", ".join(dataset.path for dataset in self.datasets)


@contextmanager
def opened_subject(
    repository: Repository,
    paths: Sequence[str],
    *,
    rev: str | None = None,
    samples: Sequence[str] = (),
    depth: int | None = None,
) -> Iterator[Subject]:
    """The datasets at ``paths`` (relative to the current folder) at revision ``rev``, or in the workspace.

    ``samples``: references to samples; `EVERY_SAMPLE` stands for all.

    Raises:
        UnknownReferenceError: no such dataset or sample.
        SidecarError: a dataset has no sidecar that can be used, or one of other data.
    """
    from provenance.ledger.references import resolve
    from provenance.ledger.sidecars import Sidecars

    every_sample = EVERY_SAMPLE in samples
    if depth is not None and depth < 1:
        raise ProvenanceError(f"--depth {depth}: a walk takes at least 1 step")
    with Sidecars.open(repository, rev) as ledger:
        recorded = {dataset.path: dataset for dataset in (ledger.dataset(path) for path in paths)}
        for dataset in recorded.values():
            dataset.require_current()
        yield Subject(
            tuple(ExportedDataset(Part(ledger, dataset)) for dataset in recorded.values()),
            repository.settings(rev).about_all(list(recorded)),
            () if every_sample else tuple(dict.fromkeys(resolve(ledger, sample) for sample in samples)),
            depth,
            every_sample=every_sample,
        )
