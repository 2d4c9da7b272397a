"""What `bench data check` costs for 100,000 rows: every check on one core, with the largest memory of the process; see README.md."""

import random
import resource
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.benchmark
ROWS = 100_000


def write_rows(path, *, labels):
    """Rows of 60 words in four sentences from 5,000 words; 1% are near duplicates of the row before."""
    generator = random.Random(7)
    syllables = ("ka", "lo", "mi", "ter", "ban", "su", "rop", "del", "vin", "gar", "hul", "pem")
    words = sorted({"".join(generator.choices(syllables, k=3)) for _ in range(9000)})
    topics = [generator.sample(words, 300) for _ in range(labels)] if labels else []
    text = ""
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text,label\n" if labels else "id,text,summary\n")
        for i in range(ROWS):
            if i % 100 == 0:
                text = text.replace(text.split(" ", maxsplit=1)[0], f"changed{i}") if text else text
            if i % 100 or not text:
                topic = generator.randrange(labels) if labels else 0
                chosen = generator.choices(topics[topic], k=20) if labels else []
                text = " ".join([*chosen, *generator.choices(words, k=60 - len(chosen))])
            file.write(f"r{i},{text},{f'topic {topic}' if labels else ' '.join(generator.choices(text.split(), k=15))}\n")


@pytest.mark.parametrize("labels", [77, 0], ids=["classification", "summarization"])
def test_a_hundred_thousand_rows(tmp_path, record_property, labels):
    """Printed, not asserted: timings depend on the machine."""
    write_rows(tmp_path / "rows.csv", labels=labels)
    target = "label" if labels else "summary"
    command = ["data", "check", "rows.csv", "--input", "text", "--target", target, "--format", "json", "--out", "check.json"]
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "harness.cli.main", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
    seconds, used = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in (0, 1), done.stderr
    record_property("seconds", seconds)
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
    print(f"\n{ROWS:,} rows, {labels} labels: {seconds:.0f} s, {cpu:.0f} s of CPU, {memory:.2f} GB")
