"""One module for each format in which scores are written for other tools."""

from harness.interchange.writers.hub_results import HubDataset, build_eval_results, build_model_index
from harness.interchange.writers.lm_eval_results import build_lm_eval_results

__all__ = ["HubDataset", "build_eval_results", "build_lm_eval_results", "build_model_index"]
