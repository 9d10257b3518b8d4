"""Completion as merges of sorted ids, in memory or range by range: see `merge` and `ending`."""
