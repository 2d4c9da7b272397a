"""Code for the model card: how to load and use a tuned model without bench."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engine.prompts import virtual_tokens
from harness.types import QuantizationSpec, Shape, Strategy, Task

_CLASSES: dict[Shape, str] = {
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
    "encoder": "AutoModelForSequenceClassification",
}
# The values that vLLM accepts as max_lora_rank (MaxLoRARanks in vllm/config/lora.py), and the fields of a LoRA that it reads or can ignore.
# It refuses others (use_dora, modules_to_save, bias), or silently computes something else (alpha_pattern).
_VLLM_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
_VLLM_FIELDS = frozenset({"peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "exclude_modules"})
_DEFAULT_RANK = 8  # of PEFT
# Greedy decoding as it was measured, without the search and the penalties that the base model's generation_config.json may set.
_GREEDY = "do_sample=False, num_beams=1, repetition_penalty=1.0, no_repeat_ngram_size=0, min_length=0"


def usage_section(
    task: Task, strategy: Strategy, shape: Shape, *, base: str, is_adapter: bool, dtype: str, labels: Sequence[str]
) -> list[str]:
    """Markdown lines: code for transformers (with PEFT for an adapter), and for vLLM and llama.cpp if they support the model.

    Args:
        base: the public name of the base model.
        is_adapter: whether the folder contains an adapter, and not a whole model.
        dtype: the dtype that the base model computed in when it was measured.
        labels: the labels to choose from, in the order of the outputs of an encoder's head; none if text is generated.
    """
    lines = ["## Usage", "", *_fenced(_transformers(task, strategy, shape, base, is_adapter, dtype, labels))]
    if task.chooses and shape != "encoder":
        lines += [
            "The scores are those of the task's most likely label, including its end token. `generate` may write something else;",
            "`bench predict` chooses among the labels as measured.",
            "",
        ]
    if shape != "decoder":
        return lines
    if not is_adapter:
        lines += ["vLLM:", "", *_fenced(["from vllm import LLM, SamplingParams", "", 'llm = LLM(model=".")', *_vllm_call(task)])]
        return [*lines, "llama.cpp:", "", *_fenced(["python convert_hf_to_gguf.py . --outfile model.gguf"], "sh")]
    rank = _vllm_rank(strategy)
    return lines if rank is None else [*lines, "vLLM:", "", *_fenced(_vllm_lora(task, base, rank))]


def _vllm_rank(strategy: Strategy) -> int | None:
    """The value of vLLM's max_lora_rank for the adapter; None if vLLM does not support the adapter."""
    adapter = strategy.adapter
    unsupported = {name: value for name, value in adapter.items() if name not in _VLLM_FIELDS and value and value != "none"}
    if unsupported.get("init_lora_weights") in (True, "gaussian"):  # other initializations change the base model
        del unsupported["init_lora_weights"]
    if str(adapter.get("peft_type")).upper() != "LORA" or unsupported or strategy.quantization is not None:
        return None
    return next((rank for rank in _VLLM_RANKS if rank >= adapter.get("r", _DEFAULT_RANK)), None)


def _vllm_lora(task: Task, base: str, rank: int) -> list[str]:
    return [
        "from vllm import LLM, SamplingParams",
        "from vllm.lora.request import LoRARequest",
        "",
        f"llm = LLM(model={base!r}, enable_lora=True, max_lora_rank={rank})",
        *_vllm_call(task, ', lora_request=LoRARequest("tuned", 1, ".")'),
    ]


def _vllm_call(task: Task, more: str = "") -> list[str]:
    stop = f", stop={list(task.decode.stop)!r}" if task.decode.stop else ""
    rest = f"SamplingParams(temperature=0, max_tokens={task.decode.max_new_tokens}{stop}){more})"
    if task.prompt_format == "plain":
        return [f"llm.generate(prompt, {rest}"]
    chat = f'llm.chat([{{"role": "user", "content": prompt.strip()}}], {rest}'
    return [chat, *(["# for a model without a chat template: llm.generate(prompt, …)"] if task.prompt_format == "auto" else [])]


