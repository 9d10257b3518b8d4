"""Lineage through the history of a repository: compositions by commit, and differences.

All is answered from sidecars. What a sidecar says never changes with its hash, so compositions are remembered by hash:
a log that was asked for before needs git and these notes only, neither DVC nor DuckDB nor Arrow.
"""
