# Commands for a checkout; `make help` lists them. Everything they install goes into .venv, from locks with hashes.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Processes that share the tests which wait more than they compute.
TESTERS ?= 3
# What passed for a target with the very same content is not run again: see tests/targets/remembered.py.
REMEMBER = FASTSERVE_REMEMBER=1
# What failed is asked once more, alone: whoever else uses the machine may have held it up. What is wrong fails again.
AGAIN   = { echo "once more, and alone, what failed"; \
            $(REMEMBER) $(BIN)/python -m pytest --last-failed --last-failed-no-failures none -m "$(1)"; }
# Modules of tests/fuzz/ that `make fuzz` runs one after the other.
FUZZ   := answer http2

# A virtual environment knows its own path, so a checkout that was moved makes a new one.
ifneq ($(shell cat $(VENV)/.made-in 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/.made-in
endif

# Without python3-venv the environment has no pip of its own, and the one beside $(PYTHON) fills it.
PIP     = $$(if $(BIN)/python -m pip --version >/dev/null 2>&1; then echo $(BIN)/python -m pip; \
          else echo $(PYTHON) -m pip --python $(BIN)/python; fi)
INSTALL = $(PIP) install --quiet --disable-pip-version-check --no-input

.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z0-9]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf 'make %-10s %s\n' "$$name" "$$text"; done

.PHONY: bench
bench: $(VENV)/.runtime ## compare the two Python servers and print who is faster (plans/quick.toml)
	@touch $(VENV)/.bench; $(BIN)/fastserve run quick; status=$$?; \
	if [ $$status -ne 130 ] && [ exports/runs/latest/summary.csv -nt $(VENV)/.bench ]; then exit 0; fi; exit $$status

.PHONY: test
test: $(VENV)/.dev ## run every test that this machine can run, and say which it cannot
	@$(BIN)/fastserve targets build
	@$(REMEMBER) $(BIN)/python -m pytest -n $(TESTERS) --dist worksteal -m "not alone" || $(call AGAIN,not alone)
	@$(REMEMBER) $(BIN)/python -m pytest -m alone || $(call AGAIN,alone)

.PHONY: check
check: $(VENV)/.dev ## formatter, linter, strict types and all fast tests
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -m "not slow and not e2e"

.PHONY: e2e
e2e: $(VENV)/.dev ## the tests that start a master, workers and real servers
	@$(BIN)/python -m pytest -m e2e

.PHONY: fuzz
fuzz: $(VENV)/.fuzz ## search for bytes that the wire engine misreads, for FUZZ_SECONDS (300) each
	@for harness in $(FUZZ); do $(BIN)/python -m tests.fuzz.$$harness || exit $$?; done

.PHONY: benchmark
benchmark: $(VENV)/.runtime ## how fast FastServe itself is, beside wrk and Locust's own users
	@$(BIN)/python -m benchmarks

.PHONY: lock
lock: ## write the requirements*.lock anew from pyproject.toml
	@tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/python" -m pip install --quiet --disable-pip-version-check pip-tools && \
	export CUSTOM_COMPILE_COMMAND="make lock" && \
	compile() { "$$tools/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links "$$@"; } && \
	compile --build-deps-for editable --output-file requirements.lock pyproject.toml && \
	compile --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml && \
	echo 'atheris>=3,<4' | compile --output-file requirements-fuzz.lock -

.PHONY: clean
clean: ## remove what these commands made, runs excepted
	@rm -rf $(VENV) .fuzz build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made-in:
	@command -v $(PYTHON) >/dev/null || { echo "FastServe needs Python 3.11 or later, found no $(PYTHON): apt-get install python3 python3-venv" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "FastServe needs Python 3.11 or later, found $$($(PYTHON) --version 2>&1) as $(PYTHON): name a later one, as in make bench PYTHON=python3.11" >&2; exit 2; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
		rm -rf $(VENV); $(PYTHON) -m pip --version >/dev/null 2>&1 && $(PYTHON) -m venv --without-pip $(VENV) >/dev/null 2>&1; } || { \
		rm -rf $(VENV); echo "FastServe needs a virtual environment, and $(PYTHON) cannot make one: apt-get install python3-venv" >&2; exit 2; }
	@printf '%s\n' '$(CURDIR)' > $@

$(VENV)/.runtime: $(VENV)/.made-in requirements.lock pyproject.toml
	@echo "setting up $(VENV) from requirements.lock"
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "adding what the tests need from requirements-dev.lock"
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev requirements-fuzz.lock
	@echo "adding what the fuzzing needs from requirements-fuzz.lock"
	@$(INSTALL) --require-hashes --requirement requirements-fuzz.lock
	@touch $@
