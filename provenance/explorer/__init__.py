"""`provenance explore`: the ledger in a browser, on this machine and for its user only. It writes nothing."""
