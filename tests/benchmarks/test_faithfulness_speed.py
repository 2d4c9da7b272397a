"""What faithfulness scores cost: all for 10,000 outputs on one core, each of them alone, and `support` by two models; see README.md."""

import random
import time

import pytest
import yaml
from places import ROOT

from harness.engine.models import find_device, resolve_model
from harness.engine.support import SourcedOutput, load_scorer
from harness.metrics.faithfulness import FAITHFULNESS
from harness.types import Example, Prediction

pytestmark = pytest.mark.benchmark


def made_outputs(inputs: int, seed: int = 0):
    """Inputs of about 150 words with ten outputs of about 25 words each, none of them twice."""
    chats = yaml.safe_load((ROOT / "tests" / "metrics" / "faithfulness" / "chats.yaml").read_text(encoding="utf-8"))
    rng = random.Random(seed)
    summaries = [text for chat in chats for text in (*chat["right"], *chat["wrong"].values())]
    for i in range(inputs):
        text = "\n".join(chat["chat"] for chat in rng.sample(chats, 3)) + f"\nAmy: number {i} of {seed}"
        example = Example(str(i), {"input": text}, (rng.choice(summaries),))
        for k in range(10):
            yield example, Prediction(str(i), f"{rng.choice(summaries)} {rng.choice(summaries)} Output {k} of {i} and {seed}.")


def test_ten_thousand_outputs(record_property):
    """Printed, not asserted: timings depend on the machine."""
    metrics = FAITHFULNESS.build(())
    start = time.process_time()
    for example, output in made_outputs(1000):
        assert all(metric.per_example(example, output) is not None for metric in metrics)
    seconds = time.process_time() - start
    record_property("seconds", seconds)
    print(f"\n10,000 outputs, six scores each, on one core: {seconds:.1f} s")


@pytest.mark.parametrize("name", FAITHFULNESS.scores)
def test_one_score(record_property, name):
    """Alone; together they cost less than their sum, because a text is analyzed once."""
    (metric,) = (metric for metric in FAITHFULNESS.build(()) if metric.name == name)
    start = time.process_time()
    for example, output in made_outputs(100, seed=1 + FAITHFULNESS.scores.index(name)):
        metric.per_example(example, output)
    milliseconds = time.process_time() - start  # of 1,000 outputs in seconds, which is milliseconds for one
    record_property("milliseconds", milliseconds)
    print(f"\n{name}: {milliseconds:.2f} ms of one core per output")


@pytest.mark.model
@pytest.mark.parametrize(("kind", "model"), [("likelihood", "smollm2-135m"), ("embedding", "all-minilm-l6-v2")])
def test_support(record_property, kind, model):
    """The time of all cores together."""
    scorer = load_scorer(kind, resolve_model(model), find_device())
    outputs = [SourcedOutput(str(i), example.inputs["input"], output.answer) for i, (example, output) in enumerate(made_outputs(1))]
    start = time.process_time()
    assert len(scorer.score(outputs, done={}, on_batch=lambda batch: None)) == len(outputs)
    seconds = (time.process_time() - start) / len(outputs)
    record_property("seconds", seconds)
    print(f"\nsupport by {model}: {seconds:.2f} s of one core per output")
