"""Plug-ins: installed packages that add metrics and data sources, and Python files that add metrics.

    # pyproject.toml of the package acme-bench
    [project.entry-points."harness.plugins"]
    acme = "acme_bench:plugin"

    # acme_bench.py
    def plugin() -> Plugin:
        return Plugin(metrics=[FAMILY], sources={"tickets": tickets})

A plug-in is imported when a metric or a source is first looked up. Commands that need neither are not slowed down by it, and cannot fail
because of it. A file has the same function `plugin`. It runs only where the user names it (`use_plugin_files`), never because a run does.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import inspect
import os
import sys
import traceback
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from harness.bounded_file import read_bounded
from harness.errors import BenchError, did_you_mean, first_line, setting

GROUP = "harness.plugins"
OWN_PACKAGE = "finetune-bench"

MAX_FILE_SIZE = 2**20  # bytes
DIGEST_KEY = "plug-in files"  # in the versions of a result

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
    """Name and version; of a file, its name."""
    plugin: Plugin
    file: Path | None = None
    sha256: str = ""
    """Of the file."""


_files: list[InstalledPlugin] = []  # those in use


@contextmanager
def use_plugin_files(paths: Sequence[str | os.PathLike[str]], sha256: Sequence[str] = ()) -> Iterator[None]:
    """Run Python files and use the metrics that they add, beside those already in use, until the context ends.

    The caller has the user's consent. Everything that is loaded here is code with the rights of the user's account.

    Args:
        sha256: what the content of the files must be; by default anything.

    Raises:
        BenchError: a file is missing, too large, has changed, cannot be run, or does not return a `Plugin` with metrics.
    """
    before = list(_files)
    known = {file.sha256 for file in _files}
    try:
        for number, path in enumerate(paths):
            content = _read_file(Path(path))
            digest = hashlib.sha256(content).hexdigest()
            if sha256 and digest != sha256[number]:
                raise BenchError(f"{path}: the plug-in has changed since the run was planned. Start the run again")
            if digest not in known:
                _files.append(InstalledPlugin(Path(path).name, _run_file(Path(path), content, digest), Path(path).resolve(), digest))
                known.add(digest)
        yield
    finally:
        _files[:] = before


def plugin_files() -> tuple[InstalledPlugin, ...]:
    """The plug-ins in use that are files, in the order in which they were named."""
    return tuple(_files)


def plugin_digests() -> tuple[str, ...]:
    """What the plug-ins in use depend on, besides the installed packages: the digests of their files."""
    return tuple(file.sha256 for file in _files)


def locate_in_plugin(error: BaseException, function: Callable[..., Any] | None = None) -> str:
    """Where a plug-in file failed, as "my_metric.py:12"; empty if no plug-in file is involved.

    Args:
        function: of the plug-in; its first line is the place of an error that was raised before or after it ran.
    """
    names = {str(file.file): file.package for file in _files}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in names]
    return f"{names[frames[-1].filename]}:{frames[-1].lineno}" if frames else locate_function(function)


def locate_function(function: Callable[..., Any] | None) -> str:
    """Where a function of a plug-in file begins, as "my_metric.py:12"; empty for any other function."""
    code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
    file = next((file for file in _files if code is not None and code.co_filename == str(file.file)), None)
    return f"{file.package}:{code.co_firstlineno}" if file is not None and code is not None else ""


def installed_plugins() -> tuple[InstalledPlugin, ...]:
    """The plug-in of every package of this Python environment, sorted by package; then the files in use.

    Raises:
        BenchError: with every plug-in that cannot be imported or does not return a `Plugin`.
    """
    return (*_packaged_plugins(), *_files)


@lru_cache(maxsize=1)
def _packaged_plugins() -> tuple[InstalledPlugin, ...]:
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
                packages, remove = f"{owners[name]} and {installed.package}", "leave one out" if installed.file else "uninstall one"
                problems.append(f"the {noun} '{name}' is in two packages: {packages}. Rename it in one of them, or {remove}.")
            else:
                merged[name], owners[name] = value, installed.package
    if problems:
        raise BenchError(problems)
    return merged


def metric_hint(name: str, known: Collection[str]) -> str:
    """The hint for an unknown metric: similar names, and unless one is very similar, that it may be in a plug-in file."""
    hint = did_you_mean(name, known)
    is_typo = bool(get_close_matches(name, known, n=1, cutoff=0.8))
    return hint if is_typo else f"{hint} If it is in a plug-in file, name the file: {setting('plugins', 'FILE')}"


def get_plugin_versions() -> dict[str, str]:
    """By package with a plug-in, its version and a hash of its code. Nothing is imported.

    The version alone is not enough: authors change a metric many times between two releases, and scores of the old code must not be
    mistaken for scores of the new code.
    """
    versions: dict[str, str] = {DIGEST_KEY: ", ".join(sorted(plugin_digests()))} if _files else {}
    for entry_point in _entry_points():
        assert entry_point.dist is not None
        code = _code_digest(entry_point.module)
        versions[entry_point.dist.name] = f"{entry_point.dist.version} (code {code})" if code else f"{entry_point.dist.version}"
    return versions


def _read_file(path: Path) -> bytes:
    advice = "A plug-in is a Python file with a function plugin()"
    if not os.path.isfile(path):
        raise BenchError(f"{path}: no such file. {advice}")
    return read_bounded(path, MAX_FILE_SIZE, too_large=f"larger than {MAX_FILE_SIZE >> 20} MiB. {advice}")


def _run_file(path: Path, content: bytes, digest: str) -> Plugin:
    """Run a file, and call its function `plugin`.

    Raises:
        BenchError: with the line that failed.
    """
    module = types.ModuleType(f"bench_plugin_{digest[:16]}")
    module.__file__ = str(path.resolve())
    sys.modules[module.__name__] = module  # data classes look their module up
    try:
        exec(compile(content, module.__file__, "exec", dont_inherit=True), module.__dict__)
        function = getattr(module, "plugin", None)
        if not callable(function):
            raise BenchError(f"{path.name}: has no function plugin(). It must return Plugin(metrics=[…]); see docs/plugins.md")
        plugin = function()
    except BenchError:
        raise
    except (SyntaxError, ValueError) as error:
        line = _line_in_file(error, module.__file__) or getattr(error, "lineno", None) or 1
        raise BenchError(f"{path.name}:{line}: {type(error).__name__}: {getattr(error, 'msg', None) or first_line(error)}") from None
    except (Exception, SystemExit) as error:  # the file can fail in any way
        raise BenchError(f"{path.name}:{_line_in_file(error, module.__file__)}: {type(error).__name__}: {first_line(error)}") from None
    return _check_file_plugin(plugin, path.name, function.__code__.co_firstlineno if inspect.isfunction(function) else 1)


def _line_in_file(error: BaseException, file: str) -> int:
    """The last line of a file on the way to an error; 0 if there is none."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return (lines[-1] if lines else 0) or 0


def _check_file_plugin(plugin: object, name: str, line: int) -> Plugin:
    if not isinstance(plugin, Plugin):
        raise BenchError(f"{name}:{line}: plugin() must return a harness.Plugin, not {type(plugin).__name__}")
    if not isinstance(plugin.metrics, Sequence) or not plugin.metrics:
        raise BenchError(f"{name}:{line}: plugin() returns no metrics. Return Plugin(metrics=[…]) with a list of families")
    if plugin.sources:
        raise BenchError(f"{name}:{line}: a plug-in file adds metrics only. Put sources of data into a package; see docs/plugins.md")
    return plugin


def has_installed_plugins() -> bool:
    """Whether an installed package has a plug-in. Nothing is imported."""
    return bool(_entry_points())


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
