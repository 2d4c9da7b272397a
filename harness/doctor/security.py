"""What is open to others on this machine: modes of files that hold texts, runs that trust code, and variables that hold tokens."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harness.cache import cache_folder
from harness.doctor.finding import Finding
from harness.errors import BenchError
from harness.store import RunFolder
from harness.text import plural

_SHOWN = 3  # examples of a finding
# Parts of the names of variables that hold a secret. Only names are read.
_SECRETS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "ACCESS_KEY", "CREDENTIAL")
# Variables that let code of others run, or send data away.
_TRUST = {
    "HF_HUB_DISABLE_SAFETENSORS": "pickles may be loaded by other programs",
    "TRUST_REMOTE_CODE": "other programs may run code of models",
    "PYTHONPATH": "Python files in its folders run with every program",
}


def check_security(runs_dir: Path, registry: Path, variables: Mapping[str, str]) -> list[Callable[[], Iterator[Finding]]]:
    """The checks of what is open to others, in the order in which they should run.

    Args:
        registry: the folder of the registry; it need not exist.
        variables: the environment variables. Their values are not shown.
    """
    return [
        lambda: _check_modes("runs", runs_dir),
        lambda: _check_modes("registry", registry),
        lambda: _check_modes("cache", cache_folder()),
        lambda: _check_foreign_files("runs", runs_dir),
        lambda: _check_foreign_files("registry", registry),
        lambda: _check_trusted_runs(runs_dir),
        lambda: _check_variables(variables),
    ]


def _check_modes(name: str, folder: Path) -> Iterator[Finding]:
    """Files that other users of the machine may read or change. A folder that they cannot enter protects what is in it."""
    title = f"modes of {name}"
    if not folder.is_dir():
        yield Finding(title, "ok", f"{folder} does not exist")
        return
    if not _is_open(folder, stat.S_IXGRP | stat.S_IXOTH):
        yield Finding(title, "ok", f"{folder} ({_mode(folder)}): only its owner can enter it")
        return
    changeable, readable = [], []
    for path in _walk(folder):
        if _is_open(path, stat.S_IWGRP | stat.S_IWOTH):
            changeable.append(path)
        elif path.is_file() and _is_open(path, stat.S_IRGRP | stat.S_IROTH):
            readable.append(path)
    if changeable:
        yield Finding(title, "warning", f"others can change {_some(changeable)}", f"chmod -R go-w {folder}")
    if readable:
        yield Finding(title, "warning", f"others can read {_some(readable)}", f"chmod -R go-rwx {folder}")
    if not changeable and not readable:
        yield Finding(title, "ok", f"{folder} ({_mode(folder)}): others can read and change no file in it")


def _check_foreign_files(name: str, folder: Path) -> Iterator[Finding]:
    """Links and special files, which bench refuses."""
    if folder.is_dir():
        special = [path for path in _walk(folder) if path.is_symlink() or not (path.is_dir() or path.is_file())]
        if special:
            yield Finding(f"links in {name}", "warning", f"bench refuses {_some(special)}", "replace links with what they point to")
        else:
            yield Finding(f"links in {name}", "ok", f"{folder} holds only files and folders")


def _check_trusted_runs(runs_dir: Path) -> Iterator[Finding]:
    """Runs that were started with --trust-remote-code. Whether their code runs again is decided by each later command line."""
    trusting = []
    for plan in sorted(runs_dir.glob("*/run.json")):
        try:
            if RunFolder(plan.parent).plan().options.get("trust_remote_code"):
                trusting.append(plan.parent)
        except BenchError as error:
            yield Finding("trust in code", "warning", error.problems[0])
    if trusting:
        hint = "the code runs again only if a command line allows it again"
        yield Finding("trust in code", "warning", f"started with consent to remote code: {_some(trusting)}", hint)
    else:
        yield Finding("trust in code", "ok", f"no run in {runs_dir} was started with consent to remote code")


def _check_variables(variables: Mapping[str, str]) -> Iterator[Finding]:
    """Names of variables with tokens, which every program that bench starts inherits; and variables that extend trust."""
    tokens = sorted(name for name, value in variables.items() if value and any(part in name.upper() for part in _SECRETS))
    if tokens:
        hint = "processes of cells inherit them; unset those that a run does not need"
        yield Finding("tokens", "warning", f"set in the environment (names only): {', '.join(tokens)}", hint)
    else:
        yield Finding("tokens", "ok", "no variable of the environment has the name of a token or a password")
    file = Path(variables.get("HF_HOME") or Path.home() / ".cache" / "huggingface") / "token"
    if file.is_file():
        is_open = _is_open(file, stat.S_IRGRP | stat.S_IROTH)
        text = f"a token of the Hub is stored in {file} ({_mode(file)})"
        yield Finding("tokens", "warning" if is_open else "ok", text, f"chmod 600 {file}" if is_open else "")
    for name, meaning in _TRUST.items():
        if variables.get(name):
            yield Finding("trust in code", "warning", f"{name} is set: {meaning}")


def _walk(folder: Path) -> Iterator[Path]:
    """Everything in a folder, without following links."""
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


def _is_open(path: Path, bits: int) -> bool:
    try:
        state = path.lstat()
    except OSError:
        return False
    return not stat.S_ISLNK(state.st_mode) and bool(state.st_mode & bits)


def _mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def _some(paths: list[Path]) -> str:
    shown = ", ".join(str(path) for path in paths[:_SHOWN])
    return f"{plural(len(paths), 'path')}, such as {shown}" if len(paths) > _SHOWN else shown
