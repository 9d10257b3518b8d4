"""One module per tool, each with a function `prepare`; imported only in the venv that has the tool."""
