"""From an example to a prompt, and from a prompt to token ids."""

from harness.engine.prompts.budget import prompt_budget, virtual_tokens
from harness.engine.prompts.few_shot import shots_for
from harness.engine.prompts.prompt_encoder import EncodedPrompt, PromptEncoder, Shot
from harness.engine.prompts.rendering import render_for, target_for

__all__ = [
    "EncodedPrompt",
    "PromptEncoder",
    "Shot",
    "prompt_budget",
    "render_for",
    "shots_for",
    "target_for",
    "virtual_tokens",
]
