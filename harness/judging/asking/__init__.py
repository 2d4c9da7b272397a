"""Ask a judge: a hosted model or one of this machine. Answers are kept as they come, and stored with the run once they are complete."""

from harness.judging.asking.hosted_judge import ask_hosted_judge, find_judge_problems, forecast_judge
from harness.judging.asking.kept_judgements import KeptJudgements, identify_judge
from harness.judging.asking.local_judge import ask_local_judge
from harness.judging.asking.own_outputs import list_own_strategies

__all__ = [
    "KeptJudgements",
    "ask_hosted_judge",
    "ask_local_judge",
    "find_judge_problems",
    "forecast_judge",
    "identify_judge",
    "list_own_strategies",
]
