"""Plug-ins: installed packages that add metrics and data sources.

    # pyproject.toml of the package acme-bench
    [project.entry-points."harness.plugins"]
    acme = "acme_bench:plugin"

    # acme_bench.py
    def plugin() -> Plugin:
        return Plugin(metrics=[FAMILY], sources={"tickets": tickets})

A plug-in is imported when a metric or a source is first looked up. Commands that need neither are not slowed down by it, and cannot fail
because of it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from harness.errors import BenchError, first_line

GROUP = "harness.plugins"
OWN_PACKAGE = "finetune-bench"

T = TypeVar("T")


@dataclass(frozen=True)
class Plugin:
    """What a package adds."""

    metrics: Sequence[Any] = ()
    """Families of metrics (`harness.metrics.Family`)."""
    sources: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Data sources by name: functions of `(spec, kind)` that return `harness.data.SourceRows`."""


@dataclass(frozen=True)
class InstalledPlugin:
    """A plug-in and the package that contains it."""

    package: str
    """Name and version."""
    plugin: Plugin


@lru_cache(maxsize=1)
def installed_plugins() -> tuple[InstalledPlugin, ...]:
    """Every plug-in of this Python environment, sorted by package.

    Raises:
        BenchError: with every plug-in that cannot be imported or does not return a `Plugin`.
    """
    plugins: list[InstalledPlugin] = []
    problems: list[str] = []
    for entry_point in _entry_points():
        try:
            plugins.append(InstalledPlugin(_package(entry_point), _load(entry_point)))
        except BenchError as error:
            problems += error.problems
    if problems:
        raise BenchError(problems)
    return tuple(plugins)


def merge_with_plugins(noun: str, shipped: Mapping[str, T], get_additions: Callable[[InstalledPlugin], Mapping[str, T]]) -> dict[str, T]:
    """The shipped values and those that plug-ins add, by name.

    Args:
        noun: what the names stand for, for messages: "metric", "source".
        get_additions: what one plug-in adds, by name.

    Raises:
        BenchError: with every name that two packages use, and with the problems that `get_additions` finds in a plug-in.
    """
    merged = dict(shipped)
    owners = dict.fromkeys(shipped, OWN_PACKAGE)
    problems = []
    for installed in installed_plugins():
        for name, value in get_additions(installed).items():
            if name in owners:
                packages = f"{owners[name]} and {installed.package}"
                problems.append(f"the {noun} '{name}' is in two packages: {packages}. Rename it in one of them, or uninstall one.")
            else:
                merged[name], owners[name] = value, installed.package
    if problems:
        raise BenchError(problems)
    return merged


def get_plugin_versions() -> dict[str, str]:
    """By package with a plug-in, its version and a hash of its code. Nothing is imported.

    The version alone is not enough: authors change a metric many times between two releases, and scores of the old code must not be
    mistaken for scores of the new code.
    """
    versions: dict[str, str] = {}
    for entry_point in _entry_points():
        assert entry_point.dist is not None
        code = _code_digest(entry_point.module)
        versions[entry_point.dist.name] = f"{entry_point.dist.version} (code {code})" if code else f"{entry_point.dist.version}"
    return versions


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    return sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry_point: (_package(entry_point), entry_point.name))


def _package(entry_point: importlib.metadata.EntryPoint) -> str:
    return f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist is not None else entry_point.value


def _load(entry_point: importlib.metadata.EntryPoint) -> Plugin:
    where = f"the plug-in '{entry_point.name}' of the package {_package(entry_point)}"
    try:
        plugin = entry_point.load()()
    except (Exception, SystemExit) as error:  # third-party code can fail in any way
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise BenchError(f"{where} cannot be loaded: {reason}. It is '{entry_point.value}'. Repair it, or uninstall it.") from None
    if not isinstance(plugin, Plugin):
        raise BenchError(f"{where}: '{entry_point.value}' must return a harness.plugins.Plugin, not {type(plugin).__name__}")
    if not isinstance(plugin.sources, Mapping) or not isinstance(plugin.metrics, Sequence):
        raise BenchError(f"{where}: 'metrics' must be a list of families, and 'sources' a dictionary of names and functions")
    return plugin


def _code_digest(module: str) -> str:
    """The first 12 digits of a sha256 of the Python files of a module's package; empty if they cannot be found."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])  # finds the package without importing it
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    paths = [Path(p) for p in spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else [])]
    files = sorted({file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py"))})
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12] if files else ""
