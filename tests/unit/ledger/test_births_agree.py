"""Whoever is asked, the same birth of a sample is believed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import ledger_of
from support.workbench import DERIVATION, WRITER, Workbench, identifier

from provenance.identity import Identity
from provenance.identity.names import sidecar_path
from provenance.ledger.composition.composition import composition
from provenance.ledger.history.compositions import count_sidecars
from provenance.ledger.walks import describe
from provenance.lineage.births import RecordedBirths
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.schema import Birth, birth_schema
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.verification import verify
from provenance.lineage.vocabulary import Vocabulary
from provenance.lineage.words import doubts_of
from provenance.repository import Repository

SAMPLE, CHILD = {"text": "a text of several births"}, {"text": "what came of it"}
REAL, MADE = {"text": "found"}, {"text": "made"}
STRANGER = "ab" * 16
PARENTS: list[list[str]] = [[], [identifier(REAL)], [identifier(MADE)], [identifier(REAL), identifier(MADE)]]
PARENTS += [[STRANGER], [identifier(SAMPLE)]]
HOURS = [None, 8, 12]


@st.composite
def births(draw: st.DrawFn) -> tuple[Birth, Activity]:
    """A birth that a recorder or a declaration could state of one row, and its activity."""
    parents = draw(st.sampled_from(PARENTS))
    kind = draw(
        st.sampled_from([ActivityType.GENERATION, ActivityType.DERIVATION if parents else ActivityType.COLLECTION])
    )
    hour = draw(st.sampled_from(HOURS))
    activity = Activity(
        type=kind,
        agent=WRITER.id if kind is ActivityType.GENERATION else None,
        started=None if hour is None else datetime(2026, 1, 1, hour, tzinfo=UTC),
    )
    origins_of: list[str | None] = ["synthetic", "unknown"]
    if kind is not ActivityType.GENERATION:
        origins_of = [None, "unknown"] if parents else ["real", "unknown"]
    origin = draw(st.sampled_from(origins_of))
    birth: Birth = {
        "row": 1,
        "activity": 0,
        "parents": parents,
        "parent_roles": ["derived_from"] * len(parents),
        "evidence": draw(st.sampled_from(["observed", "declared"])),
    }
    return (birth if origin is None else {**birth, "origin": origin}), activity


def recorded(bench: Workbench, name: str, birth: Birth, activity: Activity) -> RecordedBirths:
    stated: dict[str, Any] = {**birth, "parents": [bytes.fromhex(parent) for parent in birth["parents"]]}
    file = bench.folder / f"{name}.births.parquet"
    pq.write_table(pa.Table.from_pylist([stated], schema=birth_schema()), file)
    vocabulary = Vocabulary()
    vocabulary.add([activity], agents=[WRITER])
    return RecordedBirths(file, [activity], vocabulary)


def datasets(bench: Workbench, born: list[tuple[Birth, Activity]]) -> tuple[Path, Path]:
    """A dataset of SAMPLE, which has all of the births, the first of them stated there; and one of its child."""
    known = [bench.collected("real.jsonl", [REAL]), bench.generated("made.jsonl", [MADE], [[]])]
    for number, (birth, activity) in enumerate(born[1:]):
        earlier = bench.dataset(f"earlier-{number}.jsonl", [SAMPLE])
        bench.complete(earlier, births=recorded(bench, f"earlier-{number}", birth, activity), dependencies=known)
        known.append(bench.dependency(earlier))
    out = bench.dataset("out.jsonl", [SAMPLE])
    bench.complete(out, births=recorded(bench, "out", *born[0]), dependencies=known)
    child = bench.dataset("child.jsonl", [{**CHILD, "_parents": [identifier(SAMPLE)]}])
    bench.complete(child, dependencies=[bench.dependency(out)], derivation=DERIVATION)
    return out, child


def origins(repository: Repository, bench: Workbench, born: list[tuple[Birth, Activity]]) -> dict[str, str]:
    """The origin of SAMPLE by each of those who are asked, the only row of a dataset; it has all of the births."""
    out, child = datasets(bench, born)
    sidecar = Path(sidecar_path(str(out)))
    with ledger_of(repository, sidecar) as ledger:
        (audited,) = composition(ledger, ledger.recorded[0]).by_origin
        number = int(ledger.graph.numbers([identifier(SAMPLE)])[0])
        (root,) = describe(ledger.graph, np.array([number]))
        record = ledger.records(identifier(SAMPLE))[0]
        shown = "ambiguous" if "origin" in record.doubts else record.origin
    # A child of what is in doubt is in doubt.
    of_child = bench.record(child, CHILD)
    inherited = "ambiguous" if "origin" in doubts_of(of_child["doubts"]) else of_child["origin"]
    logged = count_sidecars({"out": open_sidecar(sidecar)}, bench.folder)["out"]
    assert not isinstance(logged, str)
    # A picture of the lineage shows one birth of a sample, be it that of a row or of an ancestor of equal content.
    is_echo = identifier(SAMPLE) in born[0][0]["parents"]
    return {
        "audit": audited,
        "show": shown,
        "trace": audited if is_echo else root.origin,
        "log": next(iter(logged.groups["by_origin"])),
        "child": inherited,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(births(), min_size=1, max_size=4))
def test_audit_show_trace_log_and_children_believe_the_same_birth(
    repository: Repository, born: list[tuple[Birth, Activity]]
) -> None:
    with TemporaryDirectory() as folder:
        found = origins(repository, Workbench(Path(folder)), born)
    assert len(set(found.values())) == 1, found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(births(), min_size=1, max_size=4))
def test_what_is_written_of_births_contradicts_nothing(born: list[tuple[Birth, Activity]]) -> None:
    with TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        for data in datasets(bench, born):
            file = Path(sidecar_path(str(data)))
            assert verify(data, file, Identity(), name=data.name, md5=None, workspace=bench.folder) == []
