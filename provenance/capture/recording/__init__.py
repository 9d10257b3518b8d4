"""Lineage recorded in process, as rows are written."""
