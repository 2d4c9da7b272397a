"""Code for the model card: how to load and use a tuned model without bench. It runs in the folder of the export as it is printed."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

from harness.engine.artifacts.exports.base_copy import BasePlace
from harness.engine.artifacts.exports.gguf_file import GGUF_FILE
from harness.engine.artifacts.exports.prompt_file import PROMPT_FILE, PromptParts
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
_INPUT = "Write the text here."


@dataclass(frozen=True)
class Usage:
    """What the code depends on. `base` is where an adapter's base model is, None for a whole model; `dtype` is what the run computed in.

    `has_gguf` tells whether a GGUF file is beside the whole model.
    """

    task: Task
    strategy: Strategy
    shape: Shape
    parts: PromptParts
    base: BasePlace | None
    dtype: str
    has_gguf: bool = False

    @property
    def chooses(self) -> bool:
        """Whether the answer is the most likely label of a model that could also write."""
        return self.task.chooses and self.shape != "encoder"


def usage_section(usage: Usage) -> list[str]:
    """Markdown lines: code for transformers (with PEFT for an adapter), and for vLLM and llama.cpp if they support the model."""
    packages = ["torch", "transformers", *(["peft"] if usage.base else []), *(["bitsandbytes"] if _quantized(usage) else []), "jinja2"]
    ids = "tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids"
    lines = [
        "## Usage",
        "",
        _requirements(packages),
        "Run this in the folder of this file. It prints the answer to the texts in `inputs`:",
        "",
        *_fenced([*_loading(usage), "", *_prompt(usage, ids), "", *_answer(usage)]),
        f"Where an input was too long, the run cut it, so that prompt and answer fit into {usage.task.max_length:,} tokens and into the",
        "model's context. This code does not cut it.",
        "",
    ]
    return lines if usage.shape != "decoder" else [*lines, *_vllm(usage), *_llama_cpp(usage)]


def gguf_section(usage: Usage) -> list[str]:
    """Markdown lines: code for a GGUF file, with llama.cpp's Python binding."""
    greedy = f"max_tokens={usage.task.decode.max_new_tokens}, temperature=0.0, repeat_penalty=1.0"
    stop = f", stop={list(usage.task.decode.stop)!r}" if usage.task.decode.stop else ""
    code = [
        "import json",
        "",
        "from jinja2 import StrictUndefined",
        "from jinja2.sandbox import ImmutableSandboxedEnvironment",
        "from llama_cpp import Llama",
        "",
        *_settings(usage),
        "",
        f'model = Llama(f"{{folder}}/{GGUF_FILE}", n_ctx=0, verbose=False)',
        "",
        *_prompt(usage, "model.tokenize(text.encode(), add_bos=False, special=False)"),
        "",
        f"output = model.create_completion(ids, {greedy}{stop})",
        'print(output["choices"][0]["text"].strip())',
    ]
    note = ["The scores are those of the task's most likely label. This code writes an answer instead, which may differ.", ""]
    return [
        "## Usage",
        "",
        "Install llama-cpp-python and jinja2.",
        "Run this in the folder of this file. It prints the answer to the texts in `inputs`:",
        "",
        *_fenced(code),
        *(note if usage.chooses else []),
    ]


def _requirements(packages: list[str]) -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return f"Install {', '.join(packages)}; the export was made with {versions}."


def _settings(usage: Usage) -> list[str]:
    inputs = ", ".join(f"{name!r}: {_INPUT!r}" for name in usage.parts.inputs)
    return ['folder = "."  # the folder of this file', f"inputs = {{{inputs}}}"]


def _prompt(usage: Usage, tokenize: str) -> list[str]:
    """The code from the inputs to the token ids."""
    lines = [f'with open(f"{{folder}}/{PROMPT_FILE}", encoding="utf-8") as file:', "    prompt = json.load(file)"]
    if usage.parts.template is None:
        lines += ['text = "\\n".join(inputs.values())']
    else:
        strip = ".strip()" if usage.parts.chat else ""
        lines += [
            "jinja = ImmutableSandboxedEnvironment(keep_trailing_newline=True, undefined=StrictUndefined)",
            f'text = jinja.from_string(prompt["template"]).render(inputs, choices=prompt["choices"]){strip}',
        ]
    return [*lines, f'ids = prompt["before"] + {tokenize} + prompt["after"]']


