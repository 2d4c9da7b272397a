"""The meter of a cell, with a clock that the tests control."""

from __future__ import annotations

import contextlib
import mmap
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.measure import Meter, environment, get_result_versions, memory, meter, usable_cores
from harness.types import Cost


class Clock:
    """A clock that runs only when a test moves it."""

    now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("harness.measure.meter.time", clock)
    return clock


def seconds(meter: Meter) -> dict[str, float]:
    return {cost.phase: cost.seconds for cost in meter.costs()}


def test_each_phase_has_its_own_seconds(clock: Clock) -> None:
    m = Meter("cpu", "a CPU", None)
    with m.phase("load"):
        clock.now += 1
    clock.now += 50  # time between phases is not counted
    with m.phase("predict"):
        clock.now += 2
    with m.phase("load"):
        clock.now += 4
    assert seconds(m) == {"load": 5, "predict": 2}
    assert m.seconds("load") == 5
    assert m.seconds("train") == 0


def test_nested_phase_counts_once(clock: Clock) -> None:
    m = Meter("cpu", "a CPU", None)
    with m.phase("train"):
        clock.now += 10
        with m.phase("validate"):
            clock.now += 3
            with m.phase("score"):
                clock.now += 1
            clock.now += 3
        clock.now += 20
    assert seconds(m) == {"train": 30, "validate": 6, "score": 1}


def test_reading_costs_counts_up_to_now_and_changes_nothing(clock: Clock) -> None:
    m = Meter("cpu", "a CPU", None)
    with m.phase("train"):
        clock.now += 1
        assert seconds(m) == {"train": 1}
        clock.now += 2
        assert seconds(m) == {"train": 3}
    clock.now += 5
    assert seconds(m) == {"train": 3}


def test_error_ends_the_phase_and_resumes_the_outer_one(clock: Clock) -> None:
    m = Meter("cpu", "a CPU", None)
    with m.phase("train"):
        with contextlib.suppress(ZeroDivisionError), m.phase("validate"):
            clock.now += 1
            raise ZeroDivisionError
        clock.now += 2
    assert seconds(m) == {"train": 2, "validate": 1}


def test_tokens_count_for_the_current_phase(clock: Clock) -> None:
    m = Meter("cpu", "a CPU", None)
    with m.phase("train"):
        m.count_tokens(5)
        with m.phase("validate"):
            m.count_tokens(7)
        m.count_tokens(6)
    assert {c.phase: c.tokens for c in m.costs()} == {"train": 11, "validate": 7}


def test_costs_of_an_interrupted_process_are_added(clock: Clock) -> None:
    m = Meter("cpu", "a CPU", 3600.0)
    with m.phase("train"):
        clock.now += 2
        m.count_tokens(1)
        m.add([Cost("train", 10, "a CPU", peak_allocated=1 << 60, tokens=4, energy=2.5), Cost("predict", 3, "a CPU")])
        clock.now += 2
    train, predict = m.costs()
    assert (train.seconds, train.tokens, train.price) == (14, 5, 14), "3600 per hour is 1 per second"
    assert train.peak_allocated == 1 << 60
    assert train.energy is not None and train.energy >= 2.5
    assert (predict.phase, predict.seconds, predict.peak_allocated, predict.energy) == ("predict", 3, None, None)


def test_no_price_without_an_hourly_price(clock: Clock) -> None:
    m = Meter("cpu", "a CPU", None)
    with m.phase("load"):
        clock.now += 1
    assert [c.price for c in m.costs()] == [None]


