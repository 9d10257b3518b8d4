"""Recording workload W100k with `provenance`, with plain files, and with other lineage tools, each in its own venv."""
