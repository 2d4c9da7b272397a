"""`bench view` as a process: it prints its address, opens a browser if asked, answers, and ends with Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest


@pytest.mark.parametrize("options", [(), ("--open",)])
def test_view_prints_its_address_and_ends_with_ctrl_c(tmp_path: Path, options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "harness.cli.main", "view", *options]
    browser = tmp_path / "browser"  # instead of the user's: it writes down what it is asked to open
    os.mkfifo(tmp_path / "opened")
    browser.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/opened"\n', encoding="utf-8")
    browser.chmod(0o700)
    env = {name: value for name, value in os.environ.items() if not name.startswith("BENCH_")} | {"BROWSER": str(browser)}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        # Jobs of a shell in the background ignore the signal otherwise.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        if options:
            assert (tmp_path / "opened").read_text(encoding="utf-8").strip() == address  # waits until the browser writes
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert "There are no runs." in answer.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert process.stderr.read().splitlines()[-1] == "Stopped."
