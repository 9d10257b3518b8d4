"""The table of addresses. The more special come first."""

from __future__ import annotations

from provenance.explorer.views.datasets import dataset
from provenance.explorer.views.overview import overview
from provenance.explorer.views.samples import sample

ROUTES = (("/", overview), ("/d/{path:path}", dataset), ("/s/{id:path}", sample))
