"""Headings, column names and other short labels of reports. Whole sentences are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Mapping

from harness.decision import CandidateStatus
from harness.types import Phase

CONFIDENCE_INTERVAL = "95% CI"
LOW_CONFIDENCE_MARK = "†"
LOW_CONFIDENCE_NOTE = f"{LOW_CONFIDENCE_MARK} Low confidence: too few examples, or too unevenly distributed, for a reliable interval."

PHASE_NAMES: Mapping[Phase, str] = {
    "load": "load",
    "train": "train",
    "validate": "validate",
    "store": "store",
    "predict": "predict",
    "score": "score",
}
KIND_NAMES: Mapping[str, str] = {"qa": "Question answering"}
STANDING_ANSWERS: Mapping[CandidateStatus, str] = {
    "chosen": "yes",
    "admissible": "yes",
    "undecided": "too close to call",
    "worse": "no, worse",
    "excluded": "ruled out",
}
STANDING_NAMES: Mapping[CandidateStatus, str] = {
    **STANDING_ANSWERS,
    "chosen": "as good as the best",
    "admissible": "as good as the best",
    "worse": "worse",
}
AS_GOOD_LEFT = "as good as the best that is not ruled out"

AS_GOOD_AS_BEST = "As good as the best?"
AS_GOOD_AS_BEST_LEFT = "As good as the best that is not ruled out?"

# Column headings in the terminal.
TERMINAL_HEADINGS: Mapping[str, str] = {
    "strategy": "strategy",
    "status": "status",
    "seeds": "seeds",
    "versus_base": "vs. base",
    "training": "training",
    "total": "total",
    "cost": "cost",
    "memory": "peak memory",
    "score": "score",
    "slice": "slice",
    "examples": "examples",
    "difference": "difference",
    "p": "p",
    "verdict": "verdict",
    "over_seeds": "with other seeds",
    "counts": "better/equal/worse",
    "not_worse": "not worse by Δ",
}
NOTEBOOK_HEADINGS = ("strategy", CONFIDENCE_INTERVAL, "vs. base", "cost", "status")
NOTEBOOK_LINK = "report"
MARKDOWN_HEADINGS = ("strategy", "cost to train", "cost per 1,000 outputs", "time per output", "memory")

# By section of the HTML report, then by the name that its template uses.
LABELS: Mapping[str, str] = {
    # the page
    "skip": "Skip to the report",
    "run": "Run",
    "created": "Created",
    "device": "Device",
    "unknown_device": "unknown",
    "contents": "Contents",
    "decision": "Decision",
    "safety": "Safety",
    "cost": "Cost",
    "evidence": "Evidence",
    "appendix": "Appendix",
    "appendix_contents": "every score, phases, training curves, subgroups, classes, data and methods",
    "provenance_contents": "run, device, command, models, versions and price",
    "copy_summary": "Copy summary",
    "print": "Print",
    "experiments": "Experiments",
    "time_spent": "Time spent",
    "money_spent": "Money spent",
    "summary": "Summary",
    "strategy": "Strategy",
    "seeds": "Seeds",
    "seed": "seed",
    "test_examples": "Test examples",
    "example": "example",
    "peak_memory": "Peak memory",
    "not_run": "not run",
    "recommended": "recommended",
    # a task
    "primary_score": "primary score",
    "margin": "accepted margin",
    "gate": "Release gate",
    "human_review": "Human review",
    "why": "Why",
    "guardrails": "Guardrails",
    "cost_of_use": "What training and using each strategy costs",
    "cost_to_train": "Cost to train",
    "time_to_train": "Time to train",
    "cost_per_thousand": "Cost per 1,000 outputs",
    "time_per_output": "Time per output",
    "quality_vs_cost": "Quality and cost",
    # compared with the base
    "versus_base": "Compared with the untuned model",
    "difference": "Difference",
    "verdict": "Verdict",
    "p": "p",
    # the gate
    "gates": "Can it replace the current model?",
    "judged": "Models and policy",
    # all pairs
    # compared with full fine-tuning
    "versus_full": "Compared with full fine-tuning",
    "versus_full_table": "Share of full fine-tuning’s improvement, and of its cost",
    "improvement": "Improvement",
    "cost_of_run": "Cost of the run",
    "size_stored": "Size on disk",
    # learning curves
    "learning": "Would more training data help?",
    "predicted": "predicted",
    "gain": "gain",
    "twice_largest": "Twice the largest size",
    "learning_method": "How the forecasts were computed",
    "learning_legend": "filled: measured; open and dashed: predicted; bars are 95% CIs",
    # all scores
    "scores": "All scores",
    "score": "Score",
    "scores_table": f"Every score, with {CONFIDENCE_INTERVAL}s",
    "unchecked": "not checked against people",
    "scores_method": "How these numbers were computed",
    "dropped": "not scored",
    "versus_base_method": "difference to the untuned model",
    # costs
    "costs": "Costs",
    "costs_table": "Time, memory and size of one run",
    "method": "Method",
    "total": "Total",
    "total_cost": "Total cost",
    "trivial": "Trivial baseline",
    "tokens_per_second": "Training tokens/s",
    "of_device": "of the device",
    "peak_reserved": "Peak reserved",
    "parameters_trained": "Parameters trained",
    "of": "of",
    # training and notes
    "training": "Training curves",
    "loss_by_step": "loss by step",
    "overfitting": "overfitting after the best step",
    "notes": "Notes",
    # subgroups
    "slices": "Results by subgroup",
    "words_of_input": "words of the input",
    # classes
    "classes": "Classes",
    "class_table": "Scores by class",
    "label": "Label",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "predicted_as": "Predicted",
    "matrix": "Confusion matrix",
    "no_label": "(no label)",
    "confusions": "Most frequent confusions",
    "true_label": "True label",
    "share_of_label": "Share of the label",
    "calibration": "Confidence and accuracy",
    # data
    "data": "Data",
    "splits": "Examples by split",
    "split": "Split",
    "used": "Used",
    "sampled_from": "Sampled from",
    "lengths": "Lengths of the texts in the test set, in words",
    "text": "Text",
    "median": "Median",
    "most": "95% have at most",
    "longest": "Longest",
    "empty": "Empty",
    "reference": "reference",
    "digest": "Digest",
    "duplicates": "Duplicates",
    "none": "none",
    "overlap": "Overlap between splits",
    "folded": "Merged",
    "unseen_labels": "Labels without training examples",
    # examples
    "examples": "Examples",
    # provenance
    "provenance": "Provenance",
    "command": "Command",
    "plan_digest": "Plan digest",
    "training_seeds": "Seeds",
    "price": "Price",
    "model": "Model",
    "revision": "revision",
    # several tasks
    "overview_table": "Every strategy on every task",
    "cost_all_tasks": "Cost to train, all tasks",
    "time_all_tasks": "Time to train, all tasks",
    "overall": "Quality and cost over all tasks",
}
