"""`python -m benchmarks.contamination FOLDER`: print the tables of docs/contamination.md."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.contamination.cost import files
from benchmarks.processes import measure
from benchmarks.results import Result, Target, machine

# Rows of each set that copies are made of, and those of a set that is not named.
_SAMPLED = {
    "gsm8k_test": 250,
    "mmlu_test": 450,
    "agi_lsat_lr": 70,
    "agi_lsat_rc": 70,
    "agi_logiqa_en": 70,
    "agi_gaokao_english": 40,
    "trivia_history": 120,
    "trivia_science-technology": 120,
    "asdiv": 100,
    "xquad_vi": 70,
    "xquad_ru": 70,
    "xquad_zh": 50,
}
# Evaluation sets ("*": all) beside training rows that hold none of them; every how many of these, and from which on.
_CLEAN = (
    ("gsm8k_test", "gsm8k_train", 1, 0),
    ("gsm8k_test", "mawps_svamp", 1, 0),
    ("gsm8k_test", "asdiv", 1, 0),
    ("mmlu_test", "trivia_other", 4, 0),
    ("trivia_history", "trivia_other", 4, 0),
    ("agi_math", "gsm8k_train", 1, 0),
    ("*", "gpteacher", 1, 0),
)
# The same of pairs of a set's own kind that no threshold was chosen on.
_FRESH = (
    ("trivia_geography", "trivia_other", 4, 2),
    ("trivia_science-technology", "trivia_other", 4, 2),
    ("mmlu_validation", "trivia_other", 4, 2),
    ("xquad_en", "trivia_other", 4, 2),
    ("asdiv", "gsm8k_train", 1, 0),
    ("agi_aqua_rat", "gsm8k_train", 1, 0),
    ("agi_sat_math", "gsm8k_train", 1, 0),
    ("agi_aqua_rat", "mawps_svamp", 1, 0),
    ("agi_math", "mawps_svamp", 1, 0),
)
_LEAST_FILLER = 60
_BITS = (0, 70, 100, 150, 200, 300, 100_000)
_BY_BITS = (
    *("question as a message", "10% of the words swapped", "20% of the words swapped", "30% of the words swapped"),
    *("first 75% of the question", "first 50% of the question", "names translated"),
)
# The least part that is found of each kind of copy.
_BOUNDS = {
    "10% of the words swapped": 0.88,
    "20% of the words swapped": 0.75,
    "30% of the words swapped": 0.55,
    "first 75% of the question": 0.75,
    "names translated": 0.83,
    "sentences in reverse order": 0.99,
    "passage only": 1.0,
    "other forms of Unicode": 0.97,
}
_EXACT = ("whole record", "question as a message", "question, another answer", "question, right answer", "passage only")
# A large evaluation set, and what making its index may take.
_LARGE_ROWS, _MOST_OF_LARGE = 1_000_000, 1_536
_MOST_ALARMS, _MOST_MICROSECONDS, _MOST_MEGABYTES, _MOST_MEBIBYTES = 0.0015, 45, 150, 400


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contamination")
    parser.add_argument("folder", type=Path, help="with eval/*.jsonl and train/*.jsonl")
    parser.add_argument("--seed", type=int, default=7, help="of the copies (default: 7)")
    parser.add_argument("--sampled", type=int, default=0, help="rows of each set that no number is known for")
    parser.add_argument("--every", type=int, default=1, help="only every N-th copy and training row (default: 1)")
    parser.add_argument("--alone", action="store_true", help="without the rules of others")
    options = parser.parse_args()
    if missing := [kind for kind in ("eval", "train") if not files(options.folder, kind)]:
        parser.error(f"{options.folder / missing[0]} holds no *.jsonl; docs/contamination.md says how to make the sets")
    print(f"{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        store = Path(scratch) / "suites"
        store.mkdir()
        print(_cost(options.folder.absolute(), store, Path(scratch)).markdown(), flush=True)
        for result in _Comparison(options, store).results():
            print(result.markdown(), flush=True)
    return 0


def _cost(folder: Path, store: Path, scratch: Path) -> Result:
    command = [sys.executable, "-m", "benchmarks.contamination.cost"]
    built = measure([*command, "build", folder, store], scratch, says=True)
    streamed = measure([*command, "stream", folder, store], scratch, says=True)
    large = measure([*command, "large", str(_LARGE_ROWS), store], scratch, says=True)
    rows = streamed.said["rows"]
    per_row, length = 1e6 * streamed.said["cpu"] / rows, streamed.said["characters"] / rows
    size = built.said["megabytes"]
    return Result(
        "Cost",
        ("what", "CPU", "peak MiB", "size"),
        [
            ["index of the suite", f"{built.said['cpu']:.1f} s", f"{built.peak:,.0f}", f"{size:.0f} MB"],
            [
                f"index of one set of {_LARGE_ROWS:,} rows",
                f"{large.said['cpu']:.0f} s",
                f"{large.peak:,.0f}",
                f"{large.said['megabytes']:.0f} MB",
            ],
            [
                f"{rows:,} training rows",
                f"{per_row:.0f} µs a row",
                f"{streamed.peak:,.0f}",
                f"{length:,.0f} characters",
            ],
        ],
        [
            Target("index", size, _MOST_MEGABYTES, unit="MB"),
            Target("CPU a training row", per_row, _MOST_MICROSECONDS, unit="µs"),
            Target("peak memory of the stream", streamed.peak, _MOST_MEBIBYTES, unit="MiB"),
            Target("peak memory of a large index", large.peak, _MOST_OF_LARGE, unit="MiB"),
        ],
    )


class _Comparison:
    """All rules over the same copies and the same clean rows."""

    def __init__(self, options: argparse.Namespace, store: Path) -> None:
        import numpy as np

        from benchmarks.contamination.copies import Copier, sampled
        from benchmarks.contamination.cost import files, rows_of, suite, text_of
        from benchmarks.contamination.other_rules import NGrams, Rule, decon

        self._suite = suite(store)
        sets = {file.stem: list(rows_of(file)) for file in files(options.folder, "eval")}
        self._train = {file.stem: list(map(text_of, rows_of(file))) for file in files(options.folder, "train")}
        every = [text for texts in self._train.values() for text in texts]
        filler = [text for text in self._train.get("gpteacher", every) if len(text.split()) > _LEAST_FILLER] or every
        counts = {name: _SAMPLED.get(name, options.sampled) for name in sets}
        copier = Copier(filler, options.seed)
        self._every = options.every
        self._copies = sampled(sets, counts, copier, random.Random(options.seed))[:: self._every]
        rows: list[Mapping[str, Any]] = [row for each in sets.values() for row in each]
        self._rules: list[Rule] = [] if options.alone else [NGrams(rows, 8), NGrams(rows, 13), *decon(rows)]
        self._bits = np.zeros(len(rows))
        asked = np.flatnonzero(self._suite.sides == 0)
        numbers, of = self._suite.rows_of(asked)
        np.maximum.at(self._bits, numbers, self._suite.own_bits[asked][of])
        self._levels = self._suite.levels()

    def results(self) -> Iterable[Result]:
        found = self._by_rule([copy.text for copy in self._copies])
        hits = {
            name: [copy.row in rows for copy, rows in zip(self._copies, per_text, strict=True)]
            for name, per_text in found.items()
        }
        yield self._recall(hits)
        yield self._by_bits(hits["ours"])
        yield self._alarms("Training rows flagged where no copy was put in", _CLEAN)
        yield self._alarms("The same of pairs that no threshold was chosen on", _FRESH)

    def _by_rule(self, texts: Sequence[str], wanted: str = "*") -> dict[str, list[set[int]]]:
        """For each rule, the evaluation rows that it finds in each text, of the sets that are wanted."""
        names = self._suite.sets
        numbers = set(range(len(names))) if wanted == "*" else {names.index(wanted)}
        own = {row for row, number in enumerate(self._suite.set_of_row.tolist()) if number in numbers}
        found = {"ours": [rows & own for rows in self._ours(texts)]}
        return found | {rule.name: [rule.found(text) & own for text in texts] for rule in self._rules}

    def _ours(self, texts: Sequence[str]) -> list[set[int]]:
        import pyarrow as pa

        from provenance.auditing.contamination.stream import look_through

        found: list[set[int]] = [set() for _ in texts]
        for batch in look_through(self._suite, pa.array(texts, pa.large_string())):
            rows, of = self._suite.rows_of(batch.found.side)
            for text, row in zip(batch.found.row[of].tolist(), rows.tolist(), strict=True):
                found[text].add(row)
        return found

    def _recall(self, hits: Mapping[str, Sequence[bool]]) -> Result:
        from provenance.auditing.contamination.rules import Level

        kinds = list(dict.fromkeys(copy.kind for copy in self._copies))
        of_kind = {kind: [n for n, copy in enumerate(self._copies) if copy.kind == kind] for kind in kinds}
        of_kind["question as a message, under 8 words"] = [
            n for n in of_kind.get("question as a message", []) if self._copies[n].words < 8
        ]
        looked_for = [
            n
            for n, copy in enumerate(self._copies)
            if copy.kind in _EXACT
            and self._levels[copy.row] >= Level.WHOLE
            # Between other text a short question is only found by a place that says more.
            and (copy.kind in _EXACT[:2] or self._levels[copy.row] >= Level.WORD_FOR_WORD)
        ]
        of_kind["exact copies that are not generic"] = looked_for
        ours = hits["ours"]
        return Result(
            f"Copies found, {len(self._copies):,} made of {len({copy.row for copy in self._copies}):,} rows",
            ("copy", "copies", *hits),
            [
                [kind, f"{len(at):,}", *(_part(each, at) for each in hits.values())]
                for kind, at in of_kind.items()
                if at
            ],
            [
                Target(kind, sum(ours[n] for n in of_kind[kind]) / len(of_kind[kind]), bound, at_least=True, unit="")
                for kind, bound in (_BOUNDS | {"exact copies that are not generic": 1.0}).items()
                if of_kind.get(kind)
            ],
        )

    def _by_bits(self, ours: Sequence[bool]) -> Result:
        rows = []
        for kind in _BY_BITS:
            cells = []
            for low, high in pairwise(_BITS):
                at = [
                    n for n, copy in enumerate(self._copies) if copy.kind == kind and low <= self._bits[copy.row] < high
                ]
                cells.append(f"{_part(ours, at)} of {len(at)}" if at else "-")
            rows.append([kind, *cells])
        heads = [f"{low} to {high}" for low, high in pairwise(_BITS)]
        return Result("Found by the bits of the question", ("copy", *heads[:-1], f"over {_BITS[-2]}"), rows)

    def _alarms(self, title: str, pairs: Sequence[tuple[str, str, int, int]]) -> Result:
        rows, alarms, total = [], 0, 0
        names: list[str] = []
        for wanted, train, step, first in pairs:
            texts = self._train.get(train, [])[first :: step * self._every]
            if not texts or (wanted != "*" and wanted not in self._suite.sets):
                continue
            found = self._by_rule(texts, wanted)
            names = list(found)
            counts = [sum(map(bool, each)) for each in found.values()]
            cells = [f"{count:,} ({count / len(texts):.2%})" for count in counts]
            rows.append([wanted.replace("*", "all sets"), train, f"{len(texts):,}", *cells])
            if wanted != "*":
                alarms, total = alarms + counts[0], total + len(texts)
        bound = Target("ours, of a suite's own kind", 100 * alarms / max(total, 1), 100 * _MOST_ALARMS, unit="%")
        return Result(
            title,
            ("evaluation set", "training rows", "rows", *names),
            rows,
            [bound] if total else [],
        )


def _part(hits: Sequence[bool], at: Sequence[int]) -> str:
    return f"{100 * sum(hits[n] for n in at) / len(at):.1f}%"


if __name__ == "__main__":
    sys.exit(main())
