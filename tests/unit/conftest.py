from __future__ import annotations

from pathlib import Path

import pytest

from provenance.repository import Repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A DVC repository without git and without data; what it is asked here does not depend on either."""
    from dvc.repo import Repo

    root: Path = tmp_path_factory.mktemp("repository")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_NO_ANALYTICS", "1")
        Repo.init(str(root), no_scm=True).close()
    return Repository.open(root)
