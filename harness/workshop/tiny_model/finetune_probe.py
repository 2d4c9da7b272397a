"""A fine-tuning probe on a domain that pre-training never shows: from support tickets to structured summaries.

`python -m harness.workshop.tiny_model.finetune_probe DIR [--seed S]` fine-tunes a model with LoRA on 400 tickets, and measures how many
values of 100 new tickets are right. Customers and products have realistic names, not the random syllables of the corpus. The names and
products of the test tickets never occur in the training tickets.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _list("""
    Maria Jonas Priya Chen Olga Ahmed Lucia Pedro Ingrid Tomasz Fatima Hiroshi Grace Kwame Elena Marcus Noor Viktor Amelia Diego Sanna
    Bruno Leila Oscar Hanna Felix Zeynep Liam Astrid Rohan Camille Stefan Yara Mateo Nadia Patrick Ewa Simon Carmen Dmitri Freya Hassan
    Julia Kenji Laura Milan Nina Otto Petra Rafael
""")
LAST = _list("""
    Kowalski Fernandez Okafor Lindqvist Petrov Nakamura O'Brien Schmidt Rossi Haddad Johansson Mwangi Novak Delacroix Varga Thompson
    Gupta Yilmaz Eriksen Morales Papadakis Janssen Takahashi Rahman Silva Bergstrom Dubois Kaminski Abebe Castellanos Whitfield Zhang
    Horvath Nguyen Lombardi Ivanov Fischer Mbeki Salazar Quinn Hughes Aydin Vasquez Ferrari Olsen Banerjee Moreau Kimura Stewart Adeyemi
""")
BRANDS = _list("""
    Aero Blitz Cloud Data Echo Flux Giga Hyper Iono Jet Kine Luma Meta Nova Opti Pixel Quanta Robo Sonic Turbo Ultra Volt Wave Xeno
    Zephyr
""")
GOODS = _list("""
    Pad Phone Cam Desk Drive Hub Link Mouse Print Router Screen Switch Tab Watch Sync Vault Cast Box Dock Pod
