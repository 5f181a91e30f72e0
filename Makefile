# Everything here does its own set-up: a fresh machine needs Python 3.11 or newer and make.
PYTHON ?= python3
PORT ?= 8000
JOBS ?= 2

PIP = .venv/bin/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install dev demo demo-reset test check types covered prove bench lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.project ## the locked dependencies and pro, into .venv

demo: install ## the demonstration on http://127.0.0.1:$PORT (PORT=8000); keeps its data under var/
	@mkdir -p var
	@PORT=$(PORT) .venv/bin/pro demo

demo-reset: install ## the demonstration from its beginning
	@mkdir -p var
	@PORT=$(PORT) .venv/bin/pro demo --reset

test: dev ## every test, on SQLite and PostgreSQL, and in a browser where one is found
	.venv/bin/python -m pytest -n $(JOBS) tests

check: dev ## what must hold before a commit: style, types, questionnaires, migrations, tests with coverage
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pro questionnaires check
	@$(MAKE) --no-print-directory --jobs=2 types covered

types: dev
	.venv/bin/mypy --strict pro

covered: dev
	.venv/bin/python -m pytest -n $(JOBS) --cov=pro --cov-branch --cov-report=term:skip-covered tests

prove: dev ## the long proofs at full size; counts go to docs/guarantees.md (PART=tests/mutation: those alone)
	.venv/bin/python -m tests.prove $(PART)

bench: dev ## the benchmarks, one JSON object a line
	@.venv/bin/python -m tests.bench

dev: .venv/.dev ## what tests and screen proofs need besides
	@mkdir -p var

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "pro needs Python 3.11 or newer; say which with: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "this Python cannot make a virtual environment; install its venv package" >&2; exit 1; }

.venv/.runtime: requirements.lock | .venv/bin/python
	@echo "Installing what pro needs into .venv: a minute or two, once …" >&2
	$(PIP) install --quiet --require-hashes -r requirements.lock
	@touch $@

.venv/.project: pyproject.toml .venv/.runtime
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.project
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

lock: ## for developers: new locks from pyproject.toml (needs uv on the path)
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
	  pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --extra dev \
	  -c requirements.lock pyproject.toml -o requirements-dev.lock
