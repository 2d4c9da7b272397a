"""The `bench` command. A command is imported when it is called, so that `bench --help` answers at once."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from harness.cache import use_cache_folder
from harness.cli.boundary import UNEXPECTED, describe_system_error, describe_unexpected_error
from harness.cli.help_formatter import HelpFormatter
from harness.cli.lazy_group import LazyGroup
from harness.cli.wording import message
from harness.errors import BenchError

# By command: its module and object, and its line in the help.
_COMMANDS = {
    "run": ("harness.cli.commands.run:run", "Fine-tune, score and price strategies on tasks."),
    "score": ("harness.cli.commands.score:score", "Score external outputs, of any model or vendor."),
    "import": ("harness.cli.commands.importing:import_", "Import results of other evaluation tools."),
    "plan": ("harness.cli.commands.plan:plan", "Show what a test set can detect, and what a run would take."),
    "forecast": ("harness.cli.commands.forecast:forecast", "Show forecasts beside what runs took on this machine."),
    "runs": ("harness.cli.commands.runs:runs", "List the runs with their decisions."),
    "site": ("harness.cli.commands.site:site", "Write pages over all runs: leaderboards, history, reports."),
    "view": ("harness.cli.commands.view:view", "Show all runs in the browser, live."),
    "report": ("harness.cli.commands.report:report", "Write the report of a run as HTML, Markdown, JSON or CSV."),
    "compare": ("harness.cli.commands.compare:compare", "Compare two strategies of a run, or one strategy in two runs."),
    "verify": ("harness.cli.commands.verify:verify", "Check every file of a run for damage."),
    "record": ("harness.cli.commands.record:record", "Write a signed record of a decision, or check one."),
    "pack": ("harness.cli.commands.pack:pack", "Write a run as one file for mailing."),
    "audit": ("harness.cli.commands.audit:audit", "Simulate how often the report of a run errs on data like its own."),
    "gate": ("harness.cli.commands.gate:gate", "Decide whether a model may replace the current one."),
    "approve": ("harness.cli.commands.approve:approve", "Approve a PASS of the gate, so that its model may be promoted."),
    "promote": ("harness.cli.commands.gate:promote", "Put a model into service, if it passes the gate."),
    "registry": ("harness.cli.commands.registry:registry", "Show the models in service, their stages and their history."),
    "rollback": ("harness.cli.commands.registry:rollback", "Put the previous model back into service."),
    "watch": ("harness.cli.commands.watch:watch", "Compare new data with what the model in service was tested on."),
    "retrain": ("harness.cli.commands.retrain:retrain", "Train a model again when it is due, and promote it if it passes the gate."),
    "ab": ("harness.cli.commands.ab:ab", "Plan, assign and read A/B tests in production."),
    "feedback": ("harness.cli.commands.feedback:feedback", "Store what users say about answers, and show it with intervals."),
    "review": ("harness.cli.commands.review:review", "Let experts rate outputs, and collect their ratings."),
    "judge": ("harness.cli.commands.judge:judge", "Let a model judge the outputs of a run."),
    "predict": ("harness.cli.commands.predict:predict", "Answer new examples with a model of a run."),
    "shadow": ("harness.cli.commands.shadow:shadow", "Answer the same inputs with the champion and the models in shadow mode."),
    "export": ("harness.cli.commands.export:export", "Write an adapter or a model to a folder that other programs can load."),
    "tasks": ("harness.cli.commands.tasks:tasks", "List, show and validate tasks."),
    "strategies": ("harness.cli.commands.strategies:strategies", "List and show strategies."),
    "models": ("harness.cli.commands.models:models", "List the models that are available here."),
    "data": ("harness.cli.commands.data.group:data", "Check, anonymize and describe data."),
    "init": ("harness.cli.commands.init:init", "Draft a task from a data file."),
    "doctor": ("harness.cli.commands.doctor:doctor", "Check what works on this machine, and how to fix the rest."),
    "completion": ("harness.cli.commands.completion:completion", "Print the script for tab completion in a shell."),
}

click.Context.formatter_class = HelpFormatter  # for all commands: click has no other place for it


@click.group(cls=LazyGroup, commands_by_name=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="finetune-bench", prog_name="bench")
def cli() -> None:
    """Which way of adapting a model is good enough, and at what cost?

    bench trains every strategy on every task, scores each output, prices each phase, and compares the strategies with valid statistics.
    """


def main() -> None:
    """Run the command and exit with its code.

    Errors that the user can solve are one clear message and exit code 2; an interruption is 130. Any other exception is a mistake of ours:
    one line, and exit code 70.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    atexit.register(gc.freeze)  # else Python searches all objects of libraries for garbage before it exits: more than a second
    try:
        _choose_cache_folder()
        # the name also decides which variable the shell's completion sets, whichever way the program was started
        code = cli.main(prog_name="bench", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = 2
    except BenchError as error:
        for problem in error.problems:
            click.echo(f"error: {message(problem)}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: run the same command again to resume", err=True)
        code = 130
    except BrokenPipeError:  # the reader closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except SystemExit:
        raise
    except BaseException as error:  # a panic in a library written in Rust is not an Exception
        code = _report(error)
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: BaseException) -> int:
    """Print one line about an exception that no command has turned into a message; returns the exit code."""
    system_error = describe_system_error(error)
    text = system_error or describe_unexpected_error(error)
    try:
        click.echo(f"error: {message(text)}", err=True)
        sys.stdout.flush()
    except (OSError, ValueError):  # standard output is what cannot be written: Python would try again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2 if system_error else UNEXPECTED


def _choose_cache_folder() -> None:
    """`BENCH_CACHE_DIR`, else a folder in the user's cache."""
    if named := os.environ.get("BENCH_CACHE_DIR"):
        use_cache_folder(named)
    else:
        base = os.environ.get("XDG_CACHE_HOME")
        use_cache_folder(Path(base) / "finetune-bench" if base else None)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
