"""Strategies with overridden fields: how they are written, where a value goes, and what is refused."""

import pytest

from harness.catalog import Catalog
from harness.catalog.overrides import override_strategy, parse_strategy_spec
from harness.cli.options import split_specs
from harness.errors import BenchError
from harness.grid import vocabulary


@pytest.fixture(scope="module")
def catalog():
    return Catalog(vocabulary())


@pytest.mark.parametrize(
    ("typed", "specs"),
    [
        (["lora,qlora"], ["lora", "qlora"]),
        (["lora:r=8,lora:r=64,learning_rate=1e-4,qlora"], ["lora:r=8", "lora:r=64,learning_rate=1e-4", "qlora"]),
        (["lora:r=8", "epochs=2,base"], ["lora:r=8,epochs=2", "base"]),
        ([" lora , my/full.yaml:epochs=1 "], ["lora", "my/full.yaml:epochs=1"]),
        (["lora:target_modules=[q_proj,v_proj],r=4,full"], ["lora:target_modules=[q_proj,v_proj],r=4", "full"]),
        (["lora:", ",,"], ["lora:"]),
        (["a=b,lora"], ["a=b", "lora"]),
    ],
)
def test_list_of_strategies_is_split_as_intended(typed, specs):
    assert split_specs(None, None, tuple(typed)) == tuple(specs)


def changed(catalog, spec):
    name, values = parse_strategy_spec(spec)
    return override_strategy(catalog.strategy(name).value, values, "x")


def test_value_goes_to_its_field(catalog):
    found = changed(catalog, "qlora:r=64,learning_rate=1e-4,epochs=2,type=fp4,target_modules=[q_proj,v_proj],adapter.bias=none")
    assert found.adapter["r"] == 64
    assert found.adapter["target_modules"] == ["q_proj", "v_proj"]
    assert found.adapter["bias"] == "none"
    assert found.train.learning_rate == 1e-4
    assert found.train.epochs == 2
    assert found.quantization.type == "fp4"
    assert found.adapter["lora_alpha"] == 32  # other fields stay
    assert changed(catalog, "base:shots=3").shots == 3
    assert changed(catalog, "full:train.patience=null").train.patience is None


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("full:r=8", "no field 'r'"),
        ("full:epoch=8", "Did you mean 'epochs'?"),
        ("lora:train.epoch=8", "no field 'train.epoch'"),
        ("full:learning_rate=5", "learning_rate: must be less than or equal to 1, not 5"),
        ("lora:epochs=many", "epochs"),
        ("lora:shots=3", "takes no 'shots'"),
        ("base:learning_rate=0.1", "'base' is not trained, so it has no 'learning_rate'"),
        ("base:train.epochs=1", "'base' is not trained, so it has no 'train.epochs'"),
        ("lora:method=full", "no field 'method'"),
        ("lora:quantization.type=nf4", "no field 'quantization.type'"),
    ],
)
def test_invalid_overrides_are_named(catalog, spec, message):
    with pytest.raises(BenchError) as error:
        changed(catalog, spec)
    assert message in str(error.value)
    assert len(error.value.problems) == 1


@pytest.mark.parametrize("spec", ["lora:r", "lora:=8", "lora:r=", "lora:r=8,r=9", "lora:"])
def test_malformed_overrides_are_refused(spec):
    with pytest.raises(BenchError, match="lora:"):
        parse_strategy_spec(spec)
