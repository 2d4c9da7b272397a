"""From an example to a prompt, and from a prompt to token ids."""

from harness.engine.prompts.budget import prompt_budget, virtual_tokens
from harness.engine.prompts.few_shot import render_shots
from harness.engine.prompts.prompt_encoder import EncodedPrompt, KeepTokens, PromptEncoder, Shot
from harness.engine.prompts.rendering import prompt_renderer, template_renderer, training_target

__all__ = [
    "EncodedPrompt",
    "KeepTokens",
    "PromptEncoder",
    "Shot",
    "prompt_budget",
    "prompt_renderer",
    "render_shots",
    "template_renderer",
    "training_target",
    "virtual_tokens",
]
