from __future__ import annotations

from pathlib import Path

import pytest
from support.workbench import Workbench


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    """Makes datasets with sidecars in a temporary folder, without DVC."""
    return Workbench(tmp_path)
