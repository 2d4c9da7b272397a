"""The code of a mirrored model in MLflow: it answers with the folder of an export, by transformers and PEFT alone.

MLflow keeps this file with the model and runs it when the model is loaded ("models from code"), so that nothing is pickled. It must not
import bench, and nothing of bench imports it.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

OUTPUT = "output"
_CLASSES = {
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
    "encoder": "AutoModelForSequenceClassification",
}
# Greedy decoding as it was measured, without the search and the penalties that the base model's generation_config.json may set.
_GREEDY = {"do_sample": False, "num_beams": 1, "repetition_penalty": 1.0, "no_repeat_ngram_size": 0, "min_length": 0}


class ExportedModel(PythonModel):  # type: ignore[misc]
    """Reads a table with one column per input of the prompt, and returns one with the column `output`."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model. Its folder is the artifact `model`."""
        folder = Path(context.artifacts["model"])
        self.about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        self.prompt = json.loads((folder / "prompt.json").read_text(encoding="utf-8"))
        self.tokenizer, self.model = _load(folder, self.about, self.prompt)

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """The output for each row, as it was measured.

        Raises:
            ValueError: an input is missing, or is longer than what the model was measured with.
        """
        missing = [name for name in self.prompt["inputs"] if name not in model_input.columns]
        if missing:
            raise ValueError(f"the input '{missing[0]}' is missing: the model needs {', '.join(self.prompt['inputs'])}")
        rows = model_input[self.prompt["inputs"]].to_dict("records")
        return pd.DataFrame({OUTPUT: [self._answer(number, row) for number, row in enumerate(rows, start=1)]})

    def _answer(self, number: int, inputs: dict[str, Any]) -> str:
        import torch

        ids = self._encode({name: str(text) for name, text in inputs.items()})
        decoding, room = self.about["decoding"], self._room()
        if len(ids) > room:
            raise ValueError(
                f"row {number} has {len(ids)} tokens with its prompt, and the model was measured with at most {room}. Shorten it."
            )
        with torch.no_grad():
            if decoding["method"] == "classifier":
                scores = self.model(input_ids=self._batch(ids)).logits
                return str(self.model.config.id2label[int(scores.argmax())])
            if decoding["method"] == "most likely label":
                labels = self.prompt["labels"]
                return str(max(labels, key=lambda name: self._likelihood(ids, labels[name])))
            return self._write(ids)

    def _encode(self, inputs: dict[str, str]) -> list[int]:
        """The token ids of the prompt. Special tokens in a user's text stay text."""
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        if self.prompt["template"] is None:
            text = "\n".join(inputs.values())
        else:
            jinja = ImmutableSandboxedEnvironment(keep_trailing_newline=True, undefined=StrictUndefined)
            text = jinja.from_string(self.prompt["template"]).render(inputs, choices=self.prompt["choices"])
            text = text.strip() if self.prompt["chat"] else text
        ids = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
        return [*self.prompt["before"], *ids, *self.prompt["after"]]

    def _room(self) -> int:
        """The most tokens of a prompt: a decoder needs room for its output behind it."""
        limit: int = self.about["decoding"]["max_length"]
        if self.about["base"]["shape"] != "decoder":
            return limit
        labels = [len(label) for label in self.prompt["labels"].values()]
        return limit - max([self.about["decoding"]["max_new_tokens"] or 0, *labels])

    def _batch(self, ids: list[int]) -> Any:
        import torch

        return torch.tensor([ids], device=self.model.device)

    def _likelihood(self, ids: list[int], label: list[int]) -> float:
        """The log-likelihood of a label, its end token included."""
        if self.about["base"]["shape"] == "encoder-decoder":
            start = [self.model.config.decoder_start_token_id, *label[:-1]]
            scores = self.model(input_ids=self._batch(ids), decoder_input_ids=self._batch(start)).logits[0]
        else:
            scores = self.model(input_ids=self._batch([*ids, *label]), use_cache=False).logits[0, -len(label) - 1 : -1]
        return float(scores.float().log_softmax(dim=-1)[range(len(label)), label].sum())

    def _write(self, ids: list[int]) -> str:
        decoding, batch = self.about["decoding"], self._batch(ids)
        if _has_virtual_tokens(self.about):
            written = self._write_step_by_step(ids)
        else:
            options = {"eos_token_id": decoding["stop_token_ids"], "pad_token_id": self.prompt["pad_id"]}
            mask = batch.new_ones(batch.shape)
            output = self.model.generate(
                input_ids=batch, attention_mask=mask, max_new_tokens=decoding["max_new_tokens"], **_GREEDY, **options
            )[0]
            written = output if self.about["base"]["shape"] == "encoder-decoder" else output[len(ids) :]
        text: str = self.tokenizer.decode(written, skip_special_tokens=True)
        for stop in decoding["stop"]:
            text = text.partition(stop)[0]
        return text.strip()

    def _write_step_by_step(self, ids: list[int]) -> list[int]:
        """Generation by forward passes: with transformers 5, PEFT's `generate` places the virtual tokens of a prompt incorrectly."""
        decoding = self.about["decoding"]
        written: list[int] = []
        for _ in range(decoding["max_new_tokens"]):
            batch = self._batch([*ids, *written])
            token = int(self.model(input_ids=batch, attention_mask=batch.new_ones(batch.shape), use_cache=False).logits[0, -1].argmax())
            if token in decoding["stop_token_ids"]:
                break
            written.append(token)
        return written


