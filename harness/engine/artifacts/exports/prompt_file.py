"""`prompt.json` of an export: everything that turns a user's inputs into the token ids that the run's model read.

A prompt that is printed on the card would lose what Markdown does not show, such as a line break at its end, and a chat template would be
rendered by the version of the library that reads it. Token ids around the prompt are the same everywhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.data.privacy import TextGuard
from harness.engine.artifacts.exports.anonymized_texts import anonymize_template
from harness.engine.models import quiet_libraries
from harness.engine.prompts import PromptEncoder
from harness.errors import BenchError, first_line
from harness.results import FinishedCell
from harness.store import write_json

PROMPT_FILE = "prompt.json"


@dataclass(frozen=True)
class PromptParts:
    """What the code of a card needs to repeat the prompts of a run.

    `template` is Jinja; None if the model reads the inputs alone, one per line. `inputs` are the names of its variables, `choices` the
    labels that it may show. The ids of the rendered text stand between `before` and `after`. `labels` are the ids of each label that a
    model chooses from, its end token included; empty if it writes text, and for encoders. `stop_ids` end an output.
    """

    template: str | None
    inputs: tuple[str, ...]
    choices: tuple[str, ...]
    chat: bool
    before: tuple[int, ...]
    after: tuple[int, ...]
    labels: dict[str, list[int]]
    stop_ids: tuple[int, ...]
    pad_id: int

    @classmethod
    def of(cls, finished: FinishedCell, tokenizer: Any, guard: TextGuard | None = None) -> PromptParts:
        """The prompt of a finished cell, for a model with this tokenizer.

        Args:
            guard: what replaces identifiers of people in the template.
        """
        task, strategy, shape = finished.task, finished.strategy, finished.shape
        encoder = PromptEncoder(tokenizer, task.prompt_format, shape)
        before, after = encoder.frame
        choices = finished.example.choices
        labels = dict(zip(choices, encoder.completions(choices), strict=True)) if task.chooses and shape != "encoder" else {}
        template = None if shape == "encoder" and strategy.prompt is None else strategy.prompt or task.prompt
        return cls(
            template=template if template is None or guard is None else anonymize_template(template, guard),
            inputs=tuple(dict.fromkeys(name for example in finished.run.examples(task.name) for name in example.inputs)),
            choices=choices,
            chat=encoder.chat,
            before=tuple(before),
            after=tuple(after),
            labels=labels,
            stop_ids=tuple(sorted(encoder.stop_ids)),
            pad_id=encoder.pad_id,
        )

    def write(self, folder: Path) -> None:
        """Write the file; it holds no example of the run."""
        write_json(folder / PROMPT_FILE, asdict(self))


def stored_tokenizer(finished: FinishedCell, *, trust_remote_code: bool = False) -> Any:
    """The tokenizer that is stored with a cell's trained weights.

    Raises:
        BenchError: it is damaged.
    """
    quiet_libraries()
    from transformers import AutoTokenizer

    folder = finished.files.artifact
    try:
        return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=trust_remote_code)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # tokenizers, written in Rust, panic
        raise BenchError(f"{folder}: its tokenizer cannot be loaded: {first_line(error)}") from None