def _transformers(
    task: Task, strategy: Strategy, shape: Shape, base: str, is_adapter: bool, dtype: str, labels: Sequence[str]
) -> list[str]:
    """Code that prints the output that was measured."""
    soft_prompt = is_adapter and virtual_tokens(strategy) > 0
    lines = [*_loading(strategy, shape, base, is_adapter, dtype, labels, uses_torch=soft_prompt), ""]
    if shape == "encoder":
        return [*lines, *_classification(strategy)]
    lines += ["prompt = …  # the prompt below with your inputs", *_tokenization(task, shape)]
    if soft_prompt:
        lines += _greedy_loop(task.decode.max_new_tokens)
    else:
        greedy = _GREEDY if is_adapter else "do_sample=False"  # the generation_config.json of a whole model is written by bench
        lines += [f"output = model.generate(**inputs, {greedy}, max_new_tokens={task.decode.max_new_tokens})[0]"]
    lines += [f"text = tokenizer.decode(output{'[inputs.input_ids.shape[1]:]' if shape == 'decoder' else ''}, skip_special_tokens=True)"]
    if task.decode.stop:
        lines += [f"for stop in {list(task.decode.stop)!r}:", "    text = text.partition(stop)[0]"]
    return [*lines, "print(text.strip())"]


def _classification(strategy: Strategy) -> list[str]:
    prompt = "your inputs, one per line" if strategy.prompt is None else "the prompt below with your inputs"
    return [
        f"prompt = …  # {prompt}",
        'scores = model(**tokenizer(prompt, return_tensors="pt")).logits',
        "print(model.config.id2label[int(scores.argmax())])",
    ]


def _tokenization(task: Task, shape: Shape) -> list[str]:
    if shape != "decoder" or task.prompt_format == "plain":
        return ['inputs = tokenizer(prompt, return_tensors="pt")']
    return [
        "chat = bool(tokenizer.chat_template)",
        "if chat:",
        '    turns = [{"role": "user", "content": prompt.strip()}]',
        "    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)",
        'inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=not chat)',
    ]


def _loading(
    strategy: Strategy, shape: Shape, base: str, is_adapter: bool, dtype: str, labels: Sequence[str], *, uses_torch: bool
) -> list[str]:
    """The code from the imports to the model."""
    kind = _CLASSES[shape]
    quantization = strategy.quantization if is_adapter else None
    keeps_head = quantization is not None and shape == "encoder"
    classes = sorted([kind, "AutoTokenizer", *(["BitsAndBytesConfig"] if quantization else [])])
    lines = ["import torch"] if quantization or uses_torch else []
    lines += [f"from peft import {'PeftConfig, ' if keeps_head else ''}PeftModel"] if is_adapter else []
    lines += [f"from transformers import {', '.join(classes)}", "", 'tokenizer = AutoTokenizer.from_pretrained(".")']
    if not is_adapter:
        return [*lines, f'model = {kind}.from_pretrained(".", dtype="auto")']
    options = []
    if quantization:
        lines += _quantization(quantization, dtype, keeps_head)
        options += ["quantization_config=four_bit"]
    if shape == "encoder":
        lines += [f"labels = {list(labels)!r}"]
        options += ["id2label=dict(enumerate(labels))", "label2id={label: i for i, label in enumerate(labels)}"]
        options += ["ignore_mismatched_sizes=True"]  # the base may have a head for other labels; the right one is in the adapter
    lines += [f"model = {kind}.from_pretrained(", f"    {base!r},  # the base model: a name, or its folder"]
    lines += [f"    {option}," for option in (f'dtype="{dtype}"', *options)]
    return [*lines, ")", 'model = PeftModel.from_pretrained(model, ".")']


def _greedy_loop(tokens: int) -> list[str]:
    """Generation by forward passes: PEFT's `generate` gives other tokens for a model with virtual tokens (peft 0.21)."""
    return [
        "output = inputs.input_ids[0]",
        "with torch.no_grad():  # with transformers 5, PEFT's generate places the virtual tokens incorrectly",
        f"    for _ in range({tokens}):",
        "        ids = output[None]",
        "        scores = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits[0, -1]",
        "        if scores.argmax() == tokenizer.eos_token_id:",
        "            break",
        "        output = torch.cat([output, scores.argmax()[None]])",
    ]


def _quantization(spec: QuantizationSpec, dtype: str, keeps_head: bool) -> list[str]:
    head = ['    llm_int8_skip_modules=PeftConfig.from_pretrained(".").modules_to_save,  # the head is not quantized']
    return [
        "four_bit = BitsAndBytesConfig(",
        f'    load_in_4bit=True, bnb_4bit_quant_type="{spec.type}", bnb_4bit_use_double_quant={spec.double_quantization},',
        f"    bnb_4bit_compute_dtype=torch.{dtype},",
        *(head if keeps_head else []),
        ")",
    ]


def _fenced(lines: list[str], language: str = "python") -> list[str]:
    return [f"```{language}", *lines, "```", ""]
