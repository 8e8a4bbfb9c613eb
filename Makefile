# Everything a maintainer does, one word each. `make help` lists the words.

# The first Python that the tests know, otherwise any that is new enough.
PYTHON ?= $(firstword $(foreach p,python3.14 python3.13 python3.12 python3.11 python3 python,$(if $(shell command -v $(p) 2>/dev/null),$(if $(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print(1)' 2>/dev/null),$(p)))))
BIN := .venv/bin
READY := .venv/.ready
SITE := node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help setup serve test test-long build check record machines bench lock clean

help: ## list these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s  %s\n", $$1, $$2 }' Makefile

setup: $(READY) $(SITE) ## install everything into .venv and node_modules

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "fishbook needs Python 3.11 or newer: install it, or name it: make setup PYTHON=/path/to/python3"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(SITE): package-lock.json package.json $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --no-progress --loglevel=error
	@touch $@

serve: setup ## serve the site, reloading on a change: make serve PORT=8000
	$(BIN)/fishbook serve$(if $(PORT), --port $(PORT))

# What workers compile is kept, whatever the environment says: they share it.
test: export PYTHONDONTWRITEBYTECODE =
test: setup ## run every block of every page, and all other tests
	@# A thread for each worker: more threads than cores would wait for one another.
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

test-long: setup ## the same with the blocks that run long
	FISHBOOK_LONG=1 $(MAKE) test

build: setup ## build the site, all editions, into site/
	$(BIN)/fishbook build --strict

check: setup ## lint, types, the package against the pages, the book's grammar
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/fishbook tangle --check
	$(BIN)/fishbook check
	$(BIN)/zizmor --offline --quiet .github

record: setup ## write into the pages what their blocks print and draw
	$(BIN)/fishbook tangle
	$(BIN)/fishbook record

machines: setup ## run every block as other processors would
	$(BIN)/python tests/machines.py

bench: setup ## measure the build beside MkDocs itself
	$(BIN)/python tests/bench.py

lock: setup ## pin anew all packages that build and test
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --upgrade --generate-hashes --no-annotate --no-header --no-emit-package fishbook --quiet -o requirements.txt
	$(BIN)/npm update --package-lock-only

clean: ## delete what was installed and built
	rm -rf .venv node_modules site woven .cache build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
