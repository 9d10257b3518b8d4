"""The graph index: who came from whom, as integers in memory-mapped arrays; a cache that can be deleted at any time.

How it works. Each sidecar is read once and becomes a *segment*: its distinct samples sorted by id, the parents of each
as numbers, and for each sample a small number, its *birth class*, that stands for all that its birth shares with others
(origin, kind, activity, model, source, licence …). A segment is found by the sidecar's hash, so revisions share it and
a new revision costs only its new sidecars. The segments of one revision are joined into a *graph*: samples that stand
in several sidecars become one, numbered so that parents come before children, with the adjacency in both directions
(compressed sparse rows). Walks follow arrays level by level with numpy; they need neither DuckDB nor DVC.

Everything lies under ``.dvc/tmp/provenance/graph/``. A folder there appears whole, by a rename, so two processes that
build at once do no harm; one that was damaged, or is of another version, is noticed, thrown away and built again.
"""
