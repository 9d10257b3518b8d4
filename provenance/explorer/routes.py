"""The table of addresses. The more special come first."""

from __future__ import annotations

from provenance.explorer.views.datasets import dataset
from provenance.explorer.views.overview import overview

ROUTES = (("/", overview), ("/d/{path:path}", dataset))
