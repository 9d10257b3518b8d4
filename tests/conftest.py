from __future__ import annotations

from pathlib import Path

# DVC's log handlers keep the streams that they find when it is first imported: those of a single test are closed later.
import dvc  # noqa: F401
import pytest
from hypothesis import HealthCheck, settings
from support.workbench import Workbench

# No test measures time: on a machine that is busy, an example takes as long as it takes.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    """Makes datasets with sidecars in a temporary folder, without DVC."""
    return Workbench(tmp_path)
