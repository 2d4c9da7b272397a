"""How a model is adapted: a strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from harness.types.api_spec import ApiSpec
from harness.types.artifact_spec import ArtifactSpec
from harness.types.declared import Declared
from harness.types.train_spec import TrainSpec

Method = Literal["prompt", "full", "peft", "artifact", "api", "outputs", "cascade"]
_UNTRAINED = ("prompt", "artifact", "api", "outputs", "cascade")  # nothing is trained by `bench`
# A strategy with overrides is named as it is typed: lora:r=8,learning_rate=1e-4
StrategyName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=,+:-]*$", max_length=160)]


class QuantizationSpec(Declared):
    """4-bit weights of the frozen base model (bitsandbytes). Adapters stay in float32."""

    type: Literal["nf4", "fp4"] = "nf4"
    """The 4-bit data type."""
    double_quantization: bool = True
    """Whether the quantization constants are quantized, too."""


class OutputsSpec(Declared):
    """A file of external outputs."""

    path: str
    """The file, as it was given."""
    sha256: str
    """A hash of the file's content."""
    price_per_1k: Annotated[float, Field(ge=0)] | None = None
    """The price of 1,000 outputs in USD; None if it is unknown."""
    imported_from: str = ""
    """The evaluation tool whose scores were taken over; empty for outputs that were scored here."""
    trained: bool = False
    """Whether imported scores come from a training run, so that another seed could change them."""


