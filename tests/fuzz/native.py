"""Fuzz the native kernel against the pure way: `make fuzz`, or `PYTHONPATH=tests python -m fuzz.native --seconds 60`.

On well-formed, odd, hostile and damaged input both must give the same samples, or the same error of the same row. Half
of the time, the kernel is one that was built with AddressSanitizer and UndefinedBehaviorSanitizer, which end the
process at the first wrong access. Where there is no compiler, nothing is done, and a line says so.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

import hatch_build
from fuzz import arrow_tables, json_lines
from provenance.errors import ProvenanceError
from provenance.identity import Identity
from provenance.identity import kernel as library
from provenance.identity.blocks import EncodedBlock, encode_block
from provenance.identity.fields import Selection
from provenance.identity.formats.arrow_block import ArrowBlock
from provenance.identity.formats.interface import Block
from provenance.identity.formats.json_schema import LearnedSchema
from provenance.identity.formats.jsonl import JSONLinesBlock
from provenance.identity.native.columns import _nodes_of, _NotPlainError, samples_of_table
from provenance.identity.native.lines import samples_of_lines

_ROOT = Path(__file__).parents[2]
_SOURCE = _ROOT / hatch_build.FOLDER / hatch_build.SOURCE
_SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
_SELECTIONS = (
    Selection("named"),
    Selection("table"),
    Selection("declared", frozenset({"text", "score", "a"})),
    Selection("named", frozenset({"score"}), frozenset({"text"})),
)
_IDENTITIES = (Identity(), Identity(), Identity(tokens_field="score"), Identity(tokens_field="tokens"))


class DifferenceError(Exception):
    """Both ways do not agree; the message says on what."""


def main() -> int:
    options = _parse()
    if options.library is not None:
        library.library_file = options.library
        return _fuzz(options.seconds, options.seed)
    if hatch_build.compiler() is None:
        print("fuzz: no C compiler here, so there is no kernel to try")
        return 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        plain, sanitized = Path(folder) / "plain.so", Path(folder) / "sanitized.so"
        seconds = options.seconds / 2
        for target, flags in ((plain, ()), (sanitized, _sanitizer_flags())):
            problem = hatch_build.build(_SOURCE, target, flags)
            if problem is not None and target is sanitized:
                print(f"fuzz: no sanitizers here, so the kernel was tried without them: {problem.strip()}")
                break
            if problem is not None:
                print(f"fuzz: the kernel cannot be built: {problem}", file=sys.stderr)
                return 1
            child = _child(target, seconds, options.seed + (target is sanitized), sanitized=target is sanitized)
            if child.returncode:
                return 1
    return 0


def attempt(seed: int) -> str:
    """One comparison; which way the kernel took. Raises DifferenceError."""
    chance = random.Random(seed)
    selection, identity = chance.choice(_SELECTIONS), chance.choice(_IDENTITIES)
    if chance.random() < 0.6:
        data = json_lines.lines(chance)
        if not data or data.isspace():
            return "nothing"
        return _compare(lambda: JSONLinesBlock(data, LearnedSchema(), False), selection, identity)
    table = arrow_tables.table(chance)
    if chance.random() < 0.3:
        return _try_hostile(table, selection, chance)
    return _compare(lambda: ArrowBlock(table), selection, identity)


def _compare(block: Any, selection: Selection, identity: Identity) -> str:
    native = _is_native(block(), selection, identity)
    outcomes = []
    for switch in ("1", "0"):
        os.environ[library.SWITCH] = switch
        outcomes.append(_outcome(block(), selection, identity))
    os.environ[library.SWITCH] = "1"
    if outcomes[0] != outcomes[1]:
        raise DifferenceError(f"native: {outcomes[0]}\npure: {outcomes[1]}")
    return f"{type(block()).__name__}: {'native' if native else 'refused'}"


def _is_native(block: Block, selection: Selection, identity: Identity) -> bool:
    lines = block.json_lines()
    if lines is not None:
        return samples_of_lines(lines, selection, identity) is not None
    return samples_of_table(block.unchecked_columns(), selection, identity, lambda name: True) is not None


def _outcome(block: Block, selection: Selection, identity: Identity) -> object:
    try:
        found: EncodedBlock = encode_block(block, selection, identity)
    except ProvenanceError as error:
        return type(error), vars(error), str(error)
    arrays = (found.ids, found.content_bytes, found.tokens, found.parents, found.parent_roles, *found.stated.values())
    values = [None if array is None else array.to_pylist() for array in arrays]
    return found.names, found.forms, values, sorted(found.stated)


def _try_hostile(table: pa.Table, selection: Selection, chance: random.Random) -> str:
    """What the kernel takes must be sound, as Arrow judges it: the pure way does not survive all of this."""
    columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        try:
            columns[name] = column if _holds_other(column.type) else arrow_tables.hostile(column, chance)
        except pa.ArrowInvalid:
            return "hostile: refused by Arrow"
    changed = pa.table(columns)
    if chance.random() < 0.5:
        return _try_wrong_sizes(changed, chance)
    if samples_of_table(changed, selection, Identity(), lambda name: True) is None:
        return "hostile: refused"
    try:
        changed.validate(full=True)
    except pa.ArrowInvalid as error:
        raise DifferenceError(f"the kernel took what Arrow refuses: {error}") from None
    return "hostile: native"


def _try_wrong_sizes(table: pa.Table, chance: random.Random) -> str:
    """Tell the kernel other sizes than there are: what it then reads, a sanitizer sees."""
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    try:
        nodes, _ = _nodes_of(columns, Selection("table"), {}, lambda name: True)
    except (_NotPlainError, pa.ArrowInvalid):
        return "wrong sizes: refused"
    for node in chance.sample(nodes.all, min(2, len(nodes.all))):
        name = chance.choice(["length", "offset", "child", "children", "validity", "offsets", "data"])
        found = getattr(node, name)
        if isinstance(found, int):
            setattr(node, name, chance.choice([found + 1, found * 2, -1, 2**31 - 1, chance.randrange(64)]))
        else:
            found.size = chance.choice([0, found.size // 2, max(found.size - 1, 0), -1])
    rows = table.num_rows + chance.choice([0, 0, 1])
    ids, sizes = (ctypes.create_string_buffer(max(rows, 1) * size) for size in (library.ID_SIZE, 8))
    array = (library.Node * len(nodes.all))(*nodes.all)
    loaded = library.kernel()
    assert loaded is not None
    taken = loaded.provenance_read_columns(array, len(array), len(nodes.names), rows, ids, sizes)
    return f"wrong sizes: {'native' if taken else 'refused'}"


def _holds_other(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_holds_other(kind.field(index).type) for index in range(kind.num_fields))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds_other(kind.value_type)
    others = (pa.types.is_dictionary, pa.types.is_null, pa.types.is_string_view)
    return any(is_it(kind) for is_it in others)


def _fuzz(seconds: float, seed: int) -> int:
    if library.kernel() is None:
        print(f"fuzz: {library.library_file} cannot be loaded", file=sys.stderr)
        return 1
    counts: Counter[str] = Counter()
    end, number = time.monotonic() + seconds, seed * 1_000_000_000
    while time.monotonic() < end:
        number += 1
        try:
            counts[attempt(number)] += 1
        except DifferenceError as error:
            print(f"fuzz: attempt {number}: {error}", file=sys.stderr)
            return 1
    print(
        f"fuzz: {library.library_file.stem}: {counts.total()} attempts, 0 differences; {dict(sorted(counts.items()))}"
    )
    return 0


def _sanitizer_flags() -> tuple[str, ...]:
    """GCC takes its sanitizers from libraries anyway, and does not know the option by which clang is told to."""
    command = [*(hatch_build.compiler() or ()), "--version"]
    is_clang = "clang" in subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return (*_SANITIZERS, "-shared-libasan") if is_clang else _SANITIZERS


def _child(target: Path, seconds: float, seed: int, *, sanitized: bool) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHONPATH": os.fspath(_ROOT / "tests")}
    if sanitized:
        # The interpreter was not built so: the sanitizer has to be there before anything else is loaded.
        runtime = _runtime()
        environment |= {"LD_PRELOAD": runtime, "DYLD_INSERT_LIBRARIES": runtime, "ASAN_OPTIONS": "detect_leaks=0"}
        # Each object in an allocation of its own, whose end the sanitizer knows.
        environment |= {"UBSAN_OPTIONS": "print_stacktrace=1", "PYTHONMALLOC": "malloc"}
    arguments = ["--library", str(target), "--seconds", str(seconds), "--seed", str(seed)]
    return subprocess.run([sys.executable, "-m", "fuzz.native", *arguments], cwd=_ROOT, env=environment, check=False)


def _runtime() -> str:
    name = "libclang_rt.asan_osx_dynamic.dylib" if sys.platform == "darwin" else "libasan.so"
    command = [*(hatch_build.compiler() or ()), f"-print-file-name={name}"]
    found = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    # Of GCC's, a script for the linker may stand there; next to it is the library.
    return os.fspath(found.resolve())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz.native", description="Fuzz the kernel against the pure way.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long, in all (default: 60)")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()) % 1_000_000, help="where to begin (default: the time)"
    )
    parser.add_argument("--library", type=Path, help="a kernel that is built already; the only one that is tried")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
