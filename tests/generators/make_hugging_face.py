"""Make dataset cards with huggingface_hub, for a synthetic and for a human-written dataset.

Usage: python make_hugging_face.py FOLDER; writes FOLDER/synthetic/README.md and FOLDER/human/README.md, each beside a
data.parquet that `datasets` wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

from datasets import Dataset
from huggingface_hub import DatasetCard, DatasetCardData

CARDS = {
    "synthetic": DatasetCardData(
        pretty_name="Rewritten Docs",
        license="cc-by-4.0",
        source_datasets=["example/docs"],
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated"],
        tags=["synthetic"],
    ),
    "human": DatasetCardData(
        pretty_name="Docs",
        license="mit",
        language_creators=["expert-generated"],
        annotations_creators=["no-annotation"],
    ),
}


def make(folder: Path) -> None:
    for name, data in CARDS.items():
        (folder / name).mkdir(parents=True)
        card = DatasetCard(f"---\n{data.to_yaml()}\n---\n\n# {data.pretty_name}\n")
        card.save(folder / name / "README.md")
        Dataset.from_dict({"text": [f"{name} text {number}" for number in range(4)]}).to_parquet(
            folder / name / "data.parquet"
        )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
