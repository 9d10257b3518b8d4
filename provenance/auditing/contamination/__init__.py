"""Contamination by text: rows of evaluation sets found in training text, as far as their words show it.

`building` makes an index of a suite of evaluation sets, which `suites` keeps by the hash of their content; `stream`
takes training rows past it, a bounded batch at a time, and `rules` says what counts as a finding. docs/contamination.md
"""
