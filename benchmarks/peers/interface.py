"""What a driver of a tool gives: how to record the workload with it, and which files it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.workload import Level, Sample


@dataclass(frozen=True)
class Recording:
    """``record`` is what is timed; ``files`` are glob patterns of what then holds the lineage, in the folder."""

    record: Callable[[list[Level]], None]
    files: Sequence[str]


# A driver is a module of `benchmarks.peers.drivers` with a function `prepare`: set up in an empty folder, which is
# also the working directory.
Prepare = Callable[[Path], Recording]


@dataclass(frozen=True)
class Asking:
    """How to ask what was recorded: how many ancestors and descendants a sample has, through all levels.

    A sample goes by itself and its place (from 0) in its level.
    """

    ancestors: Callable[[Sample, int], int]
    descendants: Callable[[Sample, int], int]


# A driver of a tool that can answer has a function `open_asking`, too: open what was recorded in the folder. If it has
# one `before_asking`, that does what users do before they ask, and is not timed.
OpenAsking = Callable[[Path], Asking]


@dataclass(frozen=True)
class Tool:
    """``driver``: its module. ``keeps``: what it records of a sample; ``keeps_parents``: these are among it.

    ``requirements``: of its venv; none: it runs in this interpreter. ``pythons``: which can install them. ``answers``:
    how it gives ancestors and descendants; None: it does not.
    """

    name: str
    driver: str
    keeps: str
    keeps_parents: bool = True
    requirements: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ("python3.11", "python3.12", "python3.13")
    answers: str = ""


RECORDER = Tool(
    "**provenance recorder**, row by row",
    "recorder",
    "data, parents, model, prompt, cost, git, stage; each file also holds all ancestors",
    answers="`Ledger.ancestors`, `Ledger.descendants`",
)

IN_BATCHES = Tool("**provenance recorder**, in batches of 1,000", "recorder_batches", RECORDER.keeps)

FLOORS = (
    Tool(
        "floor: SQLite, integer keys",
        "sqlite_floor",
        "parents, model, prompt, cost",
        answers="recursive SQL over its indexes",
    ),
    Tool("floor: one Parquet table", "parquet_floor", "parents, model, prompt, cost"),
)

PEERS = (
    Tool(
        "originblame 0.2.2, native",
        "originblame",
        "parents",
        requirements=("originblame==0.2.2",),
        pythons=("python3.12", "python3.13"),
        answers="a look-up for each ancestor; for descendants all records are read",
    ),
    Tool(
        "tracepipe 0.4.2",
        "tracepipe_merges",
        "which rows changed; no parents",
        keeps_parents=False,
        requirements=("tracepipe==0.4.2",),
    ),
    Tool(
        "ml-metadata 1.17.0",
        "mlmd",
        "parents, model, prompt, cost",
        requirements=("ml-metadata==1.17.0",),
        pythons=("python3.11",),
        answers="its events, level by level",
    ),
    Tool(
        "prov 3.2.3",
        "prov_document",
        "parents, model, prompt, cost",
        requirements=("prov==3.2.3",),
        answers="the document is loaded, and its derivations are walked",
    ),
    Tool(
        "datachain 0.62",
        "datachain_datasets",
        "model, prompt, cost; parents in a column of ours",
        requirements=("datachain==0.62",),
        answers="a filter a level; for descendants each level is read",
    ),
    Tool(
        "curatorkit 0.1.22",
        "curatorkit_chains",
        "data, parents, model, digest of the prompt",
        requirements=("curatorkit==0.1.22",),
        answers="all samples are read",
    ),
    Tool("flowcept 1.0.3", "flowcept_tasks", "parents, model, prompt, cost", requirements=("flowcept==1.0.3",)),
)
