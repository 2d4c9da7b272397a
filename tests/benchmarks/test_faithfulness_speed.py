"""How long the faithfulness scores take for 10,000 outputs on one core, with each input scored for ten strategies; see README.md."""

import random
import time

import pytest
import yaml
from places import ROOT

from harness.metrics.faithfulness import FAITHFULNESS
from harness.types import Example, Prediction

pytestmark = pytest.mark.benchmark


def test_ten_thousand_outputs(record_property):
    """Inputs of about 150 words and outputs of about 25, none of them twice. Printed, not asserted: timings depend on the machine."""
    chats = yaml.safe_load((ROOT / "tests" / "metrics" / "faithfulness" / "chats.yaml").read_text(encoding="utf-8"))
    rng = random.Random(0)
    summaries = [text for chat in chats for text in (*chat["right"], *chat["wrong"].values())]
    metrics = FAITHFULNESS.build(())
    start = time.process_time()
    for i in range(1000):
        text = "\n".join(chat["chat"] for chat in rng.sample(chats, 3)) + f"\nAmy: number {i}"
        example = Example(str(i), {"input": text}, (rng.choice(summaries),))
        for k in range(10):
            output = Prediction(str(i), f"{rng.choice(summaries)} {rng.choice(summaries)} Output {k} of {i}.")
            assert all(metric.per_example(example, output) is not None for metric in metrics)
    seconds = time.process_time() - start
    record_property("seconds", seconds)
    print(f"\n10,000 outputs, six scores each, on one core: {seconds:.1f} s")
