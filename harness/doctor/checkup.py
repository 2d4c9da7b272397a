"""What works on this machine and what to do about what does not: small real trials, each on its own.

A check that fails by an exception is a finding like any other; none of them stops the rest.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.cache import cache_folder
from harness.doctor import machine, trials
from harness.doctor.finding import Finding, amount
from harness.engine.models import TINY, named_models, resolve_model, shape_of_model, shipped_model_digest, size_of
from harness.errors import BenchError, first_line

T = TypeVar("T")

PATIENCE = 3.0  # seconds that the Hub has to answer


@dataclass(frozen=True)
class Check:
    """A check that has not been made yet."""

    name: str
    look: Callable[[], Iterator[Finding]]
    needed: bool = False

    def run(self) -> list[Finding]:
        """What it finds; an exception is a finding, too."""
        try:
            return list(self.look())
        except BenchError as error:
            return [Finding(self.name, "failed", " ".join(error.problems), needed=self.needed)]
        except Exception as error:
            return [Finding(self.name, "failed", f"{type(error).__name__}: {first_line(error)}", needed=self.needed)]


def checks(runs_dir: Path, model: str | None = None) -> list[Check]:
    """All checks in their order; with `model`, whether that one can be used is one of them."""
    every = [
        Check("python", machine.python, needed=True),
        Check("packages", machine.packages, needed=True),
        Check("memory", machine.memory),
        Check("disk", lambda: machine.disk(runs_dir), needed=True),
        Check("device", machine.device, needed=True),
        Check("number formats", trials.number_formats, needed=True),
        Check("4-bit weights", trials.four_bit),
        Check("cache", _cache),
        Check("hub", _hub),
        Check("model tiny", _tiny, needed=True),
        Check("other models", _packaged),
    ]
    return every + ([Check(f"model {model}", lambda: _model(model), needed=True)] if model is not None else [])


def works(findings: list[Finding]) -> bool:
    """Whether everything that a run needs is there."""
    return not any(finding.needed and finding.status == "failed" for finding in findings)


def _cache() -> Iterator[Finding]:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            yield Finding("cache", "ok", f"{folder} can be written")
    except OSError as error:
        hint = "GGUF models cannot be converted without it: name a folder in BENCH_CACHE_DIR"
        yield Finding("cache", "warning", f"{folder} cannot be written: {error.strerror}", hint)


def _hub() -> Iterator[Finding]:
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        hint = "models and data of the Hub are taken from the local cache only; unset HF_HUB_OFFLINE to fetch others"
        yield Finding("hub", "warning", "not asked: HF_HUB_OFFLINE is set", hint)
        return
    hint = "models of the local cache, of folders and of packages work; others need the network"
    try:
        answer = _within(PATIENCE, lambda: get_session().head(constants.ENDPOINT, timeout=PATIENCE).status_code)
    except Exception as error:  # no network, no DNS, a proxy's refusal: each HTTP library has its own
        yield Finding("hub", "warning", f"{constants.ENDPOINT} cannot be reached ({type(error).__name__})", hint)
        return
    if answer is None:
        yield Finding("hub", "warning", f"{constants.ENDPOINT} did not answer in {PATIENCE:g} seconds", hint)
    elif answer >= 400:
        yield Finding("hub", "warning", f"{constants.ENDPOINT} answers with an error ({answer})", hint)
    else:
        yield Finding("hub", "ok", f"{constants.ENDPOINT} answers")


def _within(seconds: float, ask: Callable[[], T]) -> T | None:
    """The answer, or None where it takes longer: a time limit of HTTP does not hold for the look-up of a name."""
    answers: list[T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            answers.append(ask())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)  # nobody waits for it at the end of the program
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return answers[0] if answers else None


def _tiny() -> Iterator[Finding]:
    if shipped_model_digest(TINY) != (TINY / "digest").read_text(encoding="utf-8").strip():
        text = "the shipped model is not the one that was shipped: its digest is another"
        yield Finding("model tiny", "failed", text, "install bench again", needed=True)
        return
    yield Finding("model tiny", "ok", f"the shipped model is whole, {trials.trial('tiny')}", needed=True)


def _packaged() -> Iterator[Finding]:
    for model in named_models():
        if model.name != "tiny":
            yield Finding("other models", "ok" if model.usable else "warning", f"{model.name}: {model.place}", model.note)


def _model(name: str) -> Iterator[Finding]:
    title = f"model {name}"
    source = resolve_model(name)
    weights = size_of(source.folder)
    _, free = machine.machine_memory()
    if free is not None and weights > 0.8 * free:
        text = f"{amount(weights)} of weights, and {amount(free)} memory is free: it was not loaded"
        yield Finding(title, "warning", f"found ({source.origin}), {shape_of_model(source)}; {text}", "take a larger machine", needed=True)
        return
    yield Finding(title, "ok", f"{source.origin}, {trials.trial(name)}", needed=True)
