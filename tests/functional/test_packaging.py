"""What is published is the package, whole, and nothing else."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("build")

ROOT = Path(__file__).resolve().parents[2]
# .gitignore: hatchling keeps it, so that a build from the source distribution leaves the same files out.
PROJECT_FILES = {
    *(".gitignore", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"),
    *("hatch_build.py", "licenses/xxhash.txt"),
}
# What the native kernel is made of, and what a compiler makes of it.
KERNEL_SOURCES, BUILT = (".c", ".h"), (".so", ".pyd")


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("distributions")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def package_files() -> set[str]:
    files = (file for file in (ROOT / "provenance").rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(ROOT).as_posix() for file in files if file.suffix not in BUILT}


def test_wheel_holds_the_package_and_its_metadata(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name for name in names if not name.endswith(BUILT)} == {
        name for name in package_files() if not name.endswith(KERNEL_SOURCES)
    }
    assert any(name.endswith(BUILT) for name in names) == (shutil.which("cc") is not None)


def test_source_distribution_holds_the_package_and_what_builds_it(distributions: Path) -> None:
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert names == package_files() | PROJECT_FILES
