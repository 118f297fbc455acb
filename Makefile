# Every target sets itself up in .venv; a machine needs Python 3.11 or later, pip, make and git.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev

.PHONY: demo test lint format stress bench screenshots clean

demo: $(RUN)  ## watch a sample portfolio drift by real prices
	@$(BIN)/strikezone demo

test: lint  ## format, lint, types, import contracts, all tests
	$(BIN)/python -m pytest -n auto

lint: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

stress: $(DEV)  ## the stress tests with their full counts
	STRIKEZONE_STRESS_KILLS=500 $(BIN)/python -m pytest -m stress -n 0 -v

bench: $(DEV)  ## the figures that the README claims
	$(BIN)/python -m benchmarks

screenshots: $(DEV)  ## the README's pictures, made by the app itself
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUN): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(RUN)
