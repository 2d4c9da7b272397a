"""Measures the phases of a cell: each has its own time, peak memory and energy."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.measure.energy import EnergyCounter
from harness.measure.memory import peak_memory, reset_peak_memory
from harness.types import Cost, Phase


@dataclass
class _Tally:
    seconds: float = 0.0
    tokens: int = 0
    allocated: int | None = None
    reserved: int | None = None
    joules: float | None = None


class Meter:
    """Adds up the costs of each phase.

    A phase inside another one pauses the outer one: validation during training counts as validation only. Entering a phase again adds
    to it.
    """

    def __init__(self, device: str, device_name: str, price_per_hour: float | None, devices: int = 1) -> None:
        """Args:
        device: "cpu", "cuda" or "mps"; decides how memory is measured, and whether the clock waits for the device.
        device_name: the name of the device in the costs.
        price_per_hour: the price of one hour of the devices together; None if it is unknown.
        devices: how many of them the work has for itself. Their energy is counted together; memory is that of the first.
        """
        self._device = device
        self._name = device_name
        self._price = price_per_hour
        self._energy = EnergyCounter(device, devices)
        self._tallies: dict[Phase, _Tally] = {}
        self._open: list[Phase] = []
        self._since = 0.0
        self._joules_since: float | None = None

    def add(self, earlier: Sequence[Cost]) -> None:
        """Add the costs of an earlier, interrupted process."""
        for cost in earlier:
            tally = self._tallies.setdefault(cost.phase, _Tally())
            tally.seconds += cost.seconds
            tally.tokens += cost.tokens
            tally.allocated = max(filter(None, (tally.allocated, cost.peak_allocated)), default=None)
            tally.reserved = max(filter(None, (tally.reserved, cost.peak_reserved)), default=None)
            if cost.energy is not None:
                tally.joules = (tally.joules or 0.0) + cost.energy

    @contextlib.contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Measure the body of the `with` statement as this phase."""
        self._stop()
        self._open.append(name)
        self._start()
        try:
            yield
        finally:
            self._stop()
            self._open.pop()
            self._start()

    def pause(self) -> None:
        """Count nothing from now on, not even in an open phase, until `resume`: other work goes on in this process."""
        self._stop()

    def resume(self) -> None:
        """Continue the open phase."""
        self._start()

    def collect(self) -> tuple[Cost, ...]:
        """The costs so far, which are counted anew from now on. No phase may be open."""
        costs, self._tallies = self.costs(), {}
        return costs

    def count_tokens(self, tokens: int) -> None:
        """Add tokens to the current phase."""
        self._tallies[self._open[-1]].tokens += tokens

    def seconds(self, name: Phase) -> float:
        """The seconds of a phase up to its last pause."""
        tally = self._tallies.get(name)
        return tally.seconds if tally else 0.0

    def costs(self) -> tuple[Cost, ...]:
        """One `Cost` per phase, in the order of their starts; the current phase is counted up to now."""
        if self._open:
            self._stop()
            self._start(is_new=False)
        return tuple(
            Cost(
                phase=name,
                seconds=t.seconds,
                device=self._name,
                peak_allocated=t.allocated,
                peak_reserved=t.reserved,
                tokens=t.tokens,
                energy=t.joules,
                price=None if self._price is None else t.seconds / 3600 * self._price,
            )
            for name, t in self._tallies.items()
        )

    def _start(self, *, is_new: bool = True) -> None:
        """
        Args:
            is_new: other work may have used memory since the phase was measured last.
        """
        if self._open:
            self._tallies.setdefault(self._open[-1], _Tally())
            if is_new:
                reset_peak_memory(self._device)
            self._joules_since = self._energy.read()
            self._since = time.perf_counter()

    def _stop(self) -> None:
        if not self._open:
            return
        if self._device != "cpu":
            import torch

            getattr(torch, self._device).synchronize()  # kernels that are still running belong to this phase
        tally = self._tallies[self._open[-1]]
        tally.seconds += time.perf_counter() - self._since
        allocated, reserved = peak_memory(self._device)
        tally.allocated = max(filter(None, (tally.allocated, allocated)), default=None)
        tally.reserved = max(filter(None, (tally.reserved, reserved)), default=None)
        joules = self._energy.read()
        if joules is not None and self._joules_since is not None:
            tally.joules = (tally.joules or 0.0) + max(0.0, joules - self._joules_since)
