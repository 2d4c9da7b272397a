"""Trials of single steps on this machine, from which the time of a cell follows."""

from harness.forecast.trials.answering import AnsweringTrial, most_tokens_read, try_answering
from harness.forecast.trials.cache import cached_trial, read_trials, repeat_slow_trials, trial_file
from harness.forecast.trials.cpu_pace import TrialValues
from harness.forecast.trials.size import WHOLE_MODEL, count_tried
from harness.forecast.trials.training import TrainingTrial, try_training

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
