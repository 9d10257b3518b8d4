"""The table of addresses. The more special come first."""

from __future__ import annotations

from provenance.explorer.views.auditing import audit
from provenance.explorer.views.changes import changes
from provenance.explorer.views.datasets import dataset
from provenance.explorer.views.finding import find
from provenance.explorer.views.overview import overview
from provenance.explorer.views.samples import sample
from provenance.explorer.views.things import activity, impact, license_, model, prompt, source

ROUTES = (
    ("/", overview),
    ("/audit", audit),
    ("/changes", changes),
    ("/find", find),
    ("/impact", impact),
    ("/d/{path:path}", dataset),
    ("/s/{id:path}", sample),
    ("/m/{name:path}", model),
    ("/p/{name:path}", prompt),
    ("/src/{name:path}", source),
    ("/l/{name:path}", license_),
    ("/a/{name:path}", activity),
)
