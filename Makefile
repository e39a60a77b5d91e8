# The two commands of the README are `make run` and `make test`; each does its own set-up on a Debian machine
# that has Python 3.11 (or newer), make and git. Nothing is installed outside .venv but the Debian packages of
# requirements/debian.txt, and those only when root.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check lint unit kernels bench eval eval-exposure soak record lab lock format docs clean
.PHONY: run-ready dev-ready bench-ready

PYTHON ?= $(firstword $(foreach name,python3.11 python3,$(shell command -v $(name))))
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode
# The Python that is here is the Python that is used: uv must not fetch another.
export UV_PYTHON_DOWNLOADS := never
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: run-ready kernels ## show the recorded lab hospital: its devices here, then its pages in the browser
	@$(BIN)/asepsis demo

test: dev-ready kernels ## everything: linters, all tests, those that are slow or need root too
	@tools/debian-packages test lab
	@if command -v npm > /dev/null; then npm ci --prefix tests/browser/provider --no-audit --no-fund --silent \
		|| echo "no provider to try sign-in with: its tests are left out"; fi
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: dev-ready lint unit ## linters and the fast tests, under two minutes

lint: dev-ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Compiled once here, not by two test processes at the same time.
kernels: run-ready
	@$(BIN)/python -c "from asepsis.wire.compiled import load; load(notice=print)"

unit: dev-ready kernels
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not slow and not root"

bench: bench-ready ## measure against nfstream, ndpiReader, tshark and others; writes bench/RESULTS.md
	@tools/debian-packages test bench
	$(BIN)/python -m bench

eval: bench-ready ## how often the answers are right, on labelled captures
	$(BIN)/python -m bench.accuracy
	$(MAKE) eval-exposure

eval-exposure: bench-ready ## findings, statements, recalls, weaknesses, forms, risk, the plan and 100,000 devices
	$(BIN)/python -m bench.exposure
	$(BIN)/python -m bench.weaknesses
	$(BIN)/python -m bench.exposure.scale

soak: dev-ready ## the long forms of what `make test` runs a tenth of
	@tools/debian-packages test lab
	ASEPSIS_SOAK=1 $(BIN)/python -m pytest -m "slow or root" --numprocesses 2 --dist loadfile --no-loadscope-reorder

record: dev-ready ## record the lab hospital anew, from real programs (needs root)
	@tools/debian-packages lab
	$(BIN)/python -m lab.record --output tests/recordings

# A week of the hospital and a week with every attack; then what Asepsis says of it, compared with the truth. What is
# shipped in src/asepsis/pipeline/recordings was made by this. LAB=... gives options to the recorder, such as
# LAB="--seed 2 --attacks none".
LAB ?=
LAB_OUTPUT ?= .cache/lab-recording
lab: dev-ready kernels ## record the whole hospital with attacks, analyse it, and score the answers (needs root)
	@tools/debian-packages lab
	$(BIN)/python -m lab record --output $(LAB_OUTPUT) $(LAB)
	$(BIN)/python -m lab air --output $(LAB_OUTPUT)
	rm -rf $(LAB_OUTPUT)/workspace
	$(BIN)/asepsis analyze $(LAB_OUTPUT)/benign.pcapng.zst --workspace $(LAB_OUTPUT)/workspace
	$(BIN)/python -m lab score $(LAB_OUTPUT)/workspace --truth $(LAB_OUTPUT)/truth.json \
		--picture $(LAB_OUTPUT)/reliability.svg || test $$? = 1

format: dev-ready ## rewrite the sources in the one format
	$(BIN)/ruff check --fix --select I
	$(BIN)/ruff format

docs: dev-ready ## rewrite the pages that are made from the sources
	$(BIN)/python -m tools.cli_reference
	$(BIN)/python -m tools.error_reference
	$(BIN)/python -m tools.configuration_reference
	$(BIN)/python -m tools.protocol_reference
	$(BIN)/python -m tools.identification_reference
	$(BIN)/python -m tools.authorisation_reference
	$(BIN)/python -m tools.weakness_reference
	$(BIN)/python -m asepsis.knowledge.reference

# Locks. Addresses of package indexes never go into a lock: they are each site's own business. The header names
# `make lock` in place of the command, so that no path of one machine ends up in a file.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
lock: $(VENV)/.tools ## renew the locked versions in requirements/
	$(LOCK) --upgrade requirements/tools.in -o requirements/tools.txt
	$(LOCK) --upgrade --extra web pyproject.toml -o requirements/run.txt
	$(LOCK) --upgrade --constraint requirements/run.txt --group dev --extra web pyproject.toml -o requirements/dev.txt
	$(LOCK) --upgrade --constraint requirements/dev.txt --group bench --extra web pyproject.toml -o requirements/bench.txt
	$(LOCK) --upgrade lab/requirements.in -o lab/requirements.txt

clean: ## remove what the build made; a workspace and .cache stay
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench/scratch
	find src tests bench lab tools -name __pycache__ -prune -exec rm -rf {} +

# The virtual environment. Each stamp stands for one locked file, installed.
run-ready: $(VENV)/.run
dev-ready: $(VENV)/.dev
bench-ready: $(VENV)/.bench

$(VENV)/.tools: requirements/tools.txt
	@tools/virtual-environment "$(PYTHON)" $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

$(VENV)/.project: pyproject.toml | $(VENV)/.tools
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.run: requirements/run.txt $(VENV)/.tools $(VENV)/.project
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@$(INSTALL) --require-hashes -r requirements/bench.txt
	@touch $@
