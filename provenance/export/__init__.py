"""Lineage in the words of public standards, one file for each: what is neither recorded nor stated is a gap."""
