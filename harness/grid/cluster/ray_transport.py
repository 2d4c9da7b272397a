"""Cells as tasks of Ray, and their files as objects in its store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.errors import BenchError, first_line
from harness.grid.cluster.node_cell import Delivery, run_cell
from harness.grid.cluster.remote_executor import CellStream, MachineLostError, MachineMemoryError
from harness.store import FilePart


class RayTransport:
    """Cells as tasks of Ray, and files as objects in its store."""

    def __init__(self, kind: str, cores: int) -> None:
        """
        Args:
            kind: of the devices: "cuda" or "cpu".
            cores: the CPU cores of a cell, or of each GPU of a cell.
        """
        self._kind, self._cores = kind, cores

    def submit(self, delivery: Delivery) -> CellStream:
        import ray

        cores, gpus = self._cores * delivery.job.devices, delivery.job.devices if self._kind == "cuda" else 0
        resources = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if not any(each.get("CPU", 0) >= cores and each.get("GPU", 0) >= gpus for each in resources):  # Ray would wait for one
            raise BenchError("no node that could run a cell is left in the Ray cluster. Add one with `ray start`")
        # A lost cell is submitted again by the scheduler, which knows what it has stored; Ray would repeat it blindly.
        options = {"num_cpus": cores, "num_gpus": gpus, "max_retries": 0}
        task = ray.remote(**options, num_returns="streaming", _generator_backpressure_num_objects=16)(_run_on_node)
        return _RayStream(task.remote(delivery))

    def put(self, parts: list[FilePart]) -> Any:
        import ray

        return ray.put(parts)


def _run_on_node(delivery: Delivery) -> Iterator[Any]:
    import ray

    yield from run_cell(delivery, ray.get)


class _RayStream:
    """A task of Ray that yields what `run_cell` yields. Ray's errors become those that the executor knows."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def __iter__(self) -> Iterator[Any]:
        import ray
        from ray import exceptions

        try:
            for reference in self._generator:
                yield ray.get(reference)
        except exceptions.OutOfMemoryError:
            raise MachineMemoryError("the node had no memory left, and Ray ended the cell") from None
        except (exceptions.NodeDiedError, exceptions.TaskCancelledError):
            raise MachineLostError("the node that ran it is gone", may_go_on=True) from None
        except exceptions.WorkerCrashedError:
            raise MachineLostError("the process that ran it on its node ended unexpectedly") from None
        except (exceptions.ObjectLostError, exceptions.ObjectStoreFullError, exceptions.OutOfDiskError) as error:
            raise MachineLostError(f"what its node has sent was lost: {first_line(error)}") from None
        except exceptions.RayTaskError as error:
            if isinstance(error.cause, BenchError):
                raise error.cause from None
            raise BenchError(f"a node of the Ray cluster could not run a cell: {type(error.cause).__name__}: {error.cause}") from error
        except exceptions.RayError as error:
            raise BenchError(f"Ray could not run a cell: {first_line(error)}") from error

    def cancel(self, *, force: bool) -> None:
        import ray

        ray.cancel(self._generator, force=force)
