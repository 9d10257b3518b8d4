"""Models behind a sample and after it: on a small line of models, and on random lineages against plain recursion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.sidecars import Words, record, sample, write
from support.trained import COUNT, MODELS, Trained, closure, descendants, links_of, trained

from provenance.ledger.graph.graph import Direction
from provenance.ledger.graph.opening import open_graph, store_in
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.ledger.models.chain import ModelChain
from provenance.ledger.models.links import ModelLinks
from provenance.ledger.walks import trace
from provenance.lineage.records import Activity, ActivityType, Agent
from provenance.models import ModelRegister, RegisteredModel, TrainingDataset

AGENTS = (Agent(name="teacher", revision="7"), Agent(name="student", revision="1"), Agent(name="stranger"))
WORDS = Words(tuple(Activity(type=ActivityType.GENERATION, agent=agent.id) for agent in AGENTS), AGENTS)
TAUGHT = TrainingDataset(path="taught.jsonl", md5="0" * 32, sidecar_md5="1" * 32)
GONE = TrainingDataset(path="gone.jsonl", md5="2" * 32, sidecar_md5="3" * 32)
REGISTER = ModelRegister(
    models=(
        RegisteredModel(name="teacher", trained_on=(GONE,)),
        RegisteredModel(name="base"),
        RegisteredModel(name="student", revision="1", base="base", trained_on=(TAUGHT,)),
        RegisteredModel(name="other", trained_on_external=("web",)),
    )
)


def links(folder: Path, register: ModelRegister | None = REGISTER) -> ModelLinks:
    """taught.jsonl: 1 by the teacher, 2 by a stranger. rows.jsonl: 3 by the student, and 4 made from it."""

    def by(agent: int) -> dict[str, Any]:
        return {"agent": agent, "activity": agent, "origin": "synthetic"}

    taught = write(folder, "taught.jsonl", [record(sample(1), **by(0)), record(sample(2), **by(2))], WORDS)
    rows = [record(sample(3), 0, **by(1)), record(sample(4), parents=[sample(3)])]
    made = write(folder, "rows.jsonl", rows, WORDS)
    sidecars = [IndexedSidecar("taught.jsonl", taught, "1" * 32), IndexedSidecar("rows.jsonl", made, "b")]
    return ModelLinks(open_graph(store_in(folder / "tmp"), sidecars), register)


def test_behind_a_sample_are_its_ancestors_models_and_those_behind_these(tmp_path: Path) -> None:
    found = trace(links(tmp_path), sample(4), Direction.ANCESTORS).models
    assert (found.passages, found.through_models) == ((), 0)
    student, base, teacher = found.behind
    assert (student.model, student.agents, student.base) == ("student@1", ("student@1",), "base")
    (taught,) = student.trained_on
    assert (taught.dataset, taught.samples, taught.generators) == (TAUGHT, 2, ("stranger", "teacher"))
    assert (base.model, base.agents, base.trained_on) == ("base", (), ())
    # Registered without a revision, it is each of them; and what it was trained on is not here.
    assert (teacher.model, teacher.agents) == ("teacher", ("teacher@7",))
    assert [(each.samples, each.generators) for each in teacher.trained_on] == [(None, ())]


def test_after_a_sample_come_the_models_that_learnt_from_it(tmp_path: Path) -> None:
    found = trace(links(tmp_path), sample(1), Direction.DESCENDANTS).models
    assert (found.behind, found.through_models) == ((), 2)
    assert [(passage.model, passage.training_samples, passage.generated) for passage in found.passages] == [
        ("student@1", 1, 1)
    ]


def test_without_a_register_there_are_no_links(tmp_path: Path) -> None:
    for direction in Direction:
        assert trace(links(tmp_path, None), sample(1), direction).models == ModelChain()


def members(stated: Trained, dataset: str) -> set[int]:
    return {**stated.datasets, **stated.earlier, "gone": set[int]()}[dataset]


@settings(max_examples=30, deadline=None)
@given(stated=trained(), start=st.integers(0, COUNT - 1))
def test_behind_a_sample_are_the_writers_and_all_that_these_descend_from(stated: Trained, start: int) -> None:
    if start not in stated.lineage:
        return
    wrote = stated.generators(closure(stated.lineage, {start}))
    with links_of(stated) as links:
        behind = trace(links, sample(start), Direction.ANCESTORS).models.behind
    assert {model.model for model in behind[: len(wrote)]} == wrote
    assert {model.model for model in behind} == wrote.union(*map(stated.ancestry, wrote))
    assert len({model.model for model in behind}) == len(behind)
    for model in behind:
        assert model.base == stated.bases[model.model]
        assert {(each.dataset.path, each.samples, frozenset(each.generators)) for each in model.trained_on} == {
            (
                name,
                None if name == "gone" else len(members(stated, name)),
                frozenset(stated.generators(members(stated, name))),
            )
            for name in stated.trained_on[model.model]
        }


@settings(max_examples=30, deadline=None)
@given(stated=trained(), start=st.integers(0, COUNT - 1))
def test_after_a_sample_come_all_that_learnt_from_what_came_of_it(stated: Trained, start: int) -> None:
    if start not in stated.lineage:
        return
    direct = found = descendants(stated.lineage, {start})
    learnt: set[str] = set()
    while (now := {model for model in MODELS if stated.members(model) & found}) != learnt:
        learnt = now
        written = {n for n, each in stated.lineage.items() if each["agent"] is not None}
        found = descendants(stated.lineage, found | {n for n in written if MODELS[stated.lineage[n]["agent"]] in now})
    with links_of(stated) as links:
        after = trace(links, sample(start), Direction.DESCENDANTS, depth=1).models
    assert {passage.model for passage in after.passages} == learnt
    assert after.through_models == len(found - direct)
    for passage in after.passages:
        assert passage.training_samples == len(stated.members(passage.model) & found)
