# The commands of a clone. `make help` lists them.
# Python 3.11 to 3.13 makes the environment; `make run PYTHON=/path/to/python` chooses one.

VENV := .venv
BIN := $(VENV)/bin
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.13 python; do \
	$$python -c '$(SUPPORTED)' >/dev/null 2>&1 && echo $$python && break; done)
STUDY ?= quick

# pip would compile 15,000 files, half of the installation's time; a third of them is ever imported.
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
WARM_UP := import hydra.main, jinja2, joblib, matplotlib.backends.backend_agg, mlflow.store.tracking.sqlalchemy_store, \
	pytorch_lightning, rich.progress, scipy

.DEFAULT_GOAL := help
.PHONY: help run test lint install ui clean constraints

help: ## list these commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1|/' | awk -F'|' '{printf "  %-18s%s\n", $$1, $$2}'

run: $(VENV)/.run ## install, then train the study "quick" (20 runs) and report on it
	$(BIN)/rnnlab train -m study=$(STUDY)
	$(BIN)/rnnlab report study=latest

test: $(VENV)/.test ## install, then run the tests
	$(BIN)/pytest -n 2

lint: $(VENV)/.test ## install, then check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(VENV)/.test ## make the environment, with what the tests need

ui: $(VENV)/.run ## MLflow's pages on the runs made here
	$(BIN)/rnnlab ui

clean: ## remove the environment and caches; outputs/ and mlruns/ stay
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

constraints: $(VENV)/.test ## write what is installed into constraints.txt
	$(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//' | grep -v ' @ ' > constraints.txt

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "rnnlab needs Python 3.11, 3.12 or 3.13; none was found. make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing rnnlab into $(VENV) (torch is large: some minutes)"
	$(INSTALL) --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c '$(WARM_UP)'
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(INSTALL) --editable '.[dev]'
	@touch $@
