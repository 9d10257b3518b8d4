"""Make a dataset with datatrove's inference runner: rewrites of documents, one rollout each.

Usage: python make_datatrove.py FOLDER; writes FOLDER/documents.jsonl, FOLDER/rollouts.jsonl (documents as the runner
writes them) and FOLDER/rewrites.jsonl (the rollout's text put in the document's place, as recipes do).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from stub_server import MODEL, stub_server

DOCUMENTS = [{"id": f"doc-{number}", "text": f"Text of document {number}."} for number in range(4)]


async def rewrite(document: Document, generate: Any) -> Any:
    return await generate({"messages": [{"role": "user", "content": f"Rewrite: {document.text}"}], "temperature": 0.5})


def in_place(writer: JsonlWriter, document: Document) -> dict[str, Any]:
    (rollout,) = document.metadata["rollout_results"]
    return {"id": document.id, "text": rollout.text, "metadata": {"rollout_results": [rollout.__dict__]}}


def make(folder: Path) -> None:
    documents = folder / "documents.jsonl"
    documents.write_text("".join(json.dumps(document) + "\n" for document in DOCUMENTS), encoding="utf-8")
    with stub_server() as url:
        for name, adapter in (("rollouts", None), ("rewrites", in_place)):
            runner = InferenceRunner(
                rollout_fn=rewrite,
                config=InferenceConfig(
                    server_type="endpoint", model_name_or_path=MODEL, endpoint_url=url.removesuffix("/v1")
                ),
                output_writer=JsonlWriter(
                    str(folder), output_filename=f"{name}.jsonl", compression=None, adapter=adapter
                ),
            )
            reader = JsonlReader(str(documents), compression=None, add_file_path=False)
            LocalPipelineExecutor([reader, runner], logging_dir=str(folder / f"logs-{name}")).run()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
