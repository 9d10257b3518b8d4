"""What all pages share: the ledgers of the revisions that were looked at, kept open, and the templates."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.errors import ProvenanceError, RepositoryError
from provenance.explorer import addresses
from provenance.explorer.indexed import BeingIndexed, require_index
from provenance.explorer.jobs import Jobs
from provenance.explorer.revision import Revision
from provenance.faces.pages import environment, stylesheet
from provenance.files import MODELS_FILE, REVOCATIONS_FILE
from provenance.identity.names import sidecar_path
from provenance.ledger.sidecars import Sidecars
from provenance.settings import SETTINGS_FILE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.faces.charts import Column
    from provenance.ledger.datasets import RecordedDataset
    from provenance.repository import Repository
    from provenance.repository.history import History

_HERE = Path(__file__).parent
_MOST_OPEN = 4
_THEMES = ("light", "dark")
_SCRIPT, _STYLE, _MARK = "explorer.js", "explorer.css", "mark.svg"

# The pages of the menu.
MENU = (("/", "Datasets"), ("/changes", "Changes"), ("/audit", "Audit"), ("/impact", "Impact"))

# By path, what `os.stat` says of a file: enough to see that it was written again.
_Marks = tuple[tuple[str, int, int, int] | None, ...]


class Site:
    """The explorer of ``repository`` at ``rev`` (None: the workspace). For one thread."""

    def __init__(self, repository: Repository, rev: str | None, resources: ExitStack) -> None:
        self.repository = repository
        self.rev = rev
        self.jobs = Jobs()
        self._resources = resources
        self._open: OrderedDict[str | None, tuple[Revision, ExitStack]] = OrderedDict()
        self._marks: _Marks = ()

    @classmethod
    @contextmanager
    def open(cls, repository: Repository, rev: str | None) -> Iterator[Site]:
        """The site, for as long as the ``with`` block lasts.

        Raises:
            RepositoryError: no such revision.
        """
        with ExitStack() as resources:
            site = cls(repository, rev, resources)
            resources.callback(site._close_all)
            resources.callback(site.jobs.close)
            with suppress(BeingIndexed):
                site.at(None)
            yield site

    @property
    def name(self) -> str:
        return self.repository.root.name

    def at(self, rev: str | None) -> Revision:
        """The ledger of ``rev`` (None: of the site's own revision); a workspace that has changed is read anew.

        Raises:
            RepositoryError: no such revision.
            BeingIndexed: its index is being built elsewhere.
        """
        asked = rev or self.rev
        key = None if asked is None else self.repository.commit(asked)
        if key is None and key in self._open and self._marked(self._open[None][0]) != self._marks:
            self._open.pop(None)[1].close()
        if key not in self._open:
            resources = ExitStack()
            ledger = resources.enter_context(Sidecars.open(self.repository, asked))
            try:
                require_index(ledger, self.jobs)
            except (BeingIndexed, ProvenanceError):
                resources.close()
                raise
            self._open[key] = (Revision(ledger), resources)
            if key is None:
                self._marks = self._marked(self._open[None][0])
        self._open.move_to_end(key)
        while len(self._open) > _MOST_OPEN:
            _, (_, oldest) = self._open.popitem(last=False)
            oldest.close()
        return self._open[key][0]

    def history(self, revision: Revision) -> History | None:
        """The commits up to ``revision``; None where there are none."""
        rev = revision.ledger.rev
        try:
            commit = self.repository.git_state().head if rev is None else self.repository.commit(rev)
            return None if commit is None else self.repository.history(commit)
        except RepositoryError:
            return None

    def past(self, revision: Revision, dataset: RecordedDataset, history: History | None) -> list[Column]:
        """A dataset of ``revision`` at each commit of its ``history`` that changed it; empty without a history."""
        from provenance.ledger.composition.composition import composition
        from provenance.report.page.past import past

        is_committed = revision.ledger.rev is not None
        counted = composition(revision.ledger, dataset)
        return past(self.repository, history, counted, dataset.md5, is_committed=is_committed)

    def _close_all(self) -> None:
        for _, resources in self._open.values():
            resources.close()

    def _marked(self, revision: Revision) -> _Marks:
        root, ledger = self.repository.root, revision.ledger
        without = (*ledger.unrecorded, *ledger.unfetched, *ledger.unusable)
        paths = [*(each.path for each in ledger.recorded), *without]
        files = [root / name for name in ("dvc.lock", "dvc.yaml", MODELS_FILE, SETTINGS_FILE)]
        files += [each.file for each in ledger.recorded]
        files += [root / sidecar_path(path) for path in without]
        files += [file for path in paths for file in (root / path, root / f"{path}.dvc")]
        # A dataset that is new stands beside another one, or at the root.
        for folder in sorted({root, *((root / path).parent for path in paths)}):
            files += sorted(folder.glob("*.dvc"))
        return tuple(_mark(file) for file in files)

    def stated_of(self, dataset: RecordedDataset) -> Hashable:
        """The state of what an audit of ``dataset`` reads besides data, lineage and rules: what people keep by hand."""
        from provenance.documents import CARD

        folder = self.repository.root / dataset.path
        stated = [self.repository.root / name for name in (MODELS_FILE, REVOCATIONS_FILE, SETTINGS_FILE)]
        return tuple(_mark(file) for file in (*stated, folder / CARD, folder.parent / CARD))

    @cached_property
    def _templates(self) -> Any:
        made = environment(_HERE / "templates")
        made.globals.update(address=addresses.address, query=addresses.query, static=static_address)
        made.globals.update(menu=MENU)
        return made

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A page; what every template needs is added to ``values``."""
        from starlette.responses import HTMLResponse

        theme = request.cookies.get("theme")
        html = self._templates.get_template(template).render(
            site_name=self.name,
            theme=theme if theme in _THEMES else None,
            path=request.url.path,
            rev=request.query_params.get("rev"),
            site_rev=self.rev,
            here=addresses.as_asked(request.scope) + (f"?{request.url.query}" if request.url.query else ""),
            **values,
        )
        return HTMLResponse(html, status)

    def sorry(self, request: Request, status: int, title: str, words: str, **values: Any) -> Response:
        """A page that says what is wrong. Whoever reads it names places from the DVC root."""
        words = words.replace(f"{self.repository.root}/", "")
        return self.page(request, "sorry.html", status, title=title, words=words, **{"elsewhere": [], **values})


def _mark(file: Path) -> tuple[str, int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return str(file), found.st_mtime_ns, found.st_size, found.st_ino


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """The files that pages refer to, by name, with their types. There are no others."""
    folder = _HERE / "static"
    return {
        _STYLE: (stylesheet("base", "parts", "explorer").encode(), "text/css; charset=utf-8"),
        _SCRIPT: ((folder / _SCRIPT).read_bytes(), "text/javascript; charset=utf-8"),
        _MARK: ((folder / _MARK).read_bytes(), "image/svg+xml"),
    }


@cache
def static_address(name: str) -> str:
    """The address of a file; it changes with its content."""
    return f"/static/{name}?{hashlib.sha256(static_files()[name][0]).hexdigest()[:10]}"
