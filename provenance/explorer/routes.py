"""The table of addresses. The more special come first."""

from __future__ import annotations

from provenance.explorer.views.overview import overview

ROUTES = (("/", overview),)
