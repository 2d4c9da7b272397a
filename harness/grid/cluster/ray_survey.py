"""What the nodes of a Ray cluster are: their versions, and the device that each cell will have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.engine.models import Device
from harness.errors import BenchError, first_line
from harness.grid.cluster.node_report import find_version_problem

_SURVEY_SECONDS = 180.0
# What a node runs to say what it is, in a process like those of cells. The first line needs no version of bench.
_REPORT = """
import importlib.metadata, json, sys
try:
    print(json.dumps(importlib.metadata.version("finetune-bench")))
except importlib.metadata.PackageNotFoundError:
    print(json.dumps(None))
from harness.grid.cluster.node_report import report_node
print(json.dumps(report_node(sys.argv[1])))
"""


def survey_nodes(dtype: str, versions: Mapping[str, str]) -> tuple[Device, int]:
    """What the nodes of the cluster are that can run cells: those with GPUs, or all with CPUs if none has a GPU.

    Args:
        dtype: the number format of the run.
        versions: those that every node must have.

    Returns:
        The device that each cell has for itself, with one index for each cell that finds room, and the CPU cores of a cell.

    Raises:
        BenchError: there is none, one has not answered or has other versions, or their devices differ.
    """
    import ray

    alive = [node for node in ray.nodes() if node["Alive"]]
    nodes = [n for n in alive if n["Resources"].get("GPU")] or [n for n in alive if n["Resources"].get("CPU", 0) >= 1]
    if not nodes:
        raise BenchError("the Ray cluster has no node with a GPU or a CPU. Add one with `ray start`")
    reports = _collect_reports(nodes, dtype)
    problems: list[str] = []
    devices: dict[str, Mapping[str, Any]] = {}
    for node, (code, output, errors) in zip(nodes, reports, strict=True):
        name = f"node {node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
        report = _read_report(code, output)
        if report is None:
            problems.append(f"{name}: {_explain_missing_report(output, errors, versions)}")
        elif differences := find_version_problem(versions, report["versions"]):
            problems.append(f"{name}: has {differences}. Install the same versions on all nodes")
        elif "problem" in report:
            problems.append(f"{name}: {report['problem']}")
        else:
            devices[name] = report["device"]
    if problems:
        raise BenchError(problems)
    return _choose_device(nodes, devices)


def _choose_device(nodes: Sequence[Mapping[str, Any]], devices: Mapping[str, Mapping[str, Any]]) -> tuple[Device, int]:
    kinds = {(device["kind"], device["name"], device["dtype"]): name for name, device in devices.items()}
    if len(kinds) > 1:
        each = "; ".join(f"{name}: {device} in {dtype}" for (_, device, dtype), name in kinds.items())
        raise BenchError(f"the nodes of the Ray cluster have different devices ({each}), and a run has one kind. Use nodes of one kind")
    ((kind, name, dtype),) = kinds
    resources = [node["Resources"] for node in nodes]
    if kind == "cuda":
        cores = min(int(each.get("CPU", 0) // each["GPU"]) for each in resources)
        counts = tuple(int(each["GPU"]) for each in resources)
    else:
        cores = min(int(each["CPU"]) for each in resources)
        counts = tuple(int(each["CPU"]) // cores for each in resources)
    return Device(kind, name, dtype, tuple(range(sum(counts))), counts), cores


def _collect_reports(nodes: Sequence[Mapping[str, Any]], dtype: str) -> list[tuple[int, str, str]]:
    """What the nodes answer: the exit code, the output and the errors of a Python process on each.

    Raises:
        BenchError: a node has not answered.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    task = ray.remote(num_cpus=0, max_retries=0)(_make_report_task())
    references = [
        task.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(_REPORT, dtype)
        for node in nodes
    ]
    ready, _ = ray.wait(references, num_returns=len(references), timeout=_SURVEY_SECONDS)
    late = [node["NodeManagerHostname"] for node, ref in zip(nodes, references, strict=True) if ref not in ready]
    if late:
        raise BenchError(f"nodes of the Ray cluster have not answered within {_SURVEY_SECONDS:.0f} seconds: {', '.join(late)}")
    try:
        return list(ray.get(references))
    except ray.exceptions.RayError as error:
        raise BenchError(f"a node of the Ray cluster cannot be asked what it is: {first_line(error)}") from error


def _make_report_task() -> Any:
    """A function that is sent to nodes by value, not by name: a node without bench, or with another version, can answer."""

    def report(code: str, dtype: str) -> tuple[int, str, str]:
        import os
        import subprocess
        import sys

        hidden = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")  # Ray hides the GPUs from a task that asks for none
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        done = subprocess.run([sys.executable, "-P", "-c", code, dtype], capture_output=True, text=True, check=False, env=environment)
        return done.returncode, done.stdout, done.stderr[-2000:]

    return report


def _read_report(code: int, output: str) -> dict[str, Any] | None:
    """The report of a node; None if it could not make one."""
    try:
        report = json.loads(output.splitlines()[-1]) if code == 0 else None
    except (ValueError, IndexError):
        return None
    return report if isinstance(report, dict) else None


def _explain_missing_report(output: str, errors: str, versions: Mapping[str, str]) -> str:
    """Why a node could not report: it has no bench, another version of it, or one that does not start."""
    ours, theirs = versions["finetune-bench"], (output.splitlines() or ["null"])[0].strip('"')
    if theirs == "null":
        return f"bench is not installed in the Python of its Ray. Install it there: pip install 'finetune-bench[ray]=={ours}'"
    if theirs != ours:
        return f"has bench {theirs} instead of {ours}. Install the same version on all nodes"
    last = (errors.strip().splitlines() or ["no message"])[-1]
    return f"bench {theirs} does not start there: {last[:300]}"
