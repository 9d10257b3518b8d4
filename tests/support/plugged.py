"""A package of a third party, built and installed: it imports from `provenance.plugins` alone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from provenance.identity import names

MODULE = '''\
"""A measure, an importer, a format and an export, as docs/plugins.md describes them."""

import csv

from provenance.plugins import Checked, FileReader, Importer, Measured, NotMeasured, RowError, blocks_of


class Letters:
    name = "letters"
    definition = "the number of letters in the dataset's path"
    unit = "letters"
    source = "none"
    needs = "data"

    def measure(self, subject):
        return Measured({"letters": len(subject.audited.dataset.path)})


class Failing(Letters):
    def measure(self, subject):
        raise ZeroDivisionError("by zero")


class Infinite(Letters):
    def measure(self, subject):
        return Measured({"nested": {"value": float("inf")}})


class Nothing(Letters):
    def measure(self, subject):
        return None


class Missing(Letters):
    def measure(self, subject):
        return NotMeasured("no reference")


class Hungry(Letters):
    needs = "everything"


letters, failing, infinite, nothing, missing, hungry = Letters(), Failing(), Infinite(), Nothing(), Missing(), Hungry()


class Paths:
    name = "paths"
    media_type = "text/plain"
    size = "datasets"
    takes_samples = False

    def gaps(self, subject):
        return []

    def write(self, subject, file):
        file.writelines(dataset.path + chr(10) for dataset in subject.datasets)

    def check(self, file):
        return Checked(() if file.read_text().strip() else ("no path",))


paths = Paths()


class Sheets(Importer):
    """The model is the part: ``--from sheets:MODEL``."""

    def state(self, row):
        return {"origin": "synthetic", "kind": "answer", "model": self.request.part}


class PsvReader(FileReader):
    """Columns that are separated by bars, with a header."""

    def blocks(self, columns=None):
        return blocks_of(self._rows())

    def has_columns(self, names):
        return not set(names).isdisjoint(self._header())

    def write_without(self, names, target):
        raise NotImplementedError

    def _header(self):
        with open(self.path, newline="", encoding="utf-8") as file:
            return next(csv.reader(file, delimiter="|"), [])

    def _rows(self):
        with open(self.path, newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file, delimiter="|")
        for number, cells in enumerate(lines):
            if len(cells) != len(header):
                raise RowError(0, f"{len(cells)} cells, the header has {len(header)}")
            yield dict(zip(header, cells, strict=True)), sum(map(len, cells))
'''
ENTRY_POINTS = {
    "provenance.measures": {
        **{name: f"toy_lineage:{name}" for name in ("letters", "failing", "infinite", "nothing", "missing", "hungry")},
        "broken": "toy_lineage:missing_name",
        "absent": "no.such.module:X",
        "exact_duplicates": "toy_lineage:letters",
    },
    "provenance.exports": {"paths": "toy_lineage:paths", "broken": "no.such.module:X", "wrong": "toy_lineage:missing"},
    "provenance.importers": {
        "sheets": "toy_lineage:Sheets",
        "broken": "no.such.module:X",
        "wrong": "toy_lineage:Letters",
    },
    "provenance.formats": {"psv": "toy_lineage:PsvReader", "broken": "no.such.module:X", "wrong": "json:loads"},
}


@contextmanager
def toy_package(folder: Path, entry_points: Mapping[str, Mapping[str, str]] = ENTRY_POINTS) -> Iterator[None]:
    """The toy package, built as a wheel and unpacked into ``folder``, which is on Python's path meanwhile."""
    source, target = folder / "source", folder / "installed"
    source.mkdir(parents=True)
    (source / "toy_lineage.py").write_text(MODULE)
    groups = "".join(
        f'\n[project.entry-points."{group}"]\n' + "".join(f'{name} = "{value}"\n' for name, value in points.items())
        for group, points in entry_points.items()
    )
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '\n[project]\nname = "toy-lineage"\nversion = "1.0"\n'
        f'{groups}\n[tool.hatch.build.targets.wheel]\ninclude = ["toy_lineage.py"]\n'
    )
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(target)
    sys.path.insert(0, str(target))
    names.plugins.cache_clear()
    try:
        yield
    finally:
        sys.path.remove(str(target))
        sys.modules.pop("toy_lineage", None)
        names.plugins.cache_clear()
