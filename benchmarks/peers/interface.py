"""What a driver of a tool gives: how to record the workload with it, and which files it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.workload import Level


@dataclass(frozen=True)
class Recording:
    """``record`` is what is timed; ``files`` are glob patterns of what then holds the lineage, in the folder."""

    record: Callable[[list[Level]], None]
    files: Sequence[str]


# A driver is a module of `benchmarks.peers.drivers` with a function `prepare`: set up in an empty folder, which is
# also the working directory.
Prepare = Callable[[Path], Recording]


@dataclass(frozen=True)
class Tool:
    """``driver``: its module. ``keeps``: what it records of a sample; ``keeps_prompts``: also model and prompt.

    ``requirements``: of its venv; none: it runs in this interpreter. ``pythons``: which can install them.
    """

    name: str
    driver: str
    keeps: str
    keeps_prompts: bool = True
    requirements: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ("python3.11", "python3.12", "python3.13")


RECORDER = Tool(
    "**provenance recorder**",
    "recorder",
    "data, parents, model, prompt, cost, git, stage; each file also holds all ancestors",
)

FLOORS = (
    Tool("floor: SQLite, integer keys", "sqlite_floor", "parents, model, prompt, cost"),
    Tool("floor: one Parquet table", "parquet_floor", "parents, model, prompt, cost"),
)

PEERS = (
    Tool(
        "originblame 0.2.2, native",
        "originblame",
        "parents",
        keeps_prompts=False,
        requirements=("originblame==0.2.2",),
        pythons=("python3.12", "python3.13"),
    ),
    Tool(
        "tracepipe 0.4.2",
        "tracepipe_merges",
        "which rows changed; no parents",
        keeps_prompts=False,
        requirements=("tracepipe==0.4.2",),
    ),
    Tool(
        "ml-metadata 1.17.0",
        "mlmd",
        "parents, model, prompt, cost",
        requirements=("ml-metadata==1.17.0",),
        pythons=("python3.11",),
    ),
    Tool("prov 3.2.3", "prov_document", "parents, model, prompt, cost", requirements=("prov==3.2.3",)),
    Tool(
        "datachain 0.62",
        "datachain_datasets",
        "model, prompt, cost; parents in a column of ours",
        requirements=("datachain==0.62",),
    ),
    Tool(
        "curatorkit 0.1.22",
        "curatorkit_chains",
        "data, parents, model, digest of the prompt",
        requirements=("curatorkit==0.1.22",),
    ),
    Tool("flowcept 1.0.3", "flowcept_tasks", "parents, model, prompt, cost", requirements=("flowcept==1.0.3",)),
)
