"""Plug-ins: installed packages that bring metrics and sources of data of their own.

    # pyproject.toml of the package acme-bench
    [project.entry-points."harness.plugins"]
    acme = "acme_bench:plugin"

    # acme_bench.py
    def plugin() -> Plugin:
        return Plugin(metrics=[FAMILY], sources={"tickets": tickets})

They are imported when a metric or a source is looked up for the first time, not before: no other command waits for them or fails with them.
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
OURSELVES = "finetune-bench"

T = TypeVar("T")


@dataclass(frozen=True)
class Plugin:
    """What a package brings: families of metrics (`harness.metrics.Family`), and sources of data by name (functions that take
    `(spec, kind)` and give `harness.data.SourceRows`)."""

    metrics: Sequence[Any] = ()
    sources: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Installed:
    """A plug-in and the package, with its version, that it came in."""

    package: str
    plugin: Plugin


@lru_cache(maxsize=1)
def installed_plugins() -> tuple[Installed, ...]:
    """Every plug-in of this environment, by the name of its package.

    Raises:
        BenchError: with every plug-in that cannot be imported or gives something else than a `Plugin`.
    """
    found: list[Installed] = []
    problems: list[str] = []
    for entry in _entries():
        try:
            found.append(Installed(_package(entry), _load(entry)))
        except BenchError as error:
            problems += error.problems
    if problems:
        raise BenchError(problems)
    return tuple(found)


def with_plugins(what: str, shipped: Mapping[str, T], offered: Callable[[Installed], Mapping[str, T]]) -> dict[str, T]:
    """What is shipped, and what the plug-ins add to it.

    Args:
        what: what the names name, for messages: "metric", "source".
        offered: what one plug-in adds, by name.

    Raises:
        BenchError: with every name that two packages claim, and with what is wrong with a plug-in.
    """
    found = dict(shipped)
    owners = dict.fromkeys(shipped, OURSELVES)
    problems = []
    for installed in installed_plugins():
        for name, value in offered(installed).items():
            if name in owners:
                problems.append(clash(what, name, owners[name], installed.package))
            else:
                found[name], owners[name] = value, installed.package
    if problems:
        raise BenchError(problems)
    return found


def clash(what: str, name: str, *packages: str) -> str:
    """The message for a name that two packages claim."""
    return f"the {what} '{name}' is in two packages: {' and '.join(packages)}. Rename it in one of them, or uninstall one."


def plugin_versions() -> dict[str, str]:
    """The version of each package with a plug-in and a hash of its code, without importing it.

    The version alone would not do: whoever writes a metric changes it many times before the next release, and a score made by the
    old code must not be taken for one of the new.
    """
    found: dict[str, str] = {}
    for entry in _entries():
        assert entry.dist is not None
        code = _code_digest(entry.module)
        found[entry.dist.name] = f"{entry.dist.version} (code {code})" if code else f"{entry.dist.version}"
    return found


def _entries() -> list[importlib.metadata.EntryPoint]:
    return sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: (_package(entry), entry.name))


def _package(entry: importlib.metadata.EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value


def _load(entry: importlib.metadata.EntryPoint) -> Plugin:
    where = f"the plug-in '{entry.name}' of the package {_package(entry)}"
    try:
        plugin = entry.load()()
    except (Exception, SystemExit) as error:  # it is anybody's code, and may fail in any way
        raise BenchError(
            f"{where} cannot be loaded: {type(error).__name__}: {first_line(error)}. It is '{entry.value}'. Repair it, or uninstall it."
        ) from None
    if not isinstance(plugin, Plugin):
        raise BenchError(f"{where}: '{entry.value}' must return a harness.plugins.Plugin, and it returns {type(plugin).__name__}")
    if not isinstance(plugin.sources, Mapping) or not isinstance(plugin.metrics, Sequence):
        raise BenchError(f"{where}: 'metrics' must be a list of families, and 'sources' a dictionary of names and functions")
    return plugin


def _code_digest(module: str) -> str:
    """The beginning of a sha256 over the Python files of the package that a module is in; empty where they cannot be found."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])  # finds without importing
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    places = [Path(p) for p in spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else [])]
    files = sorted({file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))})
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.name}\0".encode() + file.read_bytes())
    return total.hexdigest()[:12] if files else ""
