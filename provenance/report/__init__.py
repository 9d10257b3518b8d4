"""Everything that renders an answer: words for terminals, Markdown, SARIF, pictures, metrics."""
