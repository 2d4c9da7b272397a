"""Models judge outputs: what they are asked, what they have said about a run, what their verdicts are as scores, and how biased they are.

Asking them is in `harness.judging.asking`, which alone needs an engine.
"""

from harness.judging.judge_biases import MOST_MISSING, JudgeBiases, estimate_share, has_too_many_missing, measure_biases
from harness.judging.judge_file import read_judge
from harness.judging.judge_prompts import answer_schema, write_prompt
from harness.judging.judge_questions import JudgeQuestion, list_judge_questions
from harness.judging.judge_record import Judgement, JudgeRecord, count_missing, load_judges, read_judge_record
from harness.judging.judge_scores import JudgeScores, load_judge_scores
from harness.judging.verdict_parsing import ParsedAnswer, WhyMissing, has_form, parse_answer

__all__ = [
    "MOST_MISSING",
    "JudgeBiases",
    "JudgeQuestion",
    "JudgeRecord",
    "JudgeScores",
    "Judgement",
    "ParsedAnswer",
    "WhyMissing",
    "answer_schema",
    "count_missing",
    "estimate_share",
    "has_form",
    "has_too_many_missing",
    "list_judge_questions",
    "load_judge_scores",
    "load_judges",
    "measure_biases",
    "parse_answer",
    "read_judge",
    "read_judge_record",
    "write_prompt",
]
