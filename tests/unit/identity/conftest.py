from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hatch_build
from provenance.identity import kernel as library


@pytest.fixture(scope="session")
def built_kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernel, built from the sources as they are now; the test is skipped where there is no compiler."""
    if hatch_build.compiler() is None:
        pytest.skip("no C compiler, so no native kernel")
    target = tmp_path_factory.mktemp("kernel") / "kernel.so"
    problem = hatch_build.build(Path(hatch_build.__file__).parent / hatch_build.FOLDER / hatch_build.SOURCE, target)
    assert problem is None
    return target


@pytest.fixture(scope="module")
def native(built_kernel: Path) -> Iterator[None]:
    """With the kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(library.SWITCH, raising=False)
        patch.setattr(library, "library_file", built_kernel)
        yield


@pytest.fixture(scope="module")
def pure() -> Iterator[None]:
    """Without the kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(library.SWITCH, "0")
        yield


@pytest.fixture(scope="module", params=["native", "pure"])
def way(request: pytest.FixtureRequest) -> str:
    """Each way to compute ids in turn: for tests of what has to be the same in both."""
    way: str = request.param
    request.getfixturevalue(way)
    return way