def _answer(usage: Usage) -> list[str]:
    """The code from the token ids to the printed answer."""
    if usage.shape == "encoder":
        return [
            "with torch.no_grad():",
            "    scores = model(input_ids=torch.tensor([ids])).logits",
            "print(model.config.id2label[int(scores.argmax())])",
        ]
    if usage.chooses:
        return _most_likely_label(usage)
    lines = ["ids = torch.tensor([ids])"]
    if usage.base and virtual_tokens(usage.strategy):
        lines += _greedy_loop(usage)
    else:
        lines += [
            "output = model.generate(",
            "    input_ids=ids,",
            "    attention_mask=torch.ones_like(ids),",
            f"    max_new_tokens={usage.task.decode.max_new_tokens},",
        ]
        if usage.base:
            lines += [f"    {_GREEDY},", '    eos_token_id=prompt["stop_ids"],', '    pad_token_id=prompt["pad_id"],']
        else:  # the generation_config.json of a whole model is written by bench
            lines += ["    do_sample=False,"]
        lines += [")"]
    lines += [f"text = tokenizer.decode(output[0{', ids.shape[1]:' if usage.shape == 'decoder' else ''}], skip_special_tokens=True)"]
    if usage.task.decode.stop:
        lines += [f"for stop in {list(usage.task.decode.stop)!r}:", "    text = text.partition(stop)[0]"]
    return [*lines, "print(text.strip())"]


def _most_likely_label(usage: Usage) -> list[str]:
    """As it was measured: the label with the highest likelihood, its end token included."""
    if usage.shape == "decoder":
        call = [
            "    row = torch.tensor([ids + label])",
            "    with torch.no_grad():",
            "        scores = model(input_ids=row, attention_mask=torch.ones_like(row), use_cache=False).logits[0, -len(label) - 1 : -1]",
        ]
    else:
        call = [
            "    start = [model.config.decoder_start_token_id, *label[:-1]]",
            "    with torch.no_grad():",
            "        scores = model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([start])).logits[0]",
        ]
    return [
        "def likelihood(label):",
        *call,
        "    return float(scores.float().log_softmax(dim=-1)[range(len(label)), label].sum())",
        "",
        'labels = prompt["labels"]',
        "print(max(labels, key=lambda name: likelihood(labels[name])))",
    ]


def _greedy_loop(usage: Usage) -> list[str]:
    """Generation by forward passes: PEFT's `generate` gives other tokens for a model with virtual tokens (peft 0.21)."""
    return [
        "output = ids",
        "with torch.no_grad():  # with transformers 5, PEFT's generate places the virtual tokens incorrectly",
        f"    for _ in range({usage.task.decode.max_new_tokens}):",
        "        scores = model(input_ids=output, attention_mask=torch.ones_like(output), use_cache=False).logits[0, -1]",
        '        if int(scores.argmax()) in prompt["stop_ids"]:',
        "            break",
        "        output = torch.cat([output, scores.argmax()[None, None]], dim=1)",
    ]


def _loading(usage: Usage) -> list[str]:
    """The code from the imports to the model."""
    kind, quantization = _CLASSES[usage.shape], _quantized(usage)
    keeps_head = quantization is not None and usage.shape == "encoder"
    classes = sorted([kind, "AutoTokenizer", *(["BitsAndBytesConfig"] if quantization else [])])
    renders = usage.parts.template is not None
    lines = [
        "import json",
        "",
        "import torch",
        *(["from jinja2 import StrictUndefined", "from jinja2.sandbox import ImmutableSandboxedEnvironment"] if renders else []),
        *([f"from peft import {'PeftConfig, ' if keeps_head else ''}PeftModel"] if usage.base else []),
        f"from transformers import {', '.join(classes)}",
        "",
        *_settings(usage),
        "",
        "tokenizer = AutoTokenizer.from_pretrained(folder)",
    ]
    if usage.base is None:
        return [*lines, f'model = {kind}.from_pretrained(folder, dtype="auto")']
    options = [f'dtype="{usage.dtype}"']
    if usage.base.revision:
        options += [f'revision="{usage.base.revision}"']
    if quantization:
        lines += _four_bit(quantization, usage.dtype, keeps_head)
        options += ["quantization_config=four_bit"]
    if usage.shape == "encoder":
        lines += [f"labels = {list(usage.parts.choices)!r}"]
        options += ["id2label=dict(enumerate(labels))", "label2id={label: i for i, label in enumerate(labels)}"]
        options += ["ignore_mismatched_sizes=True"]  # the base may have a head for other labels; the right one is in the adapter
    lines += [f"model = {kind}.from_pretrained(", f"    {_base(usage.base)},", *[f"    {option}," for option in options]]
    return [*lines, ")", "model = PeftModel.from_pretrained(model, folder)"]


