"""What an untuned model writes for a few test examples, from which follows how long its other outputs become.

Of the shapes of a model, its configuration tells what a token costs; when it stops writing, only its weights know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.engine.inference import generate, generate_seq2seq
from harness.engine.models import Device, load_model
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.output_lengths import OutputSample
from harness.forecast.trials import WHOLE_MODEL, most_tokens_read
from harness.forecast.workload import AnsweringWork, spread_places

_FEWEST = 2  # outputs of a sample


def can_sample(outline: ModelOutline) -> bool:
    """Whether the model answers as its files are, which are here and small enough to be read for this."""
    strategy = outline.strategy
    as_stored = strategy.train is None and not strategy.has_adapter and strategy.quantization is None
    return as_stored and outline.sizes.base <= WHOLE_MODEL and outline.has_weights


def list_choices(outline: ModelOutline, device: str, work: AnsweringWork) -> Iterator[list[tuple[Sequence[int], int]]]:
    """Examples to answer, and then fewer: prompts, and the tokens of the reference of each. Of long prompts, the first are few."""
    rows = max(_FEWEST, most_tokens_read(outline, device) // max(len(prompt) for prompt, _ in work.examples))
    count = min(rows, len(work.examples))
    while count >= min(_FEWEST, len(work.examples)):
        yield [work.examples[i] for i in spread_places(len(work.examples), count)]
        count = 3 * count // 4


def sample_outputs(
    outline: ModelOutline,
    formats: Formats,
    device: str,
    work: AnsweringWork,
    chosen: Sequence[tuple[Sequence[int], int]],
    ended: Callable[[Sequence[int]], bool] | None,
) -> OutputSample:
    """Answer the chosen examples.

    Args:
        ended: whether an output has reached a text that ends it; None where there is no such text.

    Raises:
        Exception: the files of the model are damaged, or it cannot write.
    """
    loaded = load_model(outline.source, Device(device, device, formats.weights))
    write = generate if outline.shape == "decoder" else generate_seq2seq
    prompts = [prompt for prompt, _ in chosen]
    outputs = write(loaded.model, prompts, max_new_tokens=work.limit, stop_ids=work.stop_ids, pad_id=0, ended=ended)
    lengths = [
        (len(output.ids) + (ended is None or not ended(output.ids)), asked)  # the end token is not among them
        for output, (_, asked) in zip(outputs, chosen, strict=True)
        if output.finish == "stop"
    ]
    written, wanted = (sum(each) for each in zip(*lengths, strict=True)) if lengths else (1, 1)
    return OutputSample(float(len(outputs)), float(len(outputs) - len(lengths)), written / max(1, wanted))
