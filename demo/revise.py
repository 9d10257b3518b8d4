"""Let the model revise the answers that it wrote, which makes them one generation deeper.

Writes data/revised.jsonl: {object, question, answer}.
"""

from __future__ import annotations

from model import MODEL, SENTENCE, LanguageModel, stage_parameters

import provenance

PROMPT = provenance.Prompt(
    name="revise-answer",
    template="""\
<|im_start|>user
Rewrite this answer to be clear, correct and complete, in one sentence.

Question: {question}
Answer: {answer}<|im_end|>
<|im_start|>assistant
Answer:""",
)
GRAMMAR = r'root ::= " " sentence "\n"' + SENTENCE


def main() -> None:
    request = {**stage_parameters("revise"), "grammar": GRAMMAR}
    language_model = LanguageModel()
    with provenance.record(
        "data/revised.jsonl", model=MODEL, prompt=PROMPT, kind="self_revision", parameters=request
    ) as recorder:
        for pair in provenance.read("data/synthetic.jsonl"):
            if recorder.done(pair.sample_id):
                continue
            variables = {"question": pair["question"], "answer": pair["answer"]}
            completion = language_model.complete(PROMPT.render(**variables), request)
            answer = completion.text.strip()
            if not completion.ended:
                recorder.reject(key=pair.sample_id, reason="the answer did not end within max_tokens")
            elif answer == pair["answer"]:
                recorder.reject(key=pair.sample_id, reason="the model left the answer as it was")
            else:
                recorder.write(
                    {**pair, "answer": answer},
                    key=pair.sample_id,
                    parents=[pair],
                    usage=completion.usage,
                    prompt_variables=variables,
                    seed=request["seed"],
                )


if __name__ == "__main__":
    main()
