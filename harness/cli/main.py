"""The `bench` command. Commands are imported when they are called, so that `bench --help` answers at once."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

import click

import harness
from harness.cli.wording import message
from harness.errors import BenchError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Command: the module and object that holds it, and its line in the help.
_COMMANDS = {
    "run": ("harness.cli.commands.run:run", "Fine-tune, score and price strategies on tasks."),
    "score": ("harness.cli.commands.score:score", "Score outputs that were made elsewhere, as a run like every other."),
    "plan": ("harness.cli.commands.plan:plan", "Say what the test rows of a task can show, before a run."),
    "report": ("harness.cli.commands.report:report", "Write the report of a run again, or print the run as JSON."),
    "compare": ("harness.cli.commands.compare:compare", "Compare two strategies of a run, or one strategy in two runs."),
    "gate": ("harness.cli.commands.gate:gate", "Say whether a model may replace the one in service."),
    "promote": ("harness.cli.commands.gate:promote", "Put a model in service, if it passes the gate."),
    "registry": ("harness.cli.commands.gate:registry", "Show what is in service, and its history."),
    "rollback": ("harness.cli.commands.gate:rollback", "Put the model before back in service."),
    "review": ("harness.cli.commands.review:review", "Let people judge outputs: packets out, ratings back."),
    "predict": ("harness.cli.commands.predict:predict", "Answer new rows with a model that a run has made."),
    "export": ("harness.cli.commands.export:export", "Write an adapter or a model as a folder that other programs load."),
    "tasks": ("harness.cli.commands.tasks:tasks", "List, show and validate tasks."),
    "strategies": ("harness.cli.commands.strategies:strategies", "List and show strategies."),
    "models": ("harness.cli.commands.models:models", "List the models that can be named here."),
    "init": ("harness.cli.commands.init:init", "Look at a data file and write the YAML of a task for it."),
    "doctor": ("harness.cli.commands.doctor:doctor", "Say what works on this machine, and what to do about what does not."),
    "completion": ("harness.cli.commands.completion:completion", "Print the script that completes commands and names in a shell."),
}


class _LazyGroup(click.Group):
    """A group that imports a command's module only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names of commands without importing them, and the options."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=text) for name, (_, text) in _COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(harness.__version__, prog_name="bench")
def cli() -> None:
    """Which way of adapting a model is good enough, and at what cost?

    bench fine-tunes every strategy on every task, scores each output, prices each phase and compares them with statistics that hold.
    """


def main() -> None:
    """The entry point: errors of the user's are one clear message and exit code 2, an interruption is 130."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        # the name also decides which variable the shell's completion sets, however the program was started
        code = cli.main(prog_name="bench", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except BenchError as error:
        for problem in error.problems:
            click.echo(f"error: {message(problem)}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: the same command goes on where it stopped", err=True)
        code = 130
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
