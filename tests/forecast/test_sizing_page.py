"""docs/sizing.md and the table of `bench doctor` are what `make sizing` writes now."""

from __future__ import annotations

import pytest
from places import ROOT

from harness.forecast import build_sizing, find_trainable_sizes, least_memory_to_yaml
from harness.forecast.trainable_sizes import _FILE, weights_of_size
from harness.reporting import sizing_to_markdown


def page() -> str:
    return (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    """Everything but the rows of larger models, which take longer to compute."""
    written = sizing_to_markdown(build_sizing(["1B"]))
    lines = page().splitlines()
    others = [line for line in lines if line.startswith("| ") and line.split()[1] in ("3B", "8B", "14B", "32B", "70B")]
    assert len(others) == 5 * 4
    assert [line for line in lines if line not in others] == written.splitlines(), "run `make sizing`"


@pytest.mark.soak
def test_all_rows_of_the_page_are_current() -> None:
    assert page() == sizing_to_markdown(build_sizing()), "run `make sizing`"


@pytest.mark.soak
def test_the_table_of_what_fits_is_current() -> None:
    assert _FILE.read_text() == least_memory_to_yaml(), "run `make sizing`"


def test_a_larger_device_fits_larger_models_and_offloading_needs_memory_of_the_cpu() -> None:
    before: dict[str, float] = {}
    for gigabytes in (1, 6, 12, 16, 24, 48, 80, 141):
        sizes = {each.way: weights_of_size(each.size or "0M") for each in find_trainable_sizes(gigabytes * 2**30, "cuda")}
        assert sizes["full"] <= sizes["lora"]
        assert all(size >= before.get(way, 0.0) for way, size in sizes.items())
        before = sizes
    assert not find_trainable_sizes(2**20, "cpu")[0].size
    _, lora, _ = find_trainable_sizes(24 * 2**30, "cuda", host_memory=2**36)
    assert (lora.size, lora.step) == ("32B", "offloaded-weights"), "64 GiB do not hold 70B weights in 16 bits"
