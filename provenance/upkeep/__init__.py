"""The verbs that edit a repository: add, models, revoke, purge, and how it is prepared."""
