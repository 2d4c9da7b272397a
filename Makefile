# Two commands do everything on a fresh machine with Python 3.11 or newer:  make run  ·  make test
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: run test lint soak benchmarks clean

run: $(STAMP)  ## the main job on the shipped model and data; ends with the path of the report
	@folder=$$($(BIN)/bench run --task summarization --strategies lora,qlora | tail -n 1) && echo "Report: $$folder/report.html"

# A file's tests stay in one process, because they share what its fixtures made.
test: $(STAMP)  ## everything but the long simulations
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: $(STAMP)  ## style, types, and the one direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(STAMP)  ## long simulations and chaos
	$(BIN)/python -m pytest -m soak

benchmarks: $(STAMP)  ## speed against other tools; see tests/benchmarks/README.md
	$(BIN)/python -m pytest -m benchmark -s

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache
