"""What came of samples, asked as a whole: of the index in memory, or of an engine's relations."""
