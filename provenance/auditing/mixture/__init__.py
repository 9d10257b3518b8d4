"""Mixtures: what a model is trained on, when some data is seen more often than other data.

A mixture file (`file`) names datasets of this repository and data that one does not hold, with shares or epochs.
`weighing` turns each part into amounts that are held once (unique) and as often as they are trained on (exposure);
`audit` adds them up by what they are and recounts what the file states.
"""

from provenance.auditing.mixture.audit import MixtureAudit, mixture

__all__ = ["MixtureAudit", "mixture"]
