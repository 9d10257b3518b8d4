"""Lineage stated afterwards."""
