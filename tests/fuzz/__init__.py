"""Programs that look for input on which two ways to the same result differ; not collected by pytest."""
