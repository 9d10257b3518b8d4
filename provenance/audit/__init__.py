"""What a dataset is made of, from its sidecar alone."""
