"""datatrove documents: ``metadata["rollout_results"]`` of the inference runner: text, finish reason and usage.

The runner leaves neither the model nor the prompt in a document. A document whose text no rollout wrote is what the
model was given, not what it made.
"""

from __future__ import annotations

from provenance.capture.column_values import column_value
from provenance.capture.declaring.importers.interface import Importer, Row, Statement
from provenance.capture.declaring.importers.json_files import member

_DEFAULT_KEY = "rollout_results"


class Datatrove(Importer):
    """``part``: the runner's ``metadata_key``, where it is not the default.

    A row that a rollout wrote states its document's ``id`` as the key of its parent.
    """

    def state(self, row: Row) -> Statement:
        key = self.request.part or _DEFAULT_KEY
        rollouts = column_value(row, f"metadata.{key}")
        if rollouts is None:
            rollouts = row.get(key)  # the writer's expand_metadata
        text = row.get("text")
        if not isinstance(rollouts, list) or text is None:
            return {}
        wrote = [rollout for rollout in rollouts if member(rollout, "text") == text]
        if not wrote:
            return {}
        stated: Statement = {"origin": "synthetic", "parent_key": row.get("id") if self.request.key_column else None}
        if len(wrote) == 1:
            stated["input_tokens"] = member(wrote[0], "usage", "prompt_tokens")
            stated["output_tokens"] = member(wrote[0], "usage", "completion_tokens")
        return stated


IMPORTER = Datatrove
