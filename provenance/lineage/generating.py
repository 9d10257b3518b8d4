"""Libraries that generate: where a stage imported one, rows that state no model may still be a model's output."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Distribution (as PyPI normalises names) and the module it provides. Not here: what data pipelines import for other
# ends as a rule, such as torch or huggingface-hub.
GENERATING_LIBRARIES = {
    "ai21": "ai21",
    "anthropic": "anthropic",
    "bespokelabs-curator": "bespokelabs",
    "cohere": "cohere",
    "ctransformers": "ctransformers",
    "diffusers": "diffusers",
    "distilabel": "distilabel",
    "dspy": "dspy",
    "exllamav2": "exllamav2",
    "fireworks-ai": "fireworks",
    "google-genai": "google.genai",
    "google-generativeai": "google.generativeai",
    "groq": "groq",
    "instructor": "instructor",
    "langchain-core": "langchain_core",
    "litellm": "litellm",
    "llama-cpp-python": "llama_cpp",
    "llama-index-core": "llama_index.core",
    "mistralai": "mistralai",
    "mlx-lm": "mlx_lm",
    "ollama": "ollama",
    "openai": "openai",
    "pydantic-ai-slim": "pydantic_ai",
    "replicate": "replicate",
    "sglang": "sglang",
    "together": "together",
    "transformers": "transformers",
    "vllm": "vllm",
    "xai-sdk": "xai_sdk",
    "xllamacpp": "xllamacpp",
}


def generating(packages: Iterable[str]) -> list[str]:
    """Those of ``packages``, names of distributions, that generate."""
    return sorted(name for name in packages if normalised(name) in GENERATING_LIBRARIES)


def normalised(name: str) -> str:
    """The name of a distribution as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
