"""What a cell will take before it runs: memory by kind, time and money, on this device and on those of a table."""

from harness.forecast.cell_planning import CellWork, TargetDevice, target_of_machine, target_of_table

__all__ = ["CellWork", "TargetDevice", "target_of_machine", "target_of_table"]