class Strategy(Declared):
    """How a model is adapted.

    | method | |
    | --- | --- |
    | `prompt` | nothing is trained: the base model with the task's prompt or the strategy's own, and optionally `shots` |
    | `full` | every weight is trained |
    | `peft` | an adapter is trained on the frozen base model |
    | `artifact` | a model that was tuned elsewhere: an adapter on the base model, or a whole model |
    | `api` | a hosted model is asked with the task's prompt or the strategy's own, and optionally `shots` |
    | `outputs` | external outputs, read from a file |
    | `cascade` | the strategy `first` answers, and where it is unsure, `then` does: a hosted model or external outputs |
    """

    name: StrategyName
    """Unique in a run."""
    method: Method
    description: str = ""
    """One line for lists and reports."""
    prompt: str | None = None
    """Replaces the task's prompt."""
    shots: Annotated[int, Field(ge=0, le=1000)] = 0
    """For methods `prompt` and `api`: the number of training examples shown before the prompt."""
    adapter: Mapping[str, Any] = Field(default_factory=dict)
    """For method `peft`: the fields of PEFT's config class for this `peft_type`."""
    start_from: ArtifactSpec | None = None
    """For method `peft`: the folder of an adapter, in place of `adapter`. Its training continues from there."""
    quantization: QuantizationSpec | None = None
    """For methods `prompt`, `peft` and `artifact`: 4-bit weights of the base model."""
    train: TrainSpec | None = None
    """For methods `full` and `peft`: the training recipe."""
    artifact: ArtifactSpec | None = None
    """For method `artifact`: the folder with the weights."""
    api: ApiSpec | None = None
    """For method `api`: the endpoint, the model and its price."""
    outputs: OutputsSpec | None = None
    """For method `outputs`: the file."""
    first: StrategyName | None = None
    """For method `cascade`: the strategy of the run that answers first, with a model of this machine."""
    then: StrategyName | None = None
    """For method `cascade`: the strategy of the run that answers where the first is unsure: external outputs or a hosted model."""
    risk: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """For method `cascade`: the highest accepted share of answers that are kept and are worse than those of `then`."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """For method `cascade`: how sure it must be that the risk is kept."""
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """For method `cascade`: by how much the score of a kept answer may be lower before it counts as worse."""

    @model_validator(mode="after")
    def _check_consistency(self) -> Strategy:
        problems = []
        if self.method == "peft" and "peft_type" not in self.adapter and (self.start_from is None or self.start_from.kind is not None):
            problems.append("method 'peft' needs 'adapter' with a 'peft_type' such as LORA")
        # Of an adapter that was trained elsewhere, they are read from its folder.
        if self.method != "peft" and self.adapter and not (self.artifact is not None and self.artifact.kind == "adapter"):
            problems.append(f"method '{self.method}' takes no 'adapter'")
        if self.method == "full" and self.quantization:
            problems.append("method 'full' cannot train 4-bit weights: remove 'quantization'")
        if (self.method == "outputs") != (self.outputs is not None):
            problems.append("external outputs are given as outputs:FILE in the list of strategies, not in a strategy file")
        problems += self._api_problems()
        problems += self._artifact_problems()
        problems += self._find_cascade_problems()
        if (self.method in _UNTRAINED) == (self.train is not None):
            problems.append(f"method '{self.method}' takes no 'train'" if self.train else f"method '{self.method}' needs 'train'")
        if self.method != "full" and self.train and self.train.weights != "float32":
            problems.append(f"method '{self.method}' trains an adapter, which stays in float32: remove 'train.weights'")
        elif self.train and self.train.updates != "stochastic" and self.train.weights != "bfloat16":
            problems.append(f"'train.updates: {self.train.updates}' is for 'train.weights: bfloat16': remove one, or add the other")
        if self.train and self.train.lora_plus is not None and str(self.adapter.get("peft_type")).upper() != "LORA":
            problems.append("'train.lora_plus' needs an adapter with 'peft_type: LORA'")
        if self.method not in ("prompt", "api") and self.shots:
            reasons = {"cascade": "its two strategies have their own", "artifact": "it was tuned to answer without examples"}
            reason = reasons.get(self.method, "it learns from the training examples")
            problems.append(f"method '{self.method}' takes no 'shots': {reason}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _api_problems(self) -> list[str]:
        problems = []
        if (self.method == "api") != (self.api is not None):
            takes = "needs 'api' with base_url and model" if self.method == "api" else "takes no 'api'"
            problems.append(f"method '{self.method}' {takes}")
        if self.method == "api" and self.name == "base":
            problems.append("'base' is the name of the untuned model. Give the hosted model another name")
        if self.method == "api" and self.quantization:
            problems.append("method 'api' has no weights to quantize: remove 'quantization'")
        return problems

    def _artifact_problems(self) -> list[str]:
        problems = []
        if (self.method == "artifact") != (self.artifact is not None):
            takes = "needs 'artifact' with the path of a folder" if self.method == "artifact" else "takes no 'artifact'"
            problems.append(f"method '{self.method}' {takes}")
        if self.start_from is not None and self.method != "peft":
            problems.append(f"method '{self.method}' takes no 'start_from': only an adapter continues from another")
        if self.start_from is not None and self.start_from.kind is None and self.adapter:
            problems.append("'start_from' brings its own adapter: remove 'adapter'")
        if self.method == "artifact" and self.name == "base":
            problems.append("'base' is the name of the untuned model. Give the model that was tuned elsewhere another name")
        return problems

    def _find_cascade_problems(self) -> list[str]:
        if self.method == "cascade":
            unused = [name for name in ("prompt", "quantization") if getattr(self, name) is not None]
            problems = [f"method 'cascade' takes no '{name}': its two strategies have their own" for name in unused]
            return [*problems, "'first' and 'then' must be two strategies"] if self.first == self.then is not None else problems
        defaults = {name: field.default for name, field in type(self).model_fields.items()}
        given = [name for name in ("first", "then", "risk", "confidence", "tolerance") if getattr(self, name) != defaults[name]]
        return [f"method '{self.method}' takes no '{name}'" for name in given]

    @property
    def deterministic(self) -> bool:
        """Whether the seed cannot change the result: nothing is trained, no examples are drawn, and nothing is asked repeatedly."""
        repeats = self.api is not None and self.api.repeats > 1
        return self.train is None and self.shots == 0 and not repeats and not (self.outputs is not None and self.outputs.trained)

    @property
    def has_model(self) -> bool:
        """Whether it uses a model of its own on this machine: not a hosted one, the outputs of a file, or two other strategies."""
        return self.api is None and self.outputs is None and self.method != "cascade"

    @property
    def is_whole_artifact(self) -> bool:
        """Whether it is a whole model that was tuned elsewhere, which needs no base model."""
        return self.artifact is not None and self.artifact.kind == "model"

    @property
    def has_adapter(self) -> bool:
        """Whether its weights are an adapter on the base model, wherever it was trained."""
        return self.method == "peft" or (self.artifact is not None and self.artifact.kind == "adapter")

    @property
    def has_whole_model(self) -> bool:
        """Whether its weights are a whole model, wherever that was trained."""
        return self.method == "full" or self.is_whole_artifact

    @property
    def stores_weights(self) -> bool:
        """Whether a cell of it keeps weights: those that it has trained, or those that were trained elsewhere."""
        return self.train is not None or self.artifact is not None
