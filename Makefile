PYTHON ?= python3
# On Linux torch from the default package index is the CUDA build, several GB. An index with CPU builds,
# whose versions end in +cpu and so come first, is named with: make TORCH_INDEX=<address> demo
TORCH_INDEX ?=
# Which benchmarks: make BENCH=<name> bench
BENCH ?=
# Which parser is fuzzed, all where none is named, and how often: make PARSER=<name> RUNS=1000000 fuzz
# with ADD=1 the figures are added to those of before
PARSER ?=
RUNS ?= 1000000
ADD ?=

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/runtime.stamp
DEV := $(VENV)/dev.stamp
HALF_DONE := $(VENV)/half-done
TORCH := $(shell sed -n '/^torch==/p' constraints.txt)
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input -c constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo setup test lint format types doctest check bench docs reliability fuzz clean

help:  ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

demo: $(RUNTIME)  ## Install if need be, then train a net and write its report
	$(BIN)/ff train

setup: $(DEV)  ## Install with the tools for tests and checks

test: $(DEV)  ## Run the tests
	$(BIN)/python -m pytest

lint: $(DEV)  ## Check style
	$(BIN)/ruff check src tests docs
	$(BIN)/ruff format --check src tests docs

format: $(DEV)  ## Mend style
	$(BIN)/ruff check --fix src tests docs
	$(BIN)/ruff format src tests docs

types: $(DEV)  ## Check types
	$(BIN)/python -m mypy

doctest: $(DEV)  ## Run the examples in docstrings
	$(BIN)/python -m pytest --doctest-modules src

check: test lint types doctest  ## All of test, lint, types and doctest

bench: $(DEV)  ## Run the benchmarks, or the one of BENCH=<name>
	$(BIN)/ff bench $(BENCH)

reliability: $(DEV)  ## Kill, cut, flip and plant, at length; figures go to benchmarks/reliability.json
	$(BIN)/python -m pytest tests/reliability -m "long or not long" --figures benchmarks/reliability.json

fuzz: $(DEV)  ## Fuzz every parser, or the one of PARSER=<name>; figures go to benchmarks/fuzz.json
	$(BIN)/python tests/fuzz/run.py $(PARSER) --runs $(RUNS) --save benchmarks/fuzz.json $(if $(ADD),--add)

docs: $(DEV)  ## Build the pages of docs/ into build/docs
	$(BIN)/python -m sphinx -q -W --keep-going -n -j auto -d build/docs-cache docs build/docs
	@echo "build/docs/index.html"

clean:  ## Remove the environment, caches and builds
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist docs/generated
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Installation. A stamp is written last; an install that was cut short starts anew. ---

# So does an environment that was copied or moved, as it still points at the old folder.
ifneq ($(shell cat $(RUNTIME) 2>/dev/null)$(wildcard $(HALF_DONE)),$(CURDIR))
.PHONY: $(RUNTIME)
endif

define CHECK_PYTHON
command -v "$(PYTHON)" >/dev/null || \
  { echo "No '$(PYTHON)' here. Install Python 3.11 or newer, or name it: make PYTHON=<path>" >&2; exit 1; }; \
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "'$(PYTHON)' is $$("$(PYTHON)" -V 2>&1); 3.11 or newer is needed: make PYTHON=<path>" >&2; exit 1; }; \
"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
  { echo "'$(PYTHON)' cannot make environments; install its venv package (python3-venv, say)" >&2; exit 1; }
endef

$(RUNTIME): pyproject.toml constraints.txt
	@$(CHECK_PYTHON)
	@echo "Installing into $(VENV): 2-5 minutes the first time, most of it $(TORCH)."
	@if [ -z "$(TORCH_INDEX)" ] && [ "$$(uname)" = Linux ]; then \
	  echo "(That may be the CUDA build, several GB; make TORCH_INDEX=<address> names an index of CPU builds.)"; fi
	@if [ -e $(HALF_DONE) ]; then rm -rf $(VENV); fi
	@"$(PYTHON)" -m venv $(VENV)
	@touch $(HALF_DONE)
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") $(TORCH)
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation -e ".[export,web]"
	@rm $(HALF_DONE)
	@echo "$(CURDIR)" > $@

$(DEV): $(RUNTIME)
	@echo "Installing the tools for tests and checks: about a minute."
	@touch $(HALF_DONE)
	@$(PIP) --no-build-isolation -e ".[dev,docs,export,fuzz,hub,parquet,tensorboard,text,tune,web]"
	@rm $(HALF_DONE)
	@touch $@
