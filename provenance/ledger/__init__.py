"""All sidecars of a revision as one: what is known of a sample, where it came from and what came of it."""
