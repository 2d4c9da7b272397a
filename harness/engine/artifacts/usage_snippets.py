"""How a tuned model is loaded without bench, as the lines of its card."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engine.prompts import virtual_tokens
from harness.types import QuantizationSpec, Shape, Strategy, Task

_CLASSES: dict[Shape, str] = {
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
    "encoder": "AutoModelForSequenceClassification",
}
# The values that vLLM takes as max_lora_rank (MaxLoRARanks in vllm/config/lora.py), and the fields of a LoRA that it reads or may ignore.
# Others it refuses (use_dora, modules_to_save, bias), or computes something else in silence (alpha_pattern).
_VLLM_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
_VLLM_FIELDS = frozenset({"peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "exclude_modules"})
# Whatever search and penalties the base model's own generation_config.json asks for, nothing of it was measured.
_GREEDY = "do_sample=False, num_beams=1, repetition_penalty=1.0, no_repeat_ngram_size=0, min_length=0"


def how_to_load(task: Task, strategy: Strategy, shape: Shape, *, base: str, adapter: bool, dtype: str, labels: Sequence[str]) -> list[str]:
    """Markdown: with transformers (and PEFT for an adapter), with vLLM and llama.cpp where they can.

    Args:
        base: how people know the base model.
        adapter: whether the folder holds an adapter, and not a whole model.
        dtype: what the base model computed in when it was measured.
        labels: what there is to choose from, in the order of the outputs of an encoder's head; none where text is written.
    """
    lines = ["## How to load it", "", *_fenced(_transformers(task, strategy, shape, base, adapter, dtype, labels))]
    if task.chooses and shape != "encoder":
        lines += [
            "The scores are of the most likely of the task's labels, its end token included; what `generate` writes can be something else.",
            "`bench predict` chooses as it was measured.",
            "",
        ]
    if shape == "decoder" and not adapter:
        lines += ["vLLM:", "", *_fenced(["from vllm import LLM, SamplingParams", "", 'llm = LLM(model=".")', *_vllm_call(task)])]
        lines += ["llama.cpp:", "", *_fenced(["python convert_hf_to_gguf.py . --outfile model.gguf"], "sh")]
    elif shape == "decoder" and (rank := _vllm_rank(strategy)) is not None:
        lora = [
            "from vllm import LLM, SamplingParams",
            "from vllm.lora.request import LoRARequest",
            "",
            f"llm = LLM(model={base!r}, enable_lora=True, max_lora_rank={rank})",
            *_vllm_call(task, ', lora_request=LoRARequest("tuned", 1, ".")'),
        ]
        lines += ["vLLM:", "", *_fenced(lora)]
    return lines


def _vllm_rank(strategy: Strategy) -> int | None:
    """What vLLM's max_lora_rank must be for the adapter; None where vLLM does not take it."""
    adapter = strategy.adapter
    more = {name: value for name, value in adapter.items() if name not in _VLLM_FIELDS and value and value != "none"}
    if more.get("init_lora_weights") in (True, "gaussian"):  # others change the base model
        del more["init_lora_weights"]
    if str(adapter.get("peft_type")).upper() != "LORA" or more or strategy.quantization is not None:
        return None
    return next((rank for rank in _VLLM_RANKS if rank >= adapter.get("r", 8)), None)  # 8 is PEFT's default


def _transformers(task: Task, strategy: Strategy, shape: Shape, base: str, adapter: bool, dtype: str, labels: Sequence[str]) -> list[str]:
    """Code that prints what was measured."""
    soft_prompt = adapter and virtual_tokens(strategy) > 0
    lines = [*_loading(strategy, shape, base, adapter, dtype, labels, uses_torch=soft_prompt), ""]
    if shape == "encoder":
        bare = strategy.prompt is None
        lines += [
            f"prompt = …  # {'your inputs, one below the other' if bare else 'the prompt below with your inputs in it'}",
            'scores = model(**tokenizer(prompt, return_tensors="pt")).logits',
        ]
        return [*lines, "print(model.config.id2label[int(scores.argmax())])"]
    lines += ["prompt = …  # the prompt below with your inputs in it"]
    special = ""
    if shape == "decoder" and task.prompt_format != "plain":
        lines += [
            "chat = bool(tokenizer.chat_template)",
            "if chat:",
            '    turns = [{"role": "user", "content": prompt.strip()}]',
            "    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)",
        ]
        special = ", add_special_tokens=not chat"
    lines += [f'inputs = tokenizer(prompt, return_tensors="pt"{special})']
    if soft_prompt:
        lines += _greedy_loop(task.decode.max_new_tokens)
    else:
        greedy = _GREEDY if adapter else "do_sample=False"  # a whole model has a generation_config.json of ours
        lines += [f"output = model.generate(**inputs, {greedy}, max_new_tokens={task.decode.max_new_tokens})[0]"]
    lines += [f"text = tokenizer.decode(output{'[inputs.input_ids.shape[1]:]' if shape == 'decoder' else ''}, skip_special_tokens=True)"]
    if task.decode.stop:
        lines += [f"for stop in {list(task.decode.stop)!r}:", "    text = text.partition(stop)[0]"]
    return [*lines, "print(text.strip())"]


