"""`python -m benchmarks.peers.run DRIVER WIDTH`: record the workload in the working directory; prints JSON.

Runs in the tool's own venv: nothing but the standard library may be imported here. Imports and setting up are not
timed.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path

from benchmarks.peers.interface import Prepare
from benchmarks.peers.workload import make_levels


def main(driver: str, width: str) -> None:
    levels = make_levels(int(width))
    prepare: Prepare = importlib.import_module(f"benchmarks.peers.drivers.{driver}").prepare
    folder = Path.cwd()
    recording = prepare(folder)
    started, cpu = time.perf_counter(), time.process_time()
    recording.record(levels)
    found = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    files = {file for pattern in recording.files for file in folder.glob(pattern) if file.is_file()}
    # What a tool prints when it ends must not come after this line.
    print(json.dumps(found | {"bytes": sum(file.stat().st_size for file in files)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
