"""The model card of an export: the card of its cell, with code that runs in the folder as it is printed."""

from __future__ import annotations

from harness.data.privacy import TextGuard
from harness.engine.artifacts.exports.anonymized_texts import anonymize_strategy
from harness.engine.artifacts.exports.base_copy import BASE_FOLDER, BasePlace
from harness.engine.artifacts.exports.model_card import model_card
from harness.engine.artifacts.exports.prompt_file import PROMPT_FILE, PromptParts
from harness.engine.artifacts.exports.usage_snippets import Usage, gguf_section, usage_section
from harness.metrics import metrics_for
from harness.results import FinishedCell
from harness.statistics import compute_scores

ANONYMIZED = (
    "Identifiers of people that patterns found in the prompt were replaced by invented ones. The model was trained with the original "
    "prompt, so its outputs may differ from the measured ones where something was replaced."
)


def export_card(
    finished: FinishedCell,
    parts: PromptParts,
    *,
    base: BasePlace | None = None,
    made: str = "",
    gguf: bool = False,
    has_gguf: bool = False,
    guard: TextGuard | None = None,
) -> str:
    """The card of an export.

    Args:
        base: where the base model of an adapter is; None for a whole model.
        made: how a whole model was made and checked, in sentences.
        gguf: whether the model is a GGUF file.
        has_gguf: whether a GGUF file is beside the model.
        guard: what replaces identifiers of people in the texts of the card.
    """
    task, strategy = finished.task, finished.strategy if guard is None else anonymize_strategy(finished.strategy, guard)
    plan, result = finished.run.plan, finished.run.results[finished.cell.id]
    scorer = task.faithfulness.fingerprint or ""
    metrics = metrics_for(task.metrics, finished.example.choices, scorer=scorer, stored=plan.plugin_scores)
    scores = compute_scores(metrics, finished.run.examples(task.name), finished.run.predictions(finished.cell.id))
    usage = Usage(task, strategy, finished.shape, parts, base, result.provenance.get("dtype") or str(plan.options["dtype"]), has_gguf)
    lines = [
        *_base_section(finished, base),
        *(gguf_section(usage) if gguf else usage_section(usage)),
        *_prompt_section(parts, is_anonymized=guard is not None),
    ]
    library = "gguf" if gguf else "transformers"
    return model_card(task, strategy, plan, result, scores, made=made, whole=base is None, library=library, usage=lines)


def _base_section(finished: FinishedCell, base: BasePlace | None) -> list[str]:
    if base is None or base.hub is not None or base.included:
        return []
    model = finished.run.plan.models[finished.cell.model]
    return [
        "## Before you use it",
        "",
        f"The base model `{model.name}` (`{model.origin}`) is not part of this folder, and the run knows no place of it on the Hub.",
        f"Copy its folder, with config.json, tokenizer and safetensors, to `{BASE_FOLDER}/` here. On the machine that made this export,",
        "`bench export` can write it.",
        "",
    ]


def _prompt_section(parts: PromptParts, *, is_anonymized: bool) -> list[str]:
    if parts.template is None:
        return [
            "## The input it was tuned with",
            "",
            "Only the inputs of an example, one per line in the order of the task's fields: an encoder gets no instruction.",
            "",
        ]
    return [
        "## The prompt it was tuned with",
        "",
        f"`{PROMPT_FILE}` has the exact text, with every space and line break, and the token ids around it. It reads:",
        "",
        *([ANONYMIZED, ""] if is_anonymized else []),
        *[f"    {line}" for line in parts.template.splitlines()],
        "",
    ]
