"""`bench doctor`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.commands.completion import model_names
from harness.cli.options import runs_dir
from harness.cli.wording import message

if TYPE_CHECKING:
    from harness.doctor import Finding

_MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}
_PLAIN_MARKS = {"ok": "ok", "warning": "!", "failed": "X"}  # where the terminal knows ASCII only


@click.command(short_help="Say what works on this machine, and what to do about what does not.")
@click.option("--model", shell_complete=model_names, help="Try this model, too: a name, a folder, a .gguf file, or org/name on the Hub.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@runs_dir
def doctor(model: str | None, form: str, runs_dir: str) -> None:
    """Try what a run needs: packages, memory, the device and its number formats, 4-bit weights, the Hub, the shipped model.

    Ends with 0 when everything works that `bench run` needs, else with 1.
    """
    from harness.doctor import checks, works

    found: list[Finding] = []
    for check in checks(Path(runs_dir), model):
        _progress(f"looking at: {check.name} …")
        findings = check.run()
        _progress("")
        if form == "text":
            _show(findings)
        found += findings
    if form == "json":
        click.echo(json.dumps({"works": works(found), "findings": [asdict(finding) for finding in found]}, indent=1))
    elif works(found):
        click.echo("Everything that a run needs works here.")
    else:
        click.echo("A run will not work here until what is marked is put right.")
    if not works(found):
        sys.exit(1)


def _progress(text: str) -> None:
    """One line on standard error that the next one replaces; nothing where that is no terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{message(text)}", nl=False, err=True)


def _show(findings: list[Finding]) -> None:
    marks = _MARKS if _writes("✓✗×…") else _PLAIN_MARKS
    for finding in findings:
        hint = f" → {finding.hint}" if finding.hint else ""
        line = " ".join(message(f"{marks[finding.status]} {finding.name}: {finding.text}{hint}").split())
        click.echo(line if _writes(line) else line.replace("→", "->").replace("×", "x").encode("ascii", "replace").decode())


def _writes(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
