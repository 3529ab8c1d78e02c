# One door for everything. `make help` lists what there is.
# All paths are relative: the folder may have a space in its name.

.DEFAULT_GOAL := help
.PHONY: help setup run demo demo-reset test check format lint types texts train lock audit bench mutants
MAKEFLAGS += --no-print-directory
# Else each of the many processes of a check would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON_BIN := .venv/bin/python
# Workers for the tests; a large machine may take more. One more than cores: some tests
# only wait.
TEST_WORKERS ?= 3
PYTEST_ARGS ?=
# Some by name; all without: tests/bench/__main__.py says what each needs.
BENCHES ?=
# How many mutants, which sample, and paths that limit it: ONLY="agents/tools rollout".
MUTANTS ?= 60
SEED ?= 1
ONLY ?=

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## Makes .venv from the locked requirements (run and test do it themselves)
	@sh scripts/setup.sh

run: setup ## Starts everything; without DATABASE_URL as a demonstration
	@exec $(PYTHON_BIN) -m easymo.development.supervisor

demo: setup ## Puts the demo people and vouchers into the configured database
	@$(PYTHON_BIN) manage.py migrate --verbosity 0
	@$(PYTHON_BIN) manage.py demo

demo-reset: setup ## Empties the demonstration's own database and seeds it again
	@$(PYTHON_BIN) manage.py demo_reset

test: setup ## Runs the whole test suite on an embedded PostgreSQL
	@$(PYTHON_BIN) -m pytest -n $(TEST_WORKERS) --dist loadgroup $(PYTEST_ARGS)

check: setup ## Everything that must hold before a change goes in; written down for preflight
	@$(PYTHON_BIN) scripts/checked.py begin
	@$(MAKE) lint types
	@$(PYTHON_BIN) manage.py makemigrations --check --dry-run --verbosity 1
	@$(PYTHON_BIN) manage.py api_schema --check
	@$(MAKE) test
	@$(PYTHON_BIN) scripts/checked.py end

lint: setup ## Format, lint, import contracts, file lengths, words
	@$(PYTHON_BIN) -m ruff format --check .
	@$(PYTHON_BIN) -m ruff check .
	@$(PYTHON_BIN) -c "from importlinter.cli import lint_imports_command as run; run()"
	@$(PYTHON_BIN) scripts/lint_source.py
	@$(PYTHON_BIN) scripts/texts.py --check
	@.venv/bin/hadolint Dockerfile

types: setup ## mypy, strict
	@$(PYTHON_BIN) -m mypy .

texts: setup ## Brings the catalogues of texts in locale/ in order
	@$(PYTHON_BIN) scripts/texts.py

train: setup ## Computes the weights of the sentence model anew; prints the held-out part
	@sh scripts/setup.sh train
	@.venv-train/bin/python scripts/train_sentences.py

format: setup ## Formats the code and sorts the imports
	@$(PYTHON_BIN) -m ruff check --fix .
	@$(PYTHON_BIN) -m ruff format .

bench: setup ## The benchmarks, each with its comparison measured in the same run
	@sh scripts/setup.sh bench
	@.venv-bench/bin/python -m tests.bench $(BENCHES)

mutants: setup ## Mutation testing of a sample (slow): MUTANTS=60 SEED=1 ONLY=path
	@MUTANTS="$(MUTANTS)" SEED="$(SEED)" ONLY="$(ONLY)" $(PYTHON_BIN) scripts/mutants.py

audit: setup ## Software bill of materials in var/sbom.json; known vulnerabilities
	@$(PYTHON_BIN) scripts/sbom.py
	@$(PYTHON_BIN) -m pip_audit --require-hashes --disable-pip -r requirements/main.txt

lock: setup ## Pins requirements/*.in anew, with hashes (needs uv)
	@sh scripts/lock.sh