""")
PROBLEMS = (
    "does not turn on",
    "keeps restarting",
    "shows a blank display",
    "makes a buzzing sound",
    "will not connect",
    "runs very hot",
    "lost all settings",
    "cannot be updated",
    "charges slowly",
    "stops after a few minutes",
    "prints error 42",
    "freezes at login",
)
WANTS = ("a refund", "a replacement", "a call back", "a repair", "an explanation", "a discount")
CHATTER = (
    "Thanks for your patience.",
    "Sorry, my connection is bad.",
    "I have been a customer for years.",
    "Let me look that up.",
    "One moment please.",
    "I already read the manual.",
    "My colleague has the same one and it is fine.",
    "Is this call recorded?",
)
FIELDS = ("Customer", "Product", "Order", "Problem", "Wants")
PROMPT = "Summarize the ticket.\n\n{dialogue}\n\nSummary:\n"


def ticket(rng: Random, part: int) -> dict[str, str]:
    """A ticket: its `dialogue` and its values. Parts 0 and 1 share no first name, last name or product."""
    values = {
        "Customer": f"{rng.choice(FIRST[part::2])} {rng.choice(LAST[part::2])}",
        "Product": f"{rng.choice(BRANDS[part::2])}{rng.choice(GOODS[part::2])} {rng.randint(1, 99)}",
        "Order": f"{rng.choice('ABCDEFGH')}{rng.randint(10000, 99999)}",
        "Problem": rng.choice(PROBLEMS),
        "Wants": rng.choice(WANTS),
    }
    patterns = {
        "Customer": ("Hello, this is {}.", "My name is {}.", "{} speaking."),
        "Product": ("It is about my {}.", "I bought the {} last month.", "I own a {}."),
        "Order": ("The order number is {}.", "On the invoice it says {}.", "It was order {}."),
        "Problem": ("The trouble is that it {}.", "Since yesterday it {}.", "It simply {}."),
        "Wants": ("I would like {}.", "What I want is {}.", "Please arrange {}."),
    }
    lines = ["Agent: Support, how can I help?"]
    for field in ["Customer", *rng.sample(FIELDS[1:], 4)]:
        if rng.random() < 0.4:
            lines.append(f"{rng.choice(('Agent', 'Caller'))}: {rng.choice(CHATTER)}")
        lines.append("Caller: " + rng.choice(patterns[field]).format(values[field]))
    return {"dialogue": "\n".join(lines), **values}


def _completion(row: dict[str, str]) -> str:
    return "\n".join(f"{field}: {row[field]}" for field in FIELDS)


def _batch(tokenizer: Any, rows: list[dict[str, str]]) -> tuple[Tensor, Tensor]:
    """Right-padded tokens and labels, both (B, T). Labels are −100 outside the completion and its end token."""
    prompts = tokenizer([PROMPT.format(**row) for row in rows])["input_ids"]
    completions = [[*ids, tokenizer.eos_token_id] for ids in tokenizer([_completion(row) for row in rows])["input_ids"]]
    pairs = list(zip(prompts, completions, strict=True))
    width = max(len(prompt) + len(completion) for prompt, completion in pairs)
    tokens = torch.full((len(rows), width), tokenizer.pad_token_id)
    labels = torch.full((len(rows), width), -100)
    for index, (prompt, completion) in enumerate(pairs):
        both = torch.tensor(prompt + completion)
        tokens[index, : len(both)] = both
        labels[index, len(prompt) : len(both)] = both[len(prompt) :]
    return tokens, labels


def fine_tune(model: Any, tokenizer: Any, rows: list[dict[str, str]], rng: Random, *, rate: float, epochs: int = 3, batch: int = 8) -> None:
    """Train in place, with AdamW, a short warm-up and a linear decay."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
    steps = epochs * (len(rows) // batch)
    model.train()
    for step in range(steps):
        if step % (len(rows) // batch) == 0:
            rng.shuffle(rows)
        start = step % (len(rows) // batch) * batch
        tokens, labels = _batch(tokenizer, rows[start : start + batch])
        optimizer.param_groups[0]["lr"] = rate * min((step + 1) / 10, 1 - step / steps)
        # With a causal mask, right padding changes nothing before it, so no attention mask is needed.
        logits = model(input_ids=tokens).logits[:, :-1]
        F.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten()).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()


def _answers(model: Any, tokenizer: Any, rows: list[dict[str, str]]) -> list[str]:
    tokenizer.padding_side = "left"
    outputs: list[str] = []
    model.eval()
    for start in range(0, len(rows), 25):
        prompts = [PROMPT.format(**row) for row in rows[start : start + 25]]
        inputs = tokenizer(prompts, return_tensors="pt", padding=True, return_token_type_ids=False)
        with torch.no_grad():
            generated = model.generate(**inputs, max_new_tokens=90, do_sample=False)
        outputs += tokenizer.batch_decode(generated[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return outputs


def accuracy(outputs: list[str], rows: list[dict[str, str]]) -> dict[str, float]:
    """By field, the share of the tickets whose line is exactly right."""
    pairs = [(output.split("\n"), row) for output, row in zip(outputs, rows, strict=True)]
    return {field: sum(f"{field}: {row[field]}" in lines for lines, row in pairs) / len(rows) for field in FIELDS}


def run(folder: Path, seed: int, rate: float, train: int, test: int) -> dict[str, Any]:
    """Measure the accuracy before and after fine-tuning, and the seconds of fine-tuning."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = Random(seed)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    base: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    examples, unseen = [ticket(rng, 0) for _ in range(train)], [ticket(rng, 1) for _ in range(test)]
    before = accuracy(_answers(base, tokenizer, unseen), unseen)
    adapter = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM")
    model: Any = get_peft_model(base, adapter)
    started = time.monotonic()
    fine_tune(model, tokenizer, examples, rng, rate=rate)
    seconds = time.monotonic() - started
    outputs = _answers(model, tokenizer, unseen)
    sample = (outputs[0], _completion(unseen[0]))
    return {"before": before, "after": accuracy(outputs, unseen), "seconds": round(seconds, 1), "sample": sample}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m harness.workshop.tiny_model.finetune_probe")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--train", type=int, default=400)
    parser.add_argument("--test", type=int, default=100)
    arguments = parser.parse_args()
    for key, value in run(arguments.folder, arguments.seed, arguments.rate, arguments.train, arguments.test).items():
        print(key, value)


if __name__ == "__main__":
    main()
