"""Lays out public sets, which were cloned, as the benchmark reads them.

    python -m benchmarks.contamination.sets FOLDER CLONES

CLONES holds a clone, or a bare mirror, of each repository below, named OWNER+NAME.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

Row = Mapping[str, Any]

_BUNDLED = re.compile(r"bundled-evals/(?P<name>.*)-\d+\.jsonl\.gz")
_TRIVIA = ("history", "science-technology", "geography")
# Collections of questions of the other categories, so they hold what these hold.
_MIXED_TRIVIA = ("newest", "rated")


class Clones:
    """Files of cloned repositories at their HEAD."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self, repository: str) -> list[str]:
        return self._git(repository, "ls-tree", "-r", "--name-only", "HEAD").decode().splitlines()

    def content(self, repository: str, path: str) -> bytes:
        return self._git(repository, "show", f"HEAD:{path}")

    def _git(self, repository: str, *arguments: str) -> bytes:
        folder = self.folder / repository
        inside = folder / "repo" if (folder / "repo").exists() else folder
        return subprocess.run(["git", "-C", inside, *arguments], capture_output=True, check=True).stdout


def bundled(clones: Clones) -> Iterator[tuple[str, list[Row]]]:
    """The sets that decon brings along, with the options of one question together; it has one a row."""
    questions: dict[str, dict[tuple[Any, ...], list[Row]]] = {}
    for path in clones.names("allenai+decon"):
        if named := _BUNDLED.fullmatch(path):
            for line in gzip.decompress(clones.content("allenai+decon", path)).decode().splitlines():
                row = json.loads(line)
                name = named["name"]
                if name.startswith("agi_eval"):
                    name = f"agi_{row['config'].replace('-', '_')}"
                key = tuple(map(row.get, ("eval_instance_index", "config", "question", "passage")))
                questions.setdefault(name, {}).setdefault(key, []).append(row)
    for name, asked in questions.items():
        yield name, [_question(key, rows) for key, rows in asked.items()]


def _question(key: tuple[Any, ...], rows: list[Row]) -> Row:
    right = [row["answer"] for row in rows if row.get("is_correct", True)]
    options = [row["answer"] for row in rows] if "is_correct" in rows[0] else None
    found = {"question": key[2], "passage": key[3], "options": options, "answer": next(iter(right), None)}
    return {name: value for name, value in found.items() if value}


def trivia(clones: Clones, category: str) -> list[Row]:
    """Questions of OpenTriviaQA."""
    text = clones.content("uberspot+OpenTriviaQA", f"categories/{category}").decode("utf-8", "replace")
    rows: list[Row] = []
    for block in text.split("\n\n"):
        question, *lines = block.strip().split("\n")
        if question.startswith("#Q"):
            options = [line[2:] for line in lines if re.match(r"[A-D] ", line)]
            right = [line[2:] for line in lines if line.startswith("^ ")]
            rows.append({"question": question[3:], "answer": "".join(right[:1]), "options": options})
    return rows


def asdiv(clones: Clones) -> list[Row]:
    problems = ET.fromstring(clones.content("chaochun+nlu-asdiv-dataset", "dataset/ASDiv.xml"))  # noqa: S314
    return [
        {"question": f"{each.findtext('Body', '').strip()} {each.findtext('Question', '').strip()}"}
        for each in problems.iter("Problem")
    ]


def arithmetic(clones: Clones) -> list[Row]:
    """MAWPS and SVAMP, as the latter's repository has both."""
    rows = [
        {"question": f"{row['Body']}. {row['Question']}", "answer": str(row["Answer"])}
        for row in json.loads(clones.content("arkilpatel+SVAMP", "SVAMP.json"))
    ]
    seen: dict[str, Row] = {}
    for path in clones.names("arkilpatel+SVAMP"):
        if re.fullmatch(r"data/cv_mawps/fold\d/(train|dev)\.csv", path):
            for row in csv.DictReader(io.StringIO(clones.content("arkilpatel+SVAMP", path).decode())):
                question = row["Question"]
                for place, number in enumerate(row["Numbers"].split()):
                    question = question.replace(f"number{place}", str(float(number)).removesuffix(".0"))
                seen.setdefault(question, {"question": question, "answer": row["Answer"]})
    return [*rows, *seen.values()]


def xquad(clones: Clones, language: str) -> list[Row]:
    data = json.loads(clones.content("google-deepmind+xquad", f"xquad.{language}.json"))["data"]
    return [
        {"question": asked["question"], "passage": part["context"], "answer": asked["answers"][0]["text"]}
        for article in data
        for part in article["paragraphs"]
        for asked in part["qas"]
    ]


def instructions(clones: Clones) -> list[Row]:
    """Of GPTeacher: role play and code."""
    names = ("Roleplay/roleplay-simple-deduped-roleplay-instruct.json", "Codegen/codegen-instruct.json")
    return [row for name in names for row in json.loads(clones.content("teknium1+GPTeacher", name))]


def main() -> None:
    folder, clones = Path(sys.argv[1]), Clones(Path(sys.argv[2]))
    for name, rows in bundled(clones):
        _write(folder, "train" if name.endswith("train") else "eval", name, rows)
    for category in _TRIVIA:
        _write(folder, "eval", f"trivia_{category}", trivia(clones, category))
    others = [path.split("/")[1] for path in clones.names("uberspot+OpenTriviaQA") if path.startswith("categories/")]
    others = [category for category in others if category not in (*_TRIVIA, *_MIXED_TRIVIA)]
    _write(folder, "train", "trivia_other", (row for category in others for row in trivia(clones, category)))
    for kind in ("eval", "train"):
        _write(folder, kind, "asdiv", asdiv(clones))
    for language in ("en", "de", "es", "vi", "ru", "hi", "zh"):
        _write(folder, "eval", f"xquad_{language}", xquad(clones, language))
    _write(folder, "train", "mawps_svamp", arithmetic(clones))
    _write(folder, "train", "gpteacher", instructions(clones))


def _write(folder: Path, kind: str, name: str, rows: Iterable[Row]) -> None:
    file = folder / kind / f"{name}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w", encoding="utf-8") as output:
        output.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


if __name__ == "__main__":
    main()
