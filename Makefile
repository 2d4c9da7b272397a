# Two commands do everything on a fresh machine with Python 3.11 or newer:  make run  ·  make test
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# A file of exact versions to install, as CI does with .ci/requirements.txt; empty for the newest versions that pyproject.toml allows.
VERSIONS ?=
PIP    := $(BIN)/python -m pip install --disable-pip-version-check $(addprefix --constraint ,$(VERSIONS))
DIST   := $(CURDIR)/dist

.PHONY: run test without-fork lint soak simulations benchmarks audit lock release clean

# Two cells at a time: the shipped model is too small to keep two cores busy with one.
run: $(STAMP)  ## the main job on the shipped model and data; ends with the path of the report
	@folder=$$($(BIN)/bench run --task summarization --strategies lora,qlora --jobs 2 | tail -n 1) && echo "Report: $$folder/report.html"

# A file's tests stay in one process, because they share what its fixtures made. Files run in the order in which they were found: the one
# with the fewest tests, which would come last, is among the longest.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(STAMP)  ## everything but the long simulations
	$(PYTEST)

without-fork: $(STAMP)  ## locks, the processes of cells and the start of the command, as on a system without fcntl and fork, such as Windows
	PYTHONPATH=$(CURDIR)/tests/without_fork $(PYTEST) -q tests/store/test_store_runs.py tests/cli/test_cli_start.py \
	  tests/grid/execution/test_scheduler.py -k "not killed_cell"

lint: $(STAMP)  ## style, types, and the one direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(STAMP)  ## long simulations and chaos
	$(BIN)/python -m pytest -m soak

simulations: $(STAMP)  ## the long simulations of soak alone: what docs/statistics.md promises
	$(BIN)/python -m pytest -m soak tests/statistics tests/gate tests/decision -rA

sizing: $(STAMP)  ## docs/sizing.md: which model fits which GPU, and what bench doctor knows of it
	$(BIN)/bench plan --sizing > docs/sizing.md
	$(BIN)/bench plan --least-memory > harness/forecast/trainable_sizes.yaml.new
	mv harness/forecast/trainable_sizes.yaml.new harness/forecast/trainable_sizes.yaml

benchmarks: $(STAMP)  ## speed against other tools; see tests/benchmarks/README.md
	PYTHONPATH=.:tests $(BIN)/python -m tests.benchmarks

audit: $(VENV)/.released  ## known vulnerabilities of the versions that CI installs
	$(BIN)/python .ci/audit

lock: $(VENV)/.released  ## the versions that CI installs, for every Python and system; UPGRADE=--upgrade for the newest
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --extra release --extra pii \
	  --extra mlflow --extra wandb --extra tensorboard --extra ray --no-annotate --no-header $(UPGRADE) pyproject.toml --output-file .ci/requirements.txt

# SOURCE_DATE_EPOCH is the time of all files in a wheel: with it, everybody builds the same wheel from the same commit.
release: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
release: $(VENV)/.released  ## the wheel, built twice and compared, and what it consists of (SBOM), in dist/
	rm -rf $(DIST)
	$(BIN)/python -m build --wheel --no-isolation --outdir $(DIST)
	$(BIN)/python -m build --wheel --no-isolation --outdir $(DIST)/second
	cmp $(DIST)/*.whl $(DIST)/second/*.whl && rm -r $(DIST)/second
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --constraint .ci/requirements.txt pyproject.toml | \
	  $(BIN)/cyclonedx-py requirements - --pyproject pyproject.toml --output-reproducible --output-file $(DIST)/sbom.cdx.json
	@ls -l $(DIST)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV). This takes minutes where packages such as torch are downloaded first."
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.released: $(STAMP)
	$(PIP) --editable '.[release]'
	@touch $@

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache
