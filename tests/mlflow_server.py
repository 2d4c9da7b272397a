"""A real `mlflow server` with SQLite, in an environment of its own, as a team runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TypeAlias

import pytest

PORT = 15123
ADDRESS = f"http://127.0.0.1:{PORT}"
Server: TypeAlias = "subprocess.Popen[bytes]"


def start_server(folder: Path) -> Server:
    """Install MLflow and start its server; skip the test where it cannot be installed."""
    pytest.importorskip("mlflow")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    installed = subprocess.run([str(environment / "bin" / "pip"), "install", "--quiet", "mlflow"], check=False)
    if installed.returncode:
        pytest.skip("mlflow could not be installed")
    command = [str(environment / "bin" / "mlflow"), "server", "--port", str(PORT), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder / "artifacts")]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        while not _is_ready():
            assert process.poll() is None, (folder / "server.log").read_text()
    except BaseException:
        stop_server(process)
        raise
    return process


def stop_server(process: Server) -> None:
    """Kill the server with the processes that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"{ADDRESS}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
