"""What differs in how two versions of a dataset were made."""

from __future__ import annotations

from typing import Any

from support.work import growth

from provenance.ledger.history.making import Change, changes, facts_of, in_words
from provenance.lineage.records import (
    Activity,
    ActivityType,
    Agent,
    DatasetState,
    Header,
    IdentitySettings,
    Plan,
    StageRun,
)

ASK = Plan(name="ask", template="Answer: {{ q }}\nBriefly.")
ASK_AGAIN = Plan(name="ask", template="Answer: {{ q }}\nAt length.")
WRITER = Agent(name="writer", revision="1")


def header(plan: Plan | None = ASK, agent: Agent = WRITER, **changed: Any) -> Header:
    """Of rows that one stage generated."""
    stage = {"name": "answers", "command": "python a.py", "dependencies": {"a.py": "11aa", "d.jsonl": "22bb"}}
    run = StageRun(**{**stage, **changed.pop("stage", {})})
    parameters = changed.pop("parameters", {"gen_ai.request.temperature": 0.7})
    activity = Activity(
        type=ActivityType.GENERATION,
        agent=agent.id,
        plan=plan.id if plan else None,
        parameters=parameters,
        stage=run,
    )
    identity = IdentitySettings(digest="xxh3_128", canonical_form=1, rule="named", fields=("text",))
    state = DatasetState(path="a.jsonl", size=1, rows=1)
    plans = (plan,) if plan else ()
    return Header(version="1.0", dataset=state, identity=identity, activities=(activity,), agents=(agent,), plans=plans)


def with_models(number: int) -> Header:
    """A dataset that so many models wrote, each in an activity of its own."""
    one = header()
    agents = tuple(Agent(name=f"writer {place}") for place in range(number))
    activities = tuple(one.activities[0].model_copy(update={"agent": agent.id}) for agent in agents)
    return one.model_copy(update={"agents": agents, "activities": activities})


def test_many_models_take_as_many_looks_and_not_their_square() -> None:
    headers = {number: with_models(number) for number in (20, 80)}
    assert len([fact for fact in facts_of(headers[80]) if fact.what == "model"]) == 80
    assert growth(lambda number: facts_of(headers[number]), 20, 80) < 6


def test_nothing_differs_between_runs_of_the_same() -> None:
    assert changes(header(), header()) == ()
    assert changes(None, header()) == changes(header(), None) == ()


def test_of_a_section_that_is_one_parameter_only_what_differs_is_shown() -> None:
    sections = [{"gen": {"prompt": "Answer: {q}", "model": {"name": name, "layers": {}}}} for name in ("a", "b")]
    old, new = (header(stage={"parameters": section}) for section in sections)
    assert [in_words(change) for change in changes(old, new)] == ['answers: parameter gen.model.name: "a" → "b"']


def test_a_prompt_is_shown_with_the_difference_of_its_templates() -> None:
    (change,) = changes(header(), header(ASK_AGAIN))
    assert (change.stage, change.what, change.name) == ("answers", "prompt", "ask")
    assert (change.before, change.after) == ((ASK.id,), (ASK_AGAIN.id,))
    assert change.difference == (
        f"--- {ASK.id}",
        f"+++ {ASK_AGAIN.id}",
        "@@ -1,2 +1,2 @@",
        " Answer: {{ q }}",
        "-Briefly.",
        "+At length.",
    )
    assert in_words(change) == f"answers: prompt ask: {ASK.id[:8]} → {ASK_AGAIN.id[:8]}"


def test_models_parameters_commands_and_dependencies() -> None:
    new = header(
        agent=Agent(name="writer", revision="2"),
        parameters={"gen_ai.request.temperature": 0.2, "gen_ai.request.seed": 1},
        stage={"command": "python b.py", "dependencies": {"b.py": "33cc", "d.jsonl": "44dd"}},
    )
    assert [in_words(change) for change in changes(header(), new)] == [
        "answers: command: python a.py → python b.py",
        "answers: dependency a.py 11aa is gone",
        "answers: dependency b.py 33cc is new",
        "answers: dependency d.jsonl changed",
        "answers: model: writer@1 → writer@2",
        "answers: parameter gen_ai.request.seed 1 is new",
        "answers: parameter gen_ai.request.temperature: 0.7 → 0.2",
    ]


def test_a_stage_of_several_commands_says_where_one_ends() -> None:
    (change,) = changes(header(), header(stage={"command": "python a.py\nprovenance declare a.jsonl"}))
    assert in_words(change) == "answers: command: python a.py → python a.py && provenance declare a.jsonl"


def test_a_prompt_of_which_it_is_not_clear_what_became_of_it_has_no_difference() -> None:
    (gone,) = changes(header(), header(None))
    assert gone == Change("answers", "prompt", "ask", (ASK.id,), ())
    assert in_words(gone) == f"answers: prompt ask {ASK.id[:8]} is gone"
