"""The page of an audit: begun by opening it, made in a process of its own, and shown with links to the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provenance.errors import ProvenanceError, UnknownReferenceError
from provenance.explorer.addresses import address, query
from provenance.explorer.audited import Audited, audited
from provenance.explorer.filters import FACETS
from provenance.faces.display import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.auditing.policy.rules import Policy
    from provenance.explorer.revision import Revision
    from provenance.explorer.site import Site
    from provenance.ledger.datasets import RecordedDataset
    from provenance.report.page.findings import Told

_KNOWN = ("dataset", "policy", "run", "rev")
_FIRST_CHOICE = "baseline"


def audit(site: Site, request: Request) -> Response:
    """The audit of a ``dataset`` by ``policy`` (packs), begun where ``run`` is asked for."""
    asked = request.query_params
    if unknown := sorted(set(asked) - set(_KNOWN)):
        raise ProvenanceError(f"{unknown[0]}: not known here; known are {', '.join(_KNOWN)}")
    revision = site.at(asked.get("rev"))
    path, policies = _chosen(revision, asked.get("dataset")), packs_named(asked.getlist("policy"))
    found = None if path is None else revision.dataset(path)
    rev = {"rev": asked.get("rev") or ""}
    job = None
    if found is not None:
        found.require_current()
        key = key_of(site, revision, found, policies)
        job = site.jobs.find(key)
        if asked.get("run"):
            words = f"audit of {found.path}"
            job = site.jobs.begin(key, words, audited, site.repository.root, found.path, revision.ledger.rev, policies)
    result: Audited | None = None if job is None else job.result
    return site.page(
        request,
        "audit.html",
        datasets=[each.path for each in revision.ledger.recorded],
        chosen=path,
        policies=policies,
        packs=_packs(),
        job=job,
        audited=result,
        again="/audit" + query({**rev, "dataset": path or "", "policy": policies, "run": "1"}),
        to_sample=lambda sample_id: address("sample", sample_id, rev),
        to_rows=None if found is None or result is None else _to_rows(found, result, policies, rev),
    )


def key_of(site: Site, revision: Revision, found: RecordedDataset, policies: tuple[str, ...]) -> Hashable:
    """What the audit of a dataset by some packs goes by: other data, lineage, rules or revocations are another audit.

    Lineage is that of all datasets: one may know of a row what another does not say.
    """
    rev = revision.ledger.rev
    commit = None if rev is None else site.repository.commit(rev)
    lineage = tuple((each.path, each.md5, each.digest) for each in revision.ledger.recorded)
    return "audit", commit, found.path, lineage, site.stated_of(found), _policy(site, policies).digest


def samples_of_rule(
    site: Site, revision: Revision, found: RecordedDataset, rule: str, policies: tuple[str, ...]
) -> list[str]:
    """The samples that a rule's measure brought up in the audit that was made.

    Raises:
        ProvenanceError: there was no such audit since the explorer was started, or no such rule in it.
    """
    job = site.jobs.find(key_of(site, revision, found, policies))
    if job is None or job.result is None:
        raise ProvenanceError(f"rule={rule}: open the audit of {found.path} first; its samples are known then")
    result: Audited = job.result
    if rule not in result.samples:
        raise ProvenanceError(f"rule={rule}: the audit has no samples of it")
    return result.samples[rule]


def _chosen(revision: Revision, named: str | None) -> str | None:
    paths = [each.path for each in revision.ledger.recorded]
    if not named:
        return next(iter(paths), None)
    # A form holds names with what is hidden as escapes.
    found = next((each for each in paths if named in (each, plain(each))), None)
    if found is None:
        raise UnknownReferenceError(f"{named}: no dataset with lineage here")
    return found


def _packs() -> list[str]:
    from provenance.auditing.policy.loading import packs

    return packs()


def packs_named(named: Sequence[str]) -> tuple[str, ...]:
    """The packs that are named: of files, any page could ask for any."""
    for each in named:
        if each not in _packs():
            raise UnknownReferenceError(f"{each}: not a pack; there are {', '.join(_packs())}")
    return tuple(dict.fromkeys(named)) or (_FIRST_CHOICE,)


def _policy(site: Site, policies: tuple[str, ...]) -> Policy:
    from provenance.auditing.policy.loading import load_policy

    return load_policy(policies, site.repository.root)


def _to_rows(
    found: RecordedDataset, result: Audited, policies: tuple[str, ...], rev: dict[str, str]
) -> Callable[[Told], str]:
    """The page of the rows that a rule is about; empty where no filter says which these are."""

    def to_rows(told: Told) -> str:
        head, _, rest = told.value.partition(".")
        group, facet = rest.rpartition(".")[0], head.removeprefix("by_")
        if head.startswith("by_") and facet in FACETS and group:
            return address("dataset", found.path, {**rev, facet: group})
        if told.rule in result.filters:
            return address("dataset", found.path, {**rev, **result.filters[told.rule]})
        if told.rule in result.samples:
            return address("dataset", found.path, {**rev, "rule": told.rule, "policy": policies})
        return ""

    return to_rows
