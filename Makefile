# One recipe per thing a person does here; `make` alone lists them.
# Wanted: make, and Python 3.11 or later with pip and venv. Nothing is compiled.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
UV ?= uv

bin := $(VENV)/bin
installed := $(VENV)/.installed
pins := .requirements/dev.txt .requirements/model.txt
embedder := .requirements/embedder.txt
sources := eventlog schema service tests

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo serve check lint types layers format test bench kills docs pins clean

help: ## Print this list
	@echo "agent-runtime: an agent whose log is its mind. Start with 'make demo'."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

install: $(installed) ## Make .venv with everything, from pinned packages checked by hash
	@echo "Installed. Try: $(bin)/agent-runtime --help"

demo: $(installed) ## Run a real session on a small offline model, then replay and verify it
	@./.demo "$(bin)"

serve: $(installed) ## Start the HTTP service on this machine (port 8400)
	@"$(bin)/agent-runtime" serve

check: lint types layers ## Check format, lint, types and layers

lint: $(installed)
	"$(bin)/ruff" format --check $(sources)
	"$(bin)/ruff" check $(sources)

types: $(installed)
	"$(bin)/mypy"

layers: $(installed)
	"$(bin)/lint-imports" --no-logo

format: $(installed) ## Rewrite the code in the agreed format
	"$(bin)/ruff" format $(sources)
	"$(bin)/ruff" check --fix $(sources)

test: $(installed) ## Run every test, against real PostgreSQL and real HTTP
	@echo "Testing with $(WORKERS) workers; PostgreSQL is started and stopped by the tests."
	@"$(bin)/python" -m pytest -n $(WORKERS) --dist loadfile

bench: $(installed) ## Measure against a bare asyncpg floor on the same server
	@"$(bin)/agent-runtime" bench

kills: $(installed) ## Kill processes at every event of a session, a thousand times
	@"$(bin)/python" -m tests.kill 1000

docs: $(installed) ## Write the reference pages in docs/ from the code
	@"$(bin)/python" -m tests.reference

pins: ## Pin the packages anew (wants uv; UPGRADE=--upgrade takes newer versions)
	@UV="$(UV)" ./.requirements/pin $(UPGRADE)

clean: ## Remove what was installed and cached here; your sessions are not touched
	rm -rf "$(VENV)" .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find $(sources) -name __pycache__ -type d -prune -exec rm -rf {} +

$(installed): pyproject.toml $(pins) $(embedder)
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "Python 3.11 or later is wanted, this is %d.%d: make PYTHON=python3.11" % sys.version_info[:2])'
	@echo "Installing into $(VENV): pinned packages, each checked against its hash (a few minutes)."
	@"$(PYTHON)" -m venv "$(VENV)"
	@"$(bin)/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --only-binary :all: $(pins:%=-r %)
	@"$(bin)/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --only-binary :all: --platform manylinux2014_x86_64 --python-version 3.11 --upgrade \
	  --target "$$("$(bin)/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	  -r $(embedder) # Whatever this machine is: only the wheel's tables are read.
	@"$(bin)/python" -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable .
	@touch "$@"
