# Needs Python 3.11+ and make; everything else is installed into .venv, pinned with hashes.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
SOURCES := $(wildcard src/platformctl/version.py pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help up test e2e soak bench lint docs transcript lock clean

help:  ## what can be made
	@grep -E '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

up: .venv/installed  ## the whole platform on this machine
	@$(BIN)/platformctl up
	@command -v platformctl >/dev/null || printf '\nTo call platformctl by its name in this shell:\n  export PATH="%s/$(BIN):$$PATH"\n' "$(CURDIR)"

test: .venv/tested  ## every test that needs no root: at most 10 minutes
	@$(BIN)/python -m pytest -n 4 --dist worksteal tests --ignore tests/e2e

e2e: .venv/tested  ## the local target's whole life: at most 30 minutes
	@$(BIN)/python -m pytest -m "not soak and not alone" -n 2 --dist loadfile tests/e2e
	@$(BIN)/python -m pytest -m "alone and not soak" tests/e2e

soak: .venv/tested  ## long seeded campaigns, resumable: hours
	@$(BIN)/python -m pytest -m soak tests

bench: .venv/measured  ## measure against the peers named in benchmarks/ (needs wrk, nginx and haproxy)
	@$(BIN)/python -m benchmarks.startup
	@$(BIN)/python -m benchmarks.local
	@$(BIN)/python -m benchmarks.services
	@$(BIN)/python -m benchmarks.gateway
	@$(BIN)/python -m benchmarks.logins
	@$(BIN)/python -m benchmarks.limits
	@$(BIN)/python -m benchmarks.backup
	@$(BIN)/python -m benchmarks.listing
	@$(BIN)/python -m benchmarks.prediction

lint: .venv/tested  ## style, formatting and layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

docs: .venv/installed  ## write the generated references again
	@$(BIN)/platformctl config docs --write docs

transcript: .venv/installed  ## record a new user's first minutes again (needs tmux)
	@$(BIN)/python docs/transcript.py

lock:  ## pin the newest dependencies (needs uv)
	@requirements/lock.sh

clean:  ## remove what the targets above made; data and backups stay
	rm -rf .venv dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" \
	  || { echo "platformctl needs Python 3.11 or newer on PATH; python3 is: $$(python3 --version 2>&1 || echo missing)"; exit 4; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) cannot make a virtual environment: install its venv package (Debian: python3-venv)"; exit 4; }
	@$(PYTHON) -m venv .venv

.venv/installed: requirements/base.txt requirements/build.txt $(SOURCES) | .venv/bin/python
	@echo "installing into .venv (a minute or two, once)"
	@$(PIP) -r requirements/build.txt && $(PIP) -r requirements/base.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/measured: requirements/bench.txt .venv/tested
	@$(PIP) -r requirements/bench.txt
	@touch $@

.venv/tested: requirements/test.txt .venv/installed
	@$(PIP) -r requirements/test.txt
	@touch $@
