"""Benchmarks that any user can run: `python -m benchmarks`. Figures and how to read them: docs/benchmarks.md."""
