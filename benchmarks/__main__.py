"""`python -m benchmarks [NAME…]`: run benchmarks and print their tables as Markdown."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import (
    adding,
    asking,
    auditing,
    births,
    chance,
    differing,
    exploring,
    exports,
    history,
    identity,
    measures,
    memory,
    proofs,
    questions,
    recording,
    reporting,
    sidecar,
    stages,
    startup,
    storage,
)
from benchmarks.processes import BenchmarkError
from benchmarks.results import Benchmark, Settings, machine

BENCHMARKS: dict[str, Benchmark] = {
    "ids": identity.run,
    "add": adding.run,
    "sidecar": sidecar.run,
    "births": births.run,
    "recording": recording.run,
    "asking": asking.run,
    "questions": questions.run,
    "history": history.run,
    "diff": differing.run,
    "explorer": exploring.run,
    "memory": memory.run,
    "measures": measures.run,
    "chance": chance.run,
    "audit": auditing.run,
    "report": reporting.run,
    "proofs": proofs.run,
    "exports": exports.run,
    "startup": startup.run,
    "stages": stages.run,
    "storage": storage.run,
}


def main() -> int:
    options = _parse()
    print(f"{machine()}\n", flush=True)
    failed = False
    for name in options.names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as folder:
            try:
                result = BENCHMARKS[name](Settings(Path(folder), options.scale, options.venvs.absolute(), options.seed))
            except BenchmarkError as error:
                print(f"{name}: {error}", file=sys.stderr)
                failed = True
            else:
                print(result.markdown(), flush=True)
    return int(failed)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Times of a shared machine are noisy: compare within one run only."
    )
    # argparse checks the default of a positional against `choices` too, so these are checked by `_name`.
    parser.add_argument(
        "names", nargs="*", metavar="NAME", type=_name, help=f"of {', '.join(BENCHMARKS)}; default: all"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies every size (default: 1)")
    parser.add_argument("--folder", type=Path, help="where to work: a disk with room for 15 GB at scale 1")
    parser.add_argument(
        "--venvs", type=Path, default=Path(".venv/peers"), help="the peers, from `python -m benchmarks.peers install`"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed of `chance` (default: 0)")
    return parser.parse_args()


def _name(name: str) -> str:
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
