"""Trained models on disk: checked, loaded, merged, exported and described."""

from harness.engine.artifacts.answered_rows import AnsweredRow, PredictionTable, row_to_json_line, rows_to_csv
from harness.engine.artifacts.answering import PART_ROWS, answer_rows
from harness.engine.artifacts.base_model import device_for, find_base
from harness.engine.artifacts.checks import check_artifact
from harness.engine.artifacts.exports import (
    ADDED_TOKENS,
    Completion,
    Exported,
    GgufUse,
    PromptParts,
    check_target,
    export_adapter,
    export_model,
    find_converter,
    make_export_guard,
    model_card,
    needs_base,
)
from harness.engine.artifacts.kept_answers import KeptAnswers, check_out_file, find_kept_answers
from harness.engine.artifacts.loading import load_finished, load_strategy_model
from harness.engine.artifacts.merge import merge_for_speed
from harness.engine.artifacts.new_examples import fit_examples, get_only_input
from harness.engine.artifacts.shots_file import load_shots, save_shots

__all__ = [
    "ADDED_TOKENS",
    "PART_ROWS",
    "AnsweredRow",
    "Completion",
    "Exported",
    "GgufUse",
    "KeptAnswers",
    "PredictionTable",
    "PromptParts",
    "answer_rows",
    "check_artifact",
    "check_out_file",
    "check_target",
    "device_for",
    "export_adapter",
    "export_model",
    "find_base",
    "find_converter",
    "find_kept_answers",
    "fit_examples",
    "get_only_input",
    "load_finished",
    "load_shots",
    "load_strategy_model",
    "make_export_guard",
    "merge_for_speed",
    "model_card",
    "needs_base",
    "row_to_json_line",
    "rows_to_csv",
    "save_shots",
]
