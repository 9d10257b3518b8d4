from __future__ import annotations

from provenance.lineage.generating import generating


def test_names_are_compared_as_the_package_index_compares_them() -> None:
    assert generating(["python", "llama_cpp_python", "OpenAI", "pandas"]) == ["OpenAI", "llama_cpp_python"]


def test_what_pipelines_import_for_other_ends_generates_nothing() -> None:
    assert generating(["torch", "datasets", "huggingface-hub", "dvc-provenance"]) == []