def _base(base: BasePlace) -> str:
    """The base model as an expression of Python."""
    return repr(base.hub) if base.hub else f'f"{{folder}}/{base.reference.removeprefix("./")}"'


def _four_bit(spec: QuantizationSpec, dtype: str, keeps_head: bool) -> list[str]:
    head = ["    llm_int8_skip_modules=PeftConfig.from_pretrained(folder).modules_to_save,  # the head is not quantized"]
    return [
        "four_bit = BitsAndBytesConfig(",
        f'    load_in_4bit=True, bnb_4bit_quant_type="{spec.type}", bnb_4bit_use_double_quant={spec.double_quantization},',
        f"    bnb_4bit_compute_dtype=torch.{dtype},",
        *(head if keeps_head else []),
        ")",
    ]


def _quantized(usage: Usage) -> QuantizationSpec | None:
    return usage.strategy.quantization if usage.base else None


def _vllm(usage: Usage) -> list[str]:
    """The same answer by vLLM, from the ids of the first block; nothing if vLLM does not support the adapter."""
    sampling = f'temperature=0, max_tokens={usage.task.decode.max_new_tokens}, stop_token_ids=prompt["stop_ids"]'
    sampling += f", stop={list(usage.task.decode.stop)!r}" if usage.task.decode.stop else ""
    imports, model, more = ["from vllm import LLM, SamplingParams"], "folder", ""
    if usage.base:
        rank = _vllm_rank(usage.strategy)
        if rank is None:
            return []
        imports += ["from vllm.lora.request import LoRARequest"]
        revision = f', revision="{usage.base.revision}"' if usage.base.revision else ""
        model = f"{_base(usage.base)}{revision}, enable_lora=True, max_lora_rank={rank}"
        more = ', lora_request=LoRARequest("tuned", 1, folder)'
    code = [
        *imports,
        "",
        f"llm = LLM(model={model})",
        f'outputs = llm.generate({{"prompt_token_ids": prompt_ids}}, SamplingParams({sampling}){more})',
        "print(outputs[0].outputs[0].text.strip())",
    ]
    source = "the list `ids`" if usage.chooses else "`ids[0].tolist()`"
    note = " vLLM writes an answer; the scores are those of the most likely label, which may differ." if usage.chooses else ""
    return [f"vLLM, where `prompt_ids` is {source} of the code above.{note}", "", *_fenced(code)]


def _llama_cpp(usage: Usage) -> list[str]:
    if usage.base:
        return []
    command = f"llama-server -m {GGUF_FILE}" if usage.has_gguf else f"python convert_hf_to_gguf.py . --outfile {GGUF_FILE}"
    return ["llama.cpp:", "", *_fenced([command], "sh")]


def _vllm_rank(strategy: Strategy) -> int | None:
    """The value of vLLM's max_lora_rank for the adapter; None if vLLM does not support the adapter."""
    adapter = strategy.adapter
    unsupported = {name: value for name, value in adapter.items() if name not in _VLLM_FIELDS and value and value != "none"}
    if unsupported.get("init_lora_weights") in (True, "gaussian"):  # other initializations change the base model
        del unsupported["init_lora_weights"]
    if str(adapter.get("peft_type")).upper() != "LORA" or unsupported or strategy.quantization is not None:
        return None
    return next((rank for rank in _VLLM_RANKS if rank >= adapter.get("r", _DEFAULT_RANK)), None)


def _fenced(lines: list[str], language: str = "python") -> list[str]:
    return [f"```{language}", *lines, "```", ""]