def test_memory_and_energy_belong_to_the_phase(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """With fake counters: the peak of an inner phase is not counted for the outer one, and energy is a difference."""
    peak, joules = SimpleNamespace(now=0), SimpleNamespace(now=1000.0)
    monkeypatch.setattr(meter, "reset_peak_memory", lambda device: setattr(peak, "now", 10))
    monkeypatch.setattr(meter, "peak_memory", lambda device: (peak.now, peak.now * 2))
    m = Meter("cpu", "a CPU", None)
    monkeypatch.setattr(m, "_energy", SimpleNamespace(read=lambda: joules.now))
    with m.phase("train"):
        peak.now, joules.now = 50, joules.now + 4
        with m.phase("validate"):
            peak.now, joules.now = 500, joules.now + 100
        joules.now += 1
    train, validate = m.costs()
    assert (train.peak_allocated, train.peak_reserved, train.energy) == (50, 100, 5)
    assert (validate.peak_allocated, validate.peak_reserved, validate.energy) == (500, 1000, 100)


def test_real_memory_is_measured() -> None:
    m = Meter("cpu", "a CPU", None)
    with m.phase("load"):
        block = bytearray(64 << 20)
        block[:: 1 << 12] = b"x" * len(block[:: 1 << 12])
    (cost,) = m.costs()
    assert cost.peak_allocated is not None and cost.peak_allocated > 64 << 20
    assert cost.peak_reserved is None, "there is no reserved memory on a CPU"


def test_environment_names_versions_and_no_person() -> None:
    import getpass
    import socket

    found = environment()
    assert {"finetune-bench", "torch", "transformers", "python", "cpu", "cores"} <= found.keys()
    assert get_result_versions().items() <= found.items()
    assert usable_cores() >= 1
    assert socket.gethostname() not in found.values()
    assert getpass.getuser() not in found.values()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the resident set of Linux")
@pytest.mark.parametrize(
    ("name", "is_counted"),
    [("library.so", False), ("own.cpython-311.so.6.0.33", False), ("model.safetensors", True), ("0a1b2c", True), ("notes.so.txt", True)],
)
@pytest.mark.parametrize("is_deleted", [False, True])
def test_files_of_libraries_are_no_memory_that_a_phase_takes(tmp_path: Path, name: str, is_counted: bool, is_deleted: bool) -> None:
    """The system can drop their pages, and maps more of them where files were written not long ago. Weights in the cache of the Hub have
    names without an ending."""
    size, file, meter = 64 * 2**20, tmp_path / name, Meter("cpu", "a CPU", None)
    file.write_bytes(bytes(size))
    with meter.phase("load"):
        pass
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        if is_deleted:
            file.unlink()
        with meter.phase("predict"):
            assert not any(mapped[:: mmap.PAGESIZE])
    load, predict = (cost.peak_allocated for cost in meter.costs())
    assert load is not None and predict is not None
    assert predict - load == pytest.approx(size if is_counted else 0, abs=size / 4)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the resident set of Linux")
@pytest.mark.parametrize("name", ["library.so", "model.safetensors"])
def test_pages_of_a_mapped_file_that_a_process_writes_to_are_its_own(tmp_path: Path, name: str) -> None:
    """As weights that are trained in the number format of their file."""
    size, file, meter = 64 * 2**20, tmp_path / name, Meter("cpu", "a CPU", None)
    file.write_bytes(bytes(size))
    with meter.phase("load"):
        pass
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY) as mapped, meter.phase("predict"):
        for place in range(0, size, mmap.PAGESIZE):
            mapped[place] = 1
    load, predict = (cost.peak_allocated for cost in meter.costs())
    assert load is not None and predict is not None
    assert predict - load == pytest.approx(size, abs=size / 4)


@pytest.mark.parametrize("later_mapped", [60, 90], ids=["more of a library is resident", "another library"])
def test_a_file_of_which_nothing_is_resident_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, later_mapped: int) -> None:
    """Resident libraries grow from 40 to 60 MiB, and then a file of 20 MiB is mapped: the peak is not that with 40 MiB of them."""
    mib = 2**20

    def peak(resident: int, mapped: int, file: int) -> int:
        """With so many MiB of libraries, and a file of which nothing is resident."""
        library = f"10000000-{0x10000000 + mapped * mib:08x} r-xp 00000000 08:01 1 /usr/lib/libsmall.so.1"
        other = f"60000000-{0x60000000 + file * mib:08x} r--p 00000000 08:01 2 /data/weights\n" if file else ""
        for name, content in {
            "_STATUS": f"VmHWM:\t{200 * 1024} kB\nRssFile:\t{resident * 1024} kB\n",
            "_MAPS": f"{library}\n{other}",
            "_SMAPS": f"{library}\nRss: {resident * 1024} kB\nAnonymous: 0 kB\n",
        }.items():
            (tmp_path / name).write_text(content)
            monkeypatch.setattr(memory, name, tmp_path / name)
        found, _ = memory.peak_memory("cpu")
        assert found is not None
        return found // mib

    memory._look_up_library_bytes.cache_clear()
    assert [peak(40, 60, 0), peak(60, later_mapped, 0), peak(60, later_mapped, 20)] == [160, 140, 140]
    memory._look_up_library_bytes.cache_clear()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the resident set of Linux")
def test_a_system_that_does_not_list_mappings_counts_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def peak() -> int:
        memory._look_up_library_bytes.cache_clear()
        found, _ = memory.peak_memory("cpu")
        assert found is not None
        return found

    size, file = 64 * 2**20, tmp_path / "library.so"
    file.write_bytes(bytes(size))
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert not any(mapped[:: mmap.PAGESIZE])
        without = peak()
        monkeypatch.setattr(memory, "_SMAPS", tmp_path / "missing")
        assert peak() - without > size
    memory._look_up_library_bytes.cache_clear()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the resident set of Linux")
def test_memory_that_a_phase_frees_is_not_part_of_the_next_one() -> None:
    """Small blocks below one that is in use stay with the C library until it is asked to return them."""
    meter = Meter("cpu", "a CPU", None)
    with meter.phase("train"):
        blocks = [bytearray(4000) for _ in range(50_000)]
        kept = bytearray(4000)
        del blocks
    with meter.phase("predict"):
        del kept
    train, predict = (cost.peak_allocated for cost in meter.costs())
    assert train is not None and predict is not None and train - predict > 100 * 2**20
