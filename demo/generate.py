"""Let the model write a question and its answer from each of some docstrings.

Writes data/synthetic.jsonl: {object, question, answer}.

A completion after one worked example suits so small a model better than instructions do. The grammar makes it stop
after one question and one sentence.
"""

from __future__ import annotations

import random
from typing import Any

from model import MODEL, SENTENCE, LanguageModel, stage_parameters

import provenance

PROMPT = provenance.Prompt(
    name="question-answer",
    template="""\
Text: math.sqrt: Return the square root of x.
Question: What does math.sqrt return?
Answer: It returns the square root of x.

Text: {object}: {text}
Question: What does {object}""",
)
SEPARATOR = "?\nAnswer: "
GRAMMAR = r'root ::= " " [a-z] [^?:.\n]{1,60} "?\nAnswer: " sentence "\n"' + SENTENCE


def is_suitable(document: dict[str, Any]) -> bool:
    """Whether the docstring is prose of one paragraph about an object that users meet."""
    name, text = document["object"], document["text"]
    is_public = not any(part.startswith("_") for part in name.split("."))
    is_prose = 60 <= len(text) <= 200 and "\n\n" not in text and "->" not in text
    return is_public and is_prose and name != document["module"]


def main() -> None:
    parameters = stage_parameters("generate")
    rows = parameters.pop("rows")
    request = {**parameters, "grammar": GRAMMAR}
    documents = [document for document in provenance.read("data/documents.jsonl") if is_suitable(document)]
    random.Random(request["seed"]).shuffle(documents)
    language_model = LanguageModel()
    with provenance.record(
        "data/synthetic.jsonl", model=MODEL, prompt=PROMPT, kind="rewrite", parameters=request
    ) as recorder:
        for document in documents[:rows]:
            if recorder.done(document.sample_id):
                continue
            variables = {"object": document["object"], "text": " ".join(document["text"].split())}
            completion = language_model.complete(PROMPT.render(**variables), request)
            if not completion.ended:
                recorder.reject(key=document.sample_id, reason="the answer did not end within max_tokens")
                continue
            question, answer = completion.text.strip().split(SEPARATOR)
            recorder.write(
                {
                    "object": document["object"],
                    "question": f"What does {document['object']} {question}?",
                    "answer": answer,
                },
                key=document.sample_id,
                parents=[document],
                usage=completion.usage,
                prompt_variables=variables,
                seed=request["seed"],
            )


if __name__ == "__main__":
    main()