def _loading(
    strategy: Strategy, shape: Shape, base: str, adapter: bool, dtype: str, labels: Sequence[str], *, uses_torch: bool
) -> list[str]:
    """From the imports to the model."""
    kind = _CLASSES[shape]
    quantization = strategy.quantization if adapter else None
    heads = quantization is not None and shape == "encoder"
    lines = ["import torch"] if quantization or uses_torch else []
    lines += [f"from peft import {'PeftConfig, ' if heads else ''}PeftModel"] if adapter else []
    lines += [f"from transformers import {', '.join(sorted([kind, 'AutoTokenizer', *(['BitsAndBytesConfig'] if quantization else [])]))}"]
    lines += ["", 'tokenizer = AutoTokenizer.from_pretrained(".")']
    if not adapter:
        return [*lines, f'model = {kind}.from_pretrained(".", dtype="auto")']
    options = []
    if quantization:
        lines += _quantization(quantization, dtype, heads)
        options += ["quantization_config=four_bit"]
    if shape == "encoder":
        lines += [f"labels = {list(labels)!r}"]
        options += ["id2label=dict(enumerate(labels))", "label2id={label: i for i, label in enumerate(labels)}"]
        options += ["ignore_mismatched_sizes=True"]  # the base may have a head for other labels; ours is in the adapter
    lines += [f"model = {kind}.from_pretrained(", f"    {base!r},  # the base model: a name, or its folder"]
    lines += [f"    {option}," for option in (f'dtype="{dtype}"', *options)]
    return [*lines, ")", 'model = PeftModel.from_pretrained(model, ".")']


def _greedy_loop(tokens: int) -> list[str]:
    """Generation through the forward pass: PEFT's `generate` gives other tokens to a model with trained ones in front (peft 0.21)."""
    return [
        "output = inputs.input_ids[0]",
        "with torch.no_grad():  # PEFT's generate puts the trained tokens in wrongly with transformers 5",
        f"    for _ in range({tokens}):",
        "        seen = output[None]",
        "        scores = model(input_ids=seen, attention_mask=torch.ones_like(seen), use_cache=False).logits[0, -1]",
        "        if scores.argmax() == tokenizer.eos_token_id:",
        "            break",
        "        output = torch.cat([output, scores.argmax()[None]])",
    ]


def _quantization(spec: QuantizationSpec, dtype: str, heads: bool) -> list[str]:
    whole = ['    llm_int8_skip_modules=PeftConfig.from_pretrained(".").modules_to_save,  # the head stays as it is']
    return [
        "four_bit = BitsAndBytesConfig(",
        f'    load_in_4bit=True, bnb_4bit_quant_type="{spec.type}", bnb_4bit_use_double_quant={spec.double_quantization},',
        f"    bnb_4bit_compute_dtype=torch.{dtype},",
        *(whole if heads else []),
        ")",
    ]


def _vllm_call(task: Task, more: str = "") -> list[str]:
    stop = f", stop={list(task.decode.stop)!r}" if task.decode.stop else ""
    rest = f"SamplingParams(temperature=0, max_tokens={task.decode.max_new_tokens}{stop}){more})"
    if task.prompt_format == "plain":
        return [f"llm.generate(prompt, {rest}"]
    chat = f'llm.chat([{{"role": "user", "content": prompt.strip()}}], {rest}'
    return [chat, *(["# for a model without a chat template: llm.generate(prompt, …)"] if task.prompt_format == "auto" else [])]


def _fenced(lines: list[str], language: str = "python") -> list[str]:
    return [f"```{language}", *lines, "```", ""]
