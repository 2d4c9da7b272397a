"""Hosted models, asked through an OpenAI-compatible interface: prompts, labels, costs, and answers that are paid once."""

from harness.engine.hosted.all_questions import ask_all, price_of_answer
from harness.engine.hosted.answer_cache import AnswerCache, HostedReply, request_key
from harness.engine.hosted.asking import HostedAnswer, HostedAsker, HostedQuestion, TextForm
from harness.engine.hosted.chat_prompts import chat_prompt
from harness.engine.hosted.label_likelihood import label_logprobs
from harness.engine.hosted.request_body import HostedForm, find_label, most_new_tokens, read_reply
from harness.engine.hosted.spending import CostLimitError, HostedSpending, write_amount
from harness.engine.hosted.token_estimate import (
    NOTHING,
    RangedEstimate,
    estimate_answer,
    estimate_price,
    estimate_prompt,
    estimate_tokens,
)

__all__ = [
    "NOTHING",
    "AnswerCache",
    "CostLimitError",
    "HostedAnswer",
    "HostedAsker",
    "HostedForm",
    "HostedQuestion",
    "HostedReply",
    "HostedSpending",
    "RangedEstimate",
    "TextForm",
    "ask_all",
    "chat_prompt",
    "estimate_answer",
    "estimate_price",
    "estimate_prompt",
    "estimate_tokens",
    "find_label",
    "label_logprobs",
    "most_new_tokens",
    "price_of_answer",
    "read_reply",
    "request_key",
    "write_amount",
]
