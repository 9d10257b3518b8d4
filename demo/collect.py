"""Collect what people wrote: the docstrings of Python's standard library, read from its source files, never imported.

Writes data/documents.jsonl: {module, object, text}, in the order of the files' names and of the lines in them.
"""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import provenance

SOURCE = provenance.Source(
    name="python-stdlib",
    url="https://docs.python.org/3/library/",
    license="PSF-2.0",
    publisher="Python Software Foundation",
)
# Left out by some distributors and versions of Python; the demo should not depend on whose Python it runs on.
OPTIONAL = {"distutils", "ensurepip", "idlelib", "lib2to3", "test", "tests", "tkinter", "turtle", "turtledemo"}

DOCUMENTED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def source_files(library: Path) -> Iterator[tuple[str, Path]]:
    """Name and source file of each module of the standard library under ``library``, in a fixed order."""
    for file in sorted(library.rglob("*.py")):
        parts = file.relative_to(library).with_suffix("").parts
        if parts[0] in sys.stdlib_module_names and OPTIONAL.isdisjoint(parts):
            yield ".".join(parts).removesuffix(".__init__"), file


def docstrings(name: str, node: ast.AST) -> Iterator[tuple[str, str]]:
    """Full name and docstring of ``node``, called ``name``, and of all classes and functions in it."""
    if isinstance(node, (ast.Module, *DOCUMENTED)) and (text := ast.get_docstring(node)):
        yield name, text
    for child in ast.iter_child_nodes(node):
        yield from docstrings(f"{name}.{child.name}" if isinstance(child, DOCUMENTED) else name, child)


def main() -> None:
    library = Path(sysconfig.get_path("stdlib"))
    with provenance.record("data/documents.jsonl", source=SOURCE) as recorder:
        for module, file in source_files(library):
            for name, text in docstrings(module, ast.parse(file.read_bytes())):
                recorder.write({"module": module, "object": name, "text": text})


if __name__ == "__main__":
    main()
