"""The version of this package, read by all that write it into a file."""

__version__ = "0.2.0"

# Names of our own in documents whose standard lets others add some.
NAMESPACE = "urn:dvc-provenance:"
