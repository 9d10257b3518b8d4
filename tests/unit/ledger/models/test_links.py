"""Descent of models and training loops, against plain recursion and in the cases that they are for."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from support.contents import digest
from support.sidecars import Words, record, sample, write
from support.trained import MODELS, Trained, links_of, trained

from provenance.ledger.graph.graph import Graph
from provenance.ledger.graph.opening import open_graph
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.ledger.graph.store import Store
from provenance.ledger.models.links import ModelLinks, descends_from, training_loops
from provenance.lineage.records import Activity, ActivityType, Agent
from provenance.models import ModelRegister, RegisteredModel, TrainingDataset


@settings(max_examples=30, deadline=None)
@given(stated=trained())
def test_descent_and_loops_are_what_following_each_step_finds(stated: Trained) -> None:
    with links_of(stated) as links:
        descent = {one: {other for other in MODELS if descends_from(links, one, other)} for one in MODELS}
        loops = {(loop.model, loop.dataset.path, loop.generator) for loop in training_loops(links)}
        gone = [dataset.path for dataset in links.not_here]
        assert not [loop for loop in training_loops(links) if loop.samples == 0]
    assert descent == {model: stated.ancestry(model) for model in MODELS}
    assert gone == (["gone"] if any("gone" in datasets for datasets in stated.trained_on.values()) else [])
    expected = set()
    for model in MODELS:
        line = {model}
        while (base := stated.bases[min(line, key=MODELS.index)]) is not None:
            line.add(base)
        for name in stated.trained_on[model] - {"gone"}:
            for generator in stated.generators({**stated.datasets, **stated.earlier}[name]):
                if ({generator} | stated.ancestry(generator)) & line:
                    expected.add((model, name, generator))
    assert loops == expected


def generations(folder: Path, agents: list[Agent]) -> tuple[Graph, list[TrainingDataset]]:
    """For each agent a dataset of two rows that it generated, the second from the first of the dataset before."""
    activities = tuple(Activity(type=ActivityType.GENERATION, agent=agent.id) for agent in agents)
    sidecars, datasets = [], []
    records = [record(sample(0), rows=0)]
    for number, _ in enumerate(agents):
        born = {"agent": number, "activity": number}
        first = 2 * number + 1
        own = [
            record(sample(first), origin="synthetic", **born),
            record(sample(first + 1), parents=[sample(max(0, first - 2))], **born),
        ]
        file = write(folder, f"r{number}.jsonl", [*records, *own], Words(activities, tuple(agents)))
        records += [each | {"rows": 0} for each in own]
        sidecars.append(IndexedSidecar(f"r{number}.jsonl", file, digest(file.read_bytes())))
        datasets.append(TrainingDataset(path=f"r{number}.jsonl", md5="0" * 32, sidecar_md5=sidecars[-1].digest))
    return open_graph(Store(folder / "graph"), sidecars), datasets


def test_five_generations_of_a_model_that_learns_from_itself_are_loops(tmp_path: Path) -> None:
    agents = [Agent(name="helper", revision=str(number)) for number in range(5)]
    graph, datasets = generations(tmp_path, agents)
    models = [
        RegisteredModel(name="helper", revision=str(n), trained_on=(datasets[n - 1],) if n else ()) for n in range(5)
    ]
    loops = training_loops(ModelLinks(graph, ModelRegister(models=tuple(models))))
    assert [(loop.model, loop.generator, loop.chain) for loop in loops if loop.dataset.path == "r0.jsonl"] == [
        ("helper@1", "helper@0", ("helper@1", "r0.jsonl", "helper@0"))
    ]
    last = [loop for loop in loops if loop.model == "helper@4"]
    # The second row of each dataset came from the one before.
    assert [(loop.generator, loop.samples) for loop in last] == [("helper@2", 1), ("helper@3", 2)]


def test_models_that_teach_each_other_are_a_loop_and_the_way_round_is_shown(tmp_path: Path) -> None:
    graph, datasets = generations(tmp_path, [Agent(name="one"), Agent(name="two", revision="1")])
    one = RegisteredModel(name="one", trained_on=(datasets[1],))
    two = RegisteredModel(name="two", revision="1", trained_on=(datasets[0],), base="core")
    core = RegisteredModel(name="core")
    links = ModelLinks(graph, ModelRegister(models=(core, one, two)))
    assert {loop.chain for loop in training_loops(links)} == {
        ("one", "r1.jsonl", "one"),
        ("one", "r1.jsonl", "two@1", "r0.jsonl", "one"),
        ("two@1", "r0.jsonl", "one", "r1.jsonl", "two@1"),
    }
    assert descends_from(links, "one", "core") and descends_from(links, "one", "one")
    assert not descends_from(links, "core", "one")


def test_learning_from_a_sibling_is_learning_from_a_descendant_of_the_base(tmp_path: Path) -> None:
    graph, datasets = generations(tmp_path, [Agent(name="teacher")])
    base, teacher = RegisteredModel(name="base"), RegisteredModel(name="teacher", base="base")
    student = RegisteredModel(name="student", base="base", trained_on=(datasets[0],))
    other = RegisteredModel(name="other", trained_on=(datasets[0],))
    links = ModelLinks(graph, ModelRegister(models=(base, teacher, student, other)))
    (loop,) = training_loops(links)
    assert (loop.model, loop.chain) == ("student", ("student", "r0.jsonl", "teacher", "base"))
    assert (links.names_in_line("student"), links.names_in_line("other")) == (("student", "base"), ("other",))


def test_the_line_of_a_model_that_nobody_registered_is_its_name(tmp_path: Path) -> None:
    graph, _ = generations(tmp_path, [Agent(name="m", revision="1")])
    assert ModelLinks(graph, None).names_in_line("m@1") == ("m",)


def test_a_model_without_registered_revision_stands_for_all(tmp_path: Path) -> None:
    graph, datasets = generations(tmp_path, [Agent(name="m", revision="1"), Agent(name="m", revision="2")])
    second = RegisteredModel(name="m", revision="2", trained_on=(datasets[0],))
    links = ModelLinks(graph, ModelRegister(models=(RegisteredModel(name="m"), second)))
    assert links.generators_in(datasets[1]) == ("m", "m@2")
    assert [len(links.generated_by(label)) for label in ("m", "m@1", "m@2")] == [2, 0, 2]
    # Another revision that nobody registered is of this name too.
    unregistered = ModelLinks(graph, ModelRegister(models=(second,)))
    assert [loop.chain for loop in training_loops(unregistered)] == [("m@2", "r0.jsonl", "m@1")]


def test_without_a_register_there_are_no_links(tmp_path: Path) -> None:
    graph, datasets = generations(tmp_path, [Agent(name="m")])
    links = ModelLinks(graph, None)
    assert (links.trained, links.not_here, training_loops(links)) == ((), (), [])
    assert links.generators_in(datasets[0]) == ("m",)