def _load(folder: Path, about: dict[str, Any], prompt: dict[str, Any]) -> tuple[Any, Any]:
    """The tokenizer and the model, on a GPU if there is one."""
    import torch
    import transformers

    device = "cuda" if torch.cuda.is_available() else "cpu"
    loader = getattr(transformers, _CLASSES[about["base"]["shape"]])
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
    if about["weights"]["kind"] == "whole model":
        return tokenizer, loader.from_pretrained(str(folder), dtype="auto").to(device).eval()
    from peft import PeftModel

    base, options = about["base"], _adapter_options(folder, about, prompt, device)
    place = str(folder / base["folder"]) if base["folder"] else base["hub"]
    if place is None:
        raise ValueError(f"the base model '{base['name']}' is not part of this model, and the run knows no place of it on the Hub")
    model = loader.from_pretrained(place, revision=base["revision"] if place == base["hub"] else None, **options)
    adapted = PeftModel.from_pretrained(model, str(folder))
    return tokenizer, (adapted if "quantization_config" in options else adapted.to(device)).eval()


def _adapter_options(folder: Path, about: dict[str, Any], prompt: dict[str, Any], device: str) -> dict[str, Any]:
    """How the base model of an adapter is loaded: as it was when the adapter was measured."""
    import torch
    from peft import PeftConfig
    from transformers import BitsAndBytesConfig

    options: dict[str, Any] = {"dtype": about["weights"]["dtype"]}
    is_encoder = about["base"]["shape"] == "encoder"
    if (four_bit := about["adapter"]["quantization"]) is not None:
        head = {"llm_int8_skip_modules": PeftConfig.from_pretrained(str(folder)).modules_to_save} if is_encoder else {}
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type=four_bit["type"],
            bnb_4bit_use_double_quant=four_bit["double_quantization"],
            bnb_4bit_compute_dtype=getattr(torch, about["weights"]["dtype"]),
            **head,
        )
        options["device_map"] = {"": device}
    if is_encoder:  # the base may have a head for other labels; the right one is in the adapter
        labels = prompt["choices"]
        options["id2label"] = dict(enumerate(labels))
        options["label2id"] = {label: number for number, label in enumerate(labels)}
        options["ignore_mismatched_sizes"] = True
    return options


def _has_virtual_tokens(about: dict[str, Any]) -> bool:
    return about["adapter"] is not None and bool(about["adapter"]["settings"].get("num_virtual_tokens"))


mlflow.models.set_model(ExportedModel())
