"""The list of checks, and the checks of the cache, the Hub and the models.

Each check runs on its own. If it raises an exception, that is its finding, and the other checks still run.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.cache import cache_folder
from harness.doctor import hardware, machine, trials
from harness.doctor.finding import Finding, format_bytes
from harness.doctor.security import check_security
from harness.doctor.trainable import check_trainable
from harness.engine.models import TINY, named_models, resolve_model, shape_of_model, shipped_model_digest, size_of
from harness.errors import BenchError, first_line, setting

T = TypeVar("T")

HUB_TIMEOUT = 3.0  # seconds


@dataclass(frozen=True)
class Check:
    """A check that has not been run yet."""

    name: str
    find: Callable[[], Iterator[Finding]]
    needed: bool = False

    def run(self) -> list[Finding]:
        """Run the check; an exception becomes a finding."""
        try:
            return list(self.find())
        except BenchError as error:
            return [Finding(self.name, "failed", " ".join(error.problems), needed=self.needed)]
        except Exception as error:
            return [Finding(self.name, "failed", f"{type(error).__name__}: {first_line(error)}", needed=self.needed)]


def list_checks(runs_dir: Path, model: str | None = None) -> list[Check]:
    """All checks, in the order in which they should run.

    Args:
        runs_dir: the folder of runs, which must be writable.
        model: a model to try, beside the shipped one.
    """
    checks = [
        Check("python", machine.check_python, needed=True),
        Check("packages", machine.check_packages, needed=True),
        Check("memory", machine.check_memory),
        Check("disk", lambda: machine.check_disk(runs_dir), needed=True),
        Check("device", hardware.check_devices, needed=True),
        Check("kernels", hardware.check_kernels),
        Check("speed", hardware.check_speed),
        Check("largest models", check_trainable),
        Check("number formats", trials.check_number_formats, needed=True),
        Check("4-bit weights", trials.check_four_bit),
        Check("cache", _check_cache),
        Check("hub", _check_hub),
        Check("model tiny", _check_tiny, needed=True),
        Check("other models", _check_packaged_models),
    ]
    return checks + ([Check(f"model {model}", lambda: _check_model(model), needed=True)] if model is not None else [])


def list_security_checks(runs_dir: Path, registry: Path, variables: Mapping[str, str]) -> list[Check]:
    """The checks of what is open to others on this machine; see `security`."""
    return [Check("security", find) for find in check_security(runs_dir, registry, variables)]


def is_ready(findings: list[Finding]) -> bool:
    """Whether everything that a run needs works."""
    return not any(finding.needed and finding.status == "failed" for finding in findings)


def _check_cache() -> Iterator[Finding]:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            yield Finding("cache", "ok", f"{folder} is writable")
    except OSError as error:
        hint = f"GGUF models cannot be converted without it. Choose another folder: {setting('cache_folder', 'FOLDER')}"
        yield Finding("cache", "warning", f"{folder} is not writable: {error.strerror}", hint)


def _check_hub() -> Iterator[Finding]:
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        hint = "only models and datasets in the local cache are available; unset HF_HUB_OFFLINE to download others"
        yield Finding("hub", "warning", "not checked, because HF_HUB_OFFLINE is set", hint)
        return
    hint = "models in the local cache, in folders and in packages work; others need the network"
    try:
        status = _call_with_timeout(HUB_TIMEOUT, lambda: get_session().head(constants.ENDPOINT, timeout=HUB_TIMEOUT).status_code)
    except Exception as error:  # no network, no DNS, a proxy that refuses: each HTTP library has its own exceptions
        yield Finding("hub", "warning", f"{constants.ENDPOINT} cannot be reached ({type(error).__name__})", hint)
        return
    if status is None:
        yield Finding("hub", "warning", f"{constants.ENDPOINT} did not answer within {HUB_TIMEOUT:g} seconds", hint)
    elif status >= 400:
        yield Finding("hub", "warning", f"{constants.ENDPOINT} returned an error ({status})", hint)
    else:
        yield Finding("hub", "ok", f"{constants.ENDPOINT} can be reached")


def _call_with_timeout(seconds: float, call: Callable[[], T]) -> T | None:
    """The result of a call, or None if it takes longer. An HTTP timeout alone is not enough, because it does not cover name resolution."""
    results: list[T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(call())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)  # a daemon, so that the program can end without waiting for it
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return results[0] if results else None


def _check_tiny() -> Iterator[Finding]:
    if shipped_model_digest(TINY) != (TINY / "digest").read_text(encoding="utf-8").strip():
        yield Finding("model tiny", "failed", "the shipped model has been changed: its digest differs", "reinstall bench", needed=True)
        return
    yield Finding("model tiny", "ok", f"the shipped model is intact: {trials.try_model('tiny')}", needed=True)


def _check_packaged_models() -> Iterator[Finding]:
    for model in named_models():
        if model.name != "tiny":
            yield Finding("other models", "ok" if model.usable else "warning", f"{model.name}: {model.place}", model.note)


def _check_model(name: str) -> Iterator[Finding]:
    title = f"model {name}"
    source = resolve_model(name)
    weights = size_of(source.folder)
    _, free = machine.machine_memory()
    if free is not None and weights > 0.8 * free:
        reason = f"its weights take {format_bytes(weights)}, and {format_bytes(free)} of memory is free"
        text = f"found ({source.origin}, {shape_of_model(source)}), but not loaded: {reason}"
        yield Finding(title, "warning", text, "use a machine with more memory", needed=True)
        return
    yield Finding(title, "ok", f"{source.origin}, {trials.try_model(name)}", needed=True)
