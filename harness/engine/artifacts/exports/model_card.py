"""The model card beside every artifact: data, strategy, scores and costs, for readers who have only the folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.interchange import build_model_index
from harness.results import total_cost
from harness.store import RunPlan
from harness.types import CellResult, DataAbout, Score, Shape, Strategy, Task

CARD_TAGS = "tags: [finetune-bench]"  # the line by which an earlier export is recognized

_PIPELINES: dict[Shape, str] = {
    "decoder": "text-generation",
    "encoder-decoder": "text2text-generation",
    "encoder": "text-classification",
}
_IN_A_RUN = (
    "## Usage",
    "",
    "`bench predict` answers new examples with it. `bench export` writes a folder that other programs load.",
    "",
)


_ELSEWHERE = (
    "",
    "These weights were trained elsewhere, and tested here. What they were trained on, and what that cost, is not known. If test examples",
    "were among their training data, the scores below are too high.",
)


def model_card(
    task: Task,
    strategy: Strategy,
    plan: RunPlan,
    result: CellResult,
    scores: Mapping[str, Score],
    *,
    made: str = "",
    whole: bool = False,
    library: str = "transformers",
    usage: Sequence[str] = _IN_A_RUN,
) -> str:
    """Markdown with the front matter that the Hub reads.

    Args:
        made: how a whole model was made and checked, in sentences.
        whole: whether the folder holds a whole model, also where the strategy trained an adapter.
        library: what loads a whole model.
        usage: the lines about using the model.
    """
    model = plan.models[result.cell.model]
    is_adapter = strategy.has_adapter and not whole
    lines = [
        "---",
        *([f"base_model: {json.dumps(model.origin)}"] if model.revision else []),  # else it is no name on the Hub
        f"library_name: {'peft' if is_adapter else library}",
        f"pipeline_tag: {_PIPELINES[model.shape]}",
        CARD_TAGS,
        *_model_index(f"{strategy.name} on {task.name}", task, scores, _PIPELINES[model.shape]),
        "---",
        "",
        f"# {strategy.name} on {task.name}",
        "",
        f"Base model: `{model.name}`, sha256 `{model.digest}`" + (f", revision `{model.revision}`" if model.revision else "") + ".",
        *([made] if made else []),
        *(_quantization(strategy) if is_adapter else []),
        "",
        *_training(task, strategy, plan, result),
        *_scores(scores),
        *_costs(plan, result),
        *usage,
        "## License",
        "",
        f"These weights are derived from `{model.origin}`. Its license applies to them, and so may the license of the training data.",
        "Check both before you share them.",
        "",
    ]
    return "\n".join(lines)


def _model_index(name: str, task: Task, scores: Mapping[str, Score], pipeline: str) -> list[str]:
    """The scores in the front matter, which the Hub shows beside the model. They are written as JSON, which is valid YAML."""
    index = build_model_index(name, task, scores, pipeline=pipeline)
    return [f"model-index: {json.dumps(index, ensure_ascii=False)}"] if index else []


def _training(task: Task, strategy: Strategy, plan: RunPlan, result: CellResult) -> list[str]:
    report = plan.data[task.name]
    sizes = ", ".join(f"{size:,} {split}" for split, size in report.sizes.items())
    where = {"artifact": {"path"}} if strategy.artifact is not None else {}
    seed = "" if strategy.artifact is not None else f" Training seed: {result.cell.seed}."
    return [
        f"Task: `{task.name}` ({task.kind}). Data: `{json.dumps(dict(report.origin))}`. Examples: {sizes}.",
        *_about_data(task.data.about),
        "",
        f"Strategy: `{json.dumps(strategy.model_dump(mode='json', exclude_none=True, exclude=where))}`.{seed}",
        *(_ELSEWHERE if strategy.artifact is not None else []),
        "",
    ]


def _scores(scores: Mapping[str, Score]) -> list[str]:
    return [
        "| Score | Value | 95% CI | Test examples |",
        "| --- | --- | --- | --- |",
        *[f"| {name} | {_value(score)} | {_interval(score)} | {score.n} |" for name, score in scores.items()],
        "",
    ]


def _value(score: Score) -> str:
    return "–" if score.value is None else f"{score.value:.4f}"


def _interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return "–"
    return f"{score.low:.4f} to {score.high:.4f}" + ("" if score.reliable else " (low confidence)")


def _costs(plan: RunPlan, result: CellResult) -> list[str]:
    cost = total_cost(result.costs)
    price = "price unknown" if cost.price is None else f"{cost.price:.4f} {plan.options['price']['currency']}"
    phases = "loading and testing" if plan.get_strategy(result.cell).artifact is not None else "loading, training and testing"
    return [f"Cost of {phases}: {cost.seconds:.1f} s on {result.costs[0].device}, {price}.", ""]


def _about_data(about: DataAbout) -> list[str]:
    """What the task declares about its data; texts of people, so Markdown in them has no effect."""
    stated = {"source": about.source, "licence": about.license, "collection": about.collected, "anonymization": about.anonymization}
    lines = [f"Data {name}: `{' '.join(text.replace('`', ' ').split())}`." for name, text in stated.items() if text]
    return [*lines, *([f"Data card: <{''.join(about.url.replace('>', ' ').split())}>."] if about.url else [])]


def _quantization(strategy: Strategy) -> list[str]:
    if strategy.quantization is None:
        return []
    kind = strategy.quantization.type
    return [f"The scores were measured with the adapter on the base model in 4 bits ({kind}). On other weights, they may differ."]
