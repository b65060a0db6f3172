# Every target says what it does. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8000
DEMO ?= once
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

# Some machines forbid compiled files: every start of a process then costs three seconds more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev run test test-fast bench screenshots format messages clean

help: ## List the targets
	@echo "Parvis"
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14 | sed 's/^/  make /'
	@echo "PORT=8000 chooses the port of make run; DEMO=once, fresh or none what it fills."

setup:
	@$(PYTHON) tools/setup.py

setup-dev:
	@$(PYTHON) tools/setup.py --dev

run: setup ## Install what is needed, fill the demo once, serve it on PORT
	@echo "Serving the demo on port $(PORT) (files in $${PARVIS_HOME:-var})"
	@PARVIS_DEMO=1 exec $(BIN)/parvis serve --port $(PORT) --demo $(DEMO)

test: setup-dev ## Style, types, French, migrations; tests on SQLite, PostgreSQL, in a browser
	@$(BIN)/python tools/check.py

test-fast: setup-dev ## Style and the tests on SQLite, without the slow ones
	@echo "Style and quick tests"
	@$(BIN)/python tools/check.py fast

bench: setup-dev ## Measure speed on this machine (bench/README.md)
	@echo "Measuring; leave the machine alone meanwhile"
	@$(BIN)/python -m bench

screenshots: setup-dev ## Take pictures of the demo's pages (docs/screenshots)
	@echo "Taking pictures of the demo's pages"
	@$(BIN)/python tools/screenshots.py

format: setup-dev ## Format the code
	@echo "Formatting the code"
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

messages: setup-dev ## List the messages without French, then compile the catalogues
	@echo "Reading every message"
	@$(BIN)/python -m parvis.core.catalogs missing; $(BIN)/python -m parvis.core.catalogs

clean: ## Remove what was installed and compiled; the site's files in var/ stay
	@echo "Removing .venv, node_modules and caches; var/ stays"
	@rm -rf .venv .venv-uv node_modules parvis/site/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -f locale/*/LC_MESSAGES/django.mo
