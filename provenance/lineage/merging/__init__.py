"""Completion as merges of sorted ids, for what fits in memory and is plain: see `plain`."""
