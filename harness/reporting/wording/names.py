"""Plain names of strategies and scores. Reports show them first, and the raw name, which commands accept, in small type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.text import short

_SEPARATOR = " · "  # between strategy, model and size in a label
_MOST_NAMES = 4  # in a sentence
_LONGEST_LABEL = 40

STRATEGY_NAMES: Mapping[str, str] = {
    "base": "Untuned model",
    "full": "Full fine-tuning",
    "lora": "LoRA",
    "qlora": "QLoRA",
    "dora": "DoRA",
    "rslora": "rsLoRA",
    "adalora": "AdaLoRA",
    "vera": "VeRA",
    "ia3": "(IA)³",
    "oft": "OFT",
    "fewshot": "Few-shot prompt",
    "prefix-tuning": "Prefix tuning",
    "prompt-tuning": "Prompt tuning",
    "dpo": "DPO",
    "cascade": "Cascade",
}
# Inside a sentence, where that is not the name itself.
_IN_SENTENCES: Mapping[str, str] = {
    "base": "the untuned model",
    "full": "full fine-tuning",
    "fewshot": "the few-shot prompt",
    "prefix-tuning": "prefix tuning",
    "prompt-tuning": "prompt tuning",
}
SCORE_NAMES: Mapping[str, str] = {
    "rouge1": "Words shared with the reference",
    "rouge2": "Word pairs shared with the reference",
    "rougeL": "Match with the reference",
    "rougeLsum": "Match with the reference, by sentence",
    "bleu": "BLEU",
    "chrf": "chrF",
    "ter": "Edits needed",
    "exact_match": "Exact match",
    "f1": "Word overlap with the reference",
    "has_answer_f1": "Word overlap, answerable questions",
    "no_answer_f1": "Unanswerable questions recognized",
    "output_words": "Words per output",
    "length_ratio": "Length relative to the reference",
    "compression_ratio": "Length relative to the input",
    "critical_error_rate": "Critical errors",
    "critical_errors": "Critical errors per output",
    "review.critical_error_rate": "Critical errors",
    "review.win_rate": "Wins",
    "entity_recall": "Facts included",
    "unsupported_count": "Unsupported words and numbers per output",
    "unsupported_rate": "Unsupported content",
    "omission_rate": "Missing content",
    "number_error_rate": "Outputs with unsupported numbers",
    "name_error_rate": "Outputs with unsupported names",
    "negation_error_rate": "Outputs with reversed negations",
    "support": "Support by the input",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_precision": "Precision, every class equal",
    "macro_recall": "Recall, every class equal",
    "macro_f1": "F1, every class equal",
    "micro_f1": "F1, every example equal",
    "weighted_f1": "F1, weighted by class size",
    "mcc": "Matthews correlation",
    "auroc": "AUROC",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "ece": "Calibration error",
    "canary_exposure": "Exposure of planted secrets",
    "canary_extraction_rate": "Planted secrets written out",
    "forgetting": "Forgetting",
    "answer_seconds": "Time per output",
    "thousand_price": "Cost per 1,000 outputs",
    "training_price": "Cost to train",
    "training_seconds": "Time to train",
    "peak_memory": "Peak memory",
    "artifact_bytes": "Size on disk",
}
_JUDGE = "judge:"  # begins the names of the scores of judges
_PROPER_NAMES = ("BLEU", "AUROC", "F1", "Matthews", "Brier")  # which keep their capital inside a sentence


def strategy_name(label: str) -> str:
    """The plain name for a table or a chart: "lora:r=8 · tiny" → "LoRA:r=8 · tiny". A strategy of the user's own keeps its name."""
    return _renamed(label, STRATEGY_NAMES)


def strategy_in_sentence(label: str) -> str:
    """The plain name inside a sentence: "the untuned model"."""
    return _renamed(label, {**STRATEGY_NAMES, **_IN_SENTENCES})


def starts_sentence(text: str, label: str) -> str:
    """A text that begins with the name of a strategy, as the start of a sentence: capitalized where the name is ours."""
    base = label.partition(_SEPARATOR)[0].partition(":")[0]
    return text[:1].upper() + text[1:] if base in _IN_SENTENCES else text


def list_strategies(labels: Sequence[str], most: int = _MOST_NAMES) -> str:
    """Plain names as a sentence lists them; of many the first, and how many more there are."""
    return list_names([strategy_in_sentence(label) for label in labels], most)


def list_strategies_first(labels: Sequence[str], most: int = _MOST_NAMES) -> str:
    """`list_strategies` at the start of a sentence."""
    return starts_sentence(list_strategies(labels, most), labels[0])


def list_names(names: Sequence[str], most: int = _MOST_NAMES) -> str:
    """Names as a sentence lists them: "a", "a and b", "a, b and c", "a, b, c, d and 3 others"."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} others"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def score_name(score: str) -> str:
    """The plain name of a score; a score of a plug-in keeps its own, and the verdicts of a judge have its name."""
    if score.startswith(_JUDGE):
        return f"Judge {score.removeprefix(_JUDGE)}"
    return SCORE_NAMES.get(score, score)


def score_in_sentence(score: str) -> str:
    """The plain name of a score inside a sentence: "match with the reference"."""
    name = score_name(score)
    if score.startswith(_JUDGE):
        return f"judge {score.removeprefix(_JUDGE)}"
    return name if name == score or name.startswith(_PROPER_NAMES) else name[:1].lower() + name[1:]


def quote_label(label: str) -> str:
    """A class label in quotation marks, cut where it is long."""
    return f"“{short(label, _LONGEST_LABEL)}”"


def has_plain_name(score: str) -> bool:
    """Whether the raw name of a score says something beside its plain name."""
    return not score.startswith(_JUDGE) and score_name(score).casefold().replace(" ", "_") != score.casefold()


def full_score_name(score: str) -> str:
    """The plain name with the raw one, where there is no small type: "Critical errors [critical_error_rate]"."""
    return f"{score_name(score)} [{score}]" if has_plain_name(score) else score_name(score)


def is_untuned(label: str) -> bool:
    """Whether a label is that of the untuned model: "base", "base · tiny"."""
    return label.partition(_SEPARATOR)[0] == "base"


def without_model(label: str, model: str) -> str:
    """A label without the name of the model: "lora · tiny · 200 examples" → "lora · 200 examples"."""
    return label.replace(f"{_SEPARATOR}{model}", "", 1)


def is_renamed(label: str) -> bool:
    """Whether the plain name of a strategy differs from its label by more than case."""
    return strategy_name(label).casefold() != label.casefold()


def _renamed(label: str, names: Mapping[str, str]) -> str:
    strategy, separator, rest = label.partition(_SEPARATOR)
    base, colon, values = strategy.partition(":")
    if base == "cascade" and colon:
        return f"{_name_cascade(values, names)}{separator}{rest}"
    return f"{names.get(base, base)}{colon}{values}{separator}{rest}"


def _name_cascade(values: str, names: Mapping[str, str]) -> str:
    """A cascade that was typed with its fields: "first=lora,then=incumbent,risk=0.1" → "Cascade of LoRA:risk=0.1".

    The strategy that answers the rest is left out: its name is long, and a run rarely has two of them.
    """
    fields = dict(value.partition("=")[::2] for value in values.split(","))
    first = fields.pop("first", "")
    fields.pop("then", None)
    shown = ",".join(f"{name}={value}" for name, value in fields.items())
    return f"{names['cascade']}{f' of {_renamed(first, names)}' if first else ''}{f':{shown}' if shown else ''}"
