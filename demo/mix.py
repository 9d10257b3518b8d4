"""Mix docstrings and question-answer pairs into one table for training: data/mix.parquet.

An ordinary pandas script, which knows nothing of provenance: unchanged rows keep their lineage by what they hold. Only
for rows that it changes does it say which row each came from, in the column `_parents`, as file and row number.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

COLUMNS = ["text", "question", "answer", "module", "object", "_parents"]


def load(path: str) -> pd.DataFrame:
    """The rows of the JSONL file at ``path``; the column ``place`` says where each was read."""
    # Left to itself, pandas makes numbers and dates of text that looks like them.
    table = pd.read_json(path, lines=True, dtype=False)
    return table.assign(place=[f"{path}:{row}" for row in range(1, len(table) + 1)])


def change(table: pd.DataFrame, column: str, changed: pd.Series) -> pd.DataFrame:
    """``table`` with the texts ``changed`` in ``column``, and a parent for each row that this makes another."""
    return table.assign(**{column: changed, "_parents": table["place"].where(changed != table[column])})


def load_documents(rows: int, min_characters: int, max_characters: int, seed: int) -> pd.DataFrame:
    """A random draw of the docstrings; long ones are cut to their first paragraph."""
    documents = load("data/documents.jsonl")
    documents = documents[documents["text"].str.len() >= min_characters]
    documents = documents.sample(min(rows, len(documents)), random_state=seed)
    first_paragraphs = documents["text"].str.split("\n\n", n=1).str[0]
    is_short = documents["text"].str.len() <= max_characters
    return change(documents, "text", documents["text"].where(is_short, first_paragraphs))


def load_pairs() -> pd.DataFrame:
    """All pairs but those whose answer repeats the prompt; without the back-ticks of Markdown."""
    pairs = pd.concat([load("data/synthetic.jsonl"), load("data/revised.jsonl")])
    pairs = pairs[~pairs["answer"].str.contains("rewrite this answer", case=False)]
    return change(pairs, "answer", pairs["answer"].str.replace("`", ""))


def main() -> None:
    parameters = YAML(typ="safe").load(Path("params.yaml"))["mix"]
    mix = pd.concat([load_documents(**parameters), load_pairs()])
    mix = mix.sample(frac=1, random_state=parameters["seed"])
    mix[COLUMNS].to_parquet("data/mix.parquet", index=False)


if __name__ == "__main__":
    main()
