"""Trials of single steps on this machine, from which the time of a cell follows."""

from harness.forecast.trials.answering_trials import AnsweringTrial, most_tokens_read, try_answering
from harness.forecast.trials.cpu_pace import TrialValues
from harness.forecast.trials.size import WHOLE_MODEL, count_tried
from harness.forecast.trials.training_trials import TrainingTrial, try_training
from harness.forecast.trials.trial_cache import cached_trial, read_trials, repeat_slow_trials, trial_file

__all__ = [
    "WHOLE_MODEL",
    "AnsweringTrial",
    "TrainingTrial",
    "TrialValues",
    "cached_trial",
    "count_tried",
    "most_tokens_read",
    "read_trials",
    "repeat_slow_trials",
    "trial_file",
    "try_answering",
    "try_training",
]
