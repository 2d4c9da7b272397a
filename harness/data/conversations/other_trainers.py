"""Training examples in the forms that other trainers read. Each form is JSON Lines with a file that tells the trainer about them.

Sources: OpenAI's guide to supervised fine-tuning; TRL, "Dataset formats" (prompt-completion); LLaMA-Factory, data/README.md (sharegpt with
OpenAI's tags); Axolotl, "Conversation" (chat_template).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from harness.types import Turn

TrainerForm = Literal["openai", "trl", "llamafactory", "axolotl"]


def write_row(turns: Sequence[Turn], prompt: str, answer: str, form: TrainerForm, *, is_plain: bool) -> dict[str, Any]:
    """One example.

    Args:
        turns: those before the prompt.
        is_plain: whether the prompt must reach the model without a chat template. Only TRL has a form for that.
    """
    before = [*turns, Turn("user", prompt)]
    if form == "trl":
        if is_plain:
            return {"prompt": prompt, "completion": answer}
        return {"prompt": _write_turns(before), "completion": _write_turns([Turn("assistant", answer)])}
    return {"messages": _write_turns([*before, Turn("assistant", answer)])}


def describe_files(files: Mapping[str, str], name: str, form: TrainerForm) -> tuple[str, Any] | None:
    """The name and the content of the file by which a trainer finds the data; None if it needs none.

    Args:
        files: names by split.
        name: of the task.
    """
    if form == "llamafactory":
        tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant", "system_tag": "system"}
        layout = {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}
        return "dataset_info.json", {f"{name}_{split}": {"file_name": file, **layout} for split, file in files.items()}
    if form == "axolotl":
        keys = {"train": "datasets", "validation": "test_datasets"}
        return "axolotl.yaml", {keys[split]: [_describe_for_axolotl(file)] for split, file in files.items() if split in keys}
    return None


def _describe_for_axolotl(file: str) -> dict[str, Any]:
    chat = {"type": "chat_template", "field_messages": "messages", "message_property_mappings": {"role": "role", "content": "content"}}
    return {"path": file, "ds_type": "json", "split": "train", **chat, "roles_to_train": ["assistant"]}


def _write_turns(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]
