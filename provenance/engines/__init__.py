"""Engines: what answers set questions about the records of many sidecars.

`interface` says what is asked, in terms that belong to no engine; every other module is an implementation. Measures,
the ledger and whatever else counts lineage know the interface alone, so that another engine needs no change of theirs.
SQL that writes sidecars (`lineage`) and the user's own SQL (`ledger.sql`) are not asked here.
"""
