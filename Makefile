# Targets outsiders rely on are listed by `make help`; docs/reference/commands.md describes them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ORACLES ?= ../shared/oracles
OUTTURN_HOME ?= var

# Nothing here may call home.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := False
export GX_ANALYTICS_ENABLED := False
export DAGSTER_DISABLE_TELEMETRY := yes
export OUTTURN_HOME

RUN_STAMP := $(VENV)/.run-$(shell cat requirements.txt pyproject.toml 2>/dev/null | sha256sum | cut -c1-12)
DEV_STAMP := $(VENV)/.dev-$(shell cat requirements-dev.txt pyproject.toml 2>/dev/null | sha256sum | cut -c1-12)

.PHONY: help setup setup-run demo test coverage soak mutants dev oracles bench lint lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# An environment without compiled bytecode pays every import two to four times, so it is compiled here.
$(RUN_STAMP):
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --no-deps --require-hashes --compile -r requirements.txt
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.run-*; touch $@

$(DEV_STAMP): $(RUN_STAMP)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --no-deps --require-hashes --compile -r requirements-dev.txt
	@rm -f $(VENV)/.dev-*; touch $@

setup-run: $(RUN_STAMP)

setup: $(DEV_STAMP) ## install everything (Chromium, PostgreSQL and LibreOffice with apt where permitted)
	@bash scripts/system_packages.sh

demo: setup-run ## fill two demo homes, one with real figures, one with people, and run the main job in each
	@$(BIN)/outturn demo --place derbyshire
	@$(BIN)/outturn demo --place greenwich $(if $(RESIDENTS),--residents $(RESIDENTS)) --home $(OUTTURN_HOME)-greenwich

test: setup ## the test suite
	@bash scripts/in_memory.sh $(BIN)/python -m pytest tests -m "not soak" -n 2 --dist loadfile

# Without the tests that draw their cases: a branch is met on purpose, not by luck.
coverage: setup ## branch coverage of settlement/ by its own plain tests; fails below 100 % and lists what is not met
	$(BIN)/coverage run -m pytest tests/settlement -n 0 -m "not soak and not hypothesis" \
		$(patsubst %,--ignore tests/settlement/test_settlement_%.py,mutations drawn_terms invalid_terms)
	$(BIN)/coverage report

soak: setup ## the long tests; results land in docs/reference/evidence.md
	$(BIN)/python scripts/soak.py

mutants: setup ## small changes of the arithmetic of settlement, each noticed by a test or explained; a part of make soak
	$(BIN)/python scripts/mutants.py $(MODULES)

dev: setup-run ## Dagster's pages on the demo home
	@$(BIN)/outturn dev

oracles: setup ## every oracle suite found under ORACLES, through production code
	$(BIN)/python tests/oracles/run_oracles.py "$(ORACLES)"

bench: setup ## wall, CPU and memory of the main job over bare DuckDB; writes bench-report.json
	SIZES="$(or $(SIZES),1)" $(BIN)/python scripts/bench.py
	$(BIN)/python scripts/bench_intake.py
	$(BIN)/python scripts/bench_statistics.py
	$(BIN)/python scripts/bench_months.py
	$(BIN)/python scripts/bench_settlement.py
	$(BIN)/python scripts/bench_site.py

lint: setup ## ruff, mypy, import direction, sqlfluff, yaml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests
	$(BIN)/yamllint -s .

lock: ## resolve the requirements again, with hashes and without index addresses
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header -c requirements.txt requirements-sender.in -o requirements-sender.txt
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header -c requirements.txt scripts/phstatsmethods.in -o scripts/phstatsmethods.txt

clean: ## remove the environment and the demo home
	rm -rf $(VENV) var var-greenwich
