"""The native kernel: sample ids of plain rows in one pass over their bytes, with the same result as the pure way.

It is optional: where it was not built, or is turned off, the pure way takes everything. It words no errors and knows no
rules of its own: what it refuses is read the pure way, and which columns count it is told.
"""
