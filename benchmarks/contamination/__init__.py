"""How much of made contamination is found, at what price in false alarms and time, beside other rules.

    python -m benchmarks.contamination.sets FOLDER CLONES    # lays out public sets that were cloned
    python -m benchmarks.contamination FOLDER

FOLDER holds evaluation sets, ``eval/NAME.jsonl`` (``question``, ``passage``, ``answer``, ``options``), and training
rows that hold none of them, ``train/NAME.jsonl``; docs/contamination.md says which were used. None of it is kept here.
"""
