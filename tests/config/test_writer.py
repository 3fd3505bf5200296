"""A config that is written and read again is the same config, to the last bit."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnlab.config import Config, dump, fingerprint, load
from rnnlab.config.schema_index import entries
from rnnlab.errors import ConfigError

numbers = st.floats(min_value=1e-300, max_value=1e300)
shares = st.floats(min_value=0.001, max_value=0.999)
counts = st.integers(1, 2**63 - 1)
seeds = st.integers(0, 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def read(file, **options) -> Any:
    """The config of a file, whose kinds a test knows."""
    return load(file, **options)


def sections(**keys):
    """Draw mappings in which every key may be left out."""
    return st.fixed_dictionaries({}, optional=keys)


def of_kind(kind, **keys):
    return st.fixed_dictionaries({"kind": st.just(kind)}, optional=keys)


days = st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat)
windows = {
    "start": days, "lookback": counts, "horizon": counts, "train_fraction": shares,
    "target": st.sampled_from(["price", "difference", "log_return"]),
    "scaler": st.sampled_from(["minmax", "standard", "none"]),
}  # fmt: skip
data = st.one_of(
    of_kind("prices", column=texts, **windows).map(lambda d: d | {"symbol": "^GSPC"}),
    st.builds(
        lambda d, p: d | {"path": "/" + p},
        of_kind("csv", date_column=texts, value_column=texts, **windows),
        st.from_regex(r"[a-z]{1,3}( [a-z#:]{1,3})?\.csv", fullmatch=True),
    ),
    st.builds(lambda d, t: d | {"text": t}, of_kind("text", repeat=counts, chunk=counts), texts),
    of_kind("synthetic", seed=seeds).map(lambda d: d | {"task": "order", "length": [3, 9]}),
)  # fmt: skip
init = st.one_of(
    st.sampled_from(["identity", "uniform", "zeros", "glorot"]),
    of_kind("normal", rho=numbers) | of_kind("normal", std=numbers) | of_kind("uniform", bound=numbers),
)
training = sections(
    optimizer=st.one_of(
        of_kind("sgd", learning_rate=numbers, momentum=shares).map(lambda o: o | {"nesterov": "momentum" in o}),
        of_kind("adamw", learning_rate=numbers, beta1=shares, weight_decay=numbers),
    ),
    schedule=of_kind("cosine", warmup=counts) | of_kind("step").map(lambda s: s | {"step_every": 7}),
    batch_size=counts | st.just("full"),
    epochs=counts,
    l2=numbers,
    clip=st.sampled_from(["none", "norm"]) | of_kind("value", threshold=numbers),
    early_stopping=sections(patience=counts, min_delta=numbers),
)
configs = st.fixed_dictionaries(
    {"data": data},
    optional={
        "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        "seeds": st.integers(1, 50) | st.lists(seeds, min_size=1, max_size=5, unique=True),
        "model": sections(
            hidden_size=counts, layers=counts, dtype=st.sampled_from(["float32", "float64"]),
            init=sections(W_hh=init, W_ho=st.sampled_from(["he", "glorot"])),
        ),
        "training": training,
    },
)  # fmt: skip


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=configs)
def test_what_is_written_is_read_back_the_same(values, tmp_path):
    config = Config.model_validate(values)
    file = tmp_path / "config.yaml"
    file.write_text(dump(config), encoding="utf-8")
    again = load(file)
    assert again == config
    assert repr(again) == repr(config)
    assert dump(again) == dump(config)


@pytest.mark.parametrize(
    "text", ["no", "1e3", "null", "~", "", " a", "a: b", "# x", "'", "é\n\x85\u2028", "\0\x7f", "- a"]
)
def test_texts_that_yaml_would_take_for_something_else_stay_texts(text, tmp_path):
    config = Config.model_validate({"data": {"kind": "text", "text": text + "x", "chunk": 2}})
    file = tmp_path / "config.yaml"
    file.write_text(dump(config), encoding="utf-8", newline="")
    assert read(file).data.text == text + "x"
    if text:
        column = Config.model_validate({"data": {"kind": "prices", "symbol": "NO", "column": text}})
        file.write_text(dump(column), encoding="utf-8", newline="")
        assert read(file).data.column == text


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("data: {kind: synthetic, task: adding, length: 8, sequences: 50}\n", "data.sequences=endless"),
        ("data: {kind: synthetic, task: adding, length: 8, sequences: endless}\n", "data.sequences=50"),
        ("data: {kind: synthetic, task: adding, length: 8}\n", "data.task=order"),
        ("data: {kind: synthetic, task: adding, length: 8}\n", "data.task=echo"),
        ("data: {kind: synthetic, task: adding, length: 8}\n", "data.task=logistic_map"),
        ("data: {kind: synthetic, task: echo, length: 8, delay: 2}\n", "data.task=adding"),
        (
            "data: {kind: synthetic, task: sine}\ntraining: {optimizer: {kind: sgd, momentum: 0.5, nesterov: true}}\n",
            "training.optimizer.kind=adagrad",
        ),
        ("data: {kind: synthetic, task: adding, length: 8}\nmodel: {activation: relu}\n", "model.cell=gru"),
        ("data: {kind: synthetic, task: adding, length: 8}\n", "data={kind: text, text: abcabcabc, chunk: 2}"),
        ("data: {kind: text, text: abcabcabc, chunk: 2}\n", "data={kind: prices, symbol: AAPL}"),
        ("data: {kind: text, text: abcabcabc, chunk: 2}\n", "training.stateful=true"),
        ("data: {kind: text, text: abcabcabc}\ntraining: {tbptt_steps: 20}\n", "data.chunk=2"),
        ("data: {kind: text, text: abcabcabc}\nmodel: {cell: lstm, init: {forget_bias: 1}}\n", "model.cell=gru"),
    ],
)
def test_defaults_written_out_that_stand_in_the_way_of_an_argument_are_named_as_the_error_says(text, change, tmp_path):
    file, written = tmp_path / "config.yaml", tmp_path / "written.yaml"
    file.write_text(text)
    written.write_text(dump(load(file)))
    with pytest.raises(ConfigError) as error:
        load(written, overrides=[change])
    assert error.value.hint is not None
    named, said = re.findall(r"--set (\S+=null)", error.value.hint), error.value.hint.split(" takes ")[1]
    assert said == ("it" if len(named) == 1 else "them") + " out of the config"
    assert load(written, overrides=[change, *named]).data == load(file, overrides=[change, *named]).data


def test_a_key_set_to_null_is_taken_out_whatever_it_is(tmp_path):
    file = tmp_path / "end.yaml"
    file.write_text("name: other\ndata: {kind: synthetic, task: adding, length: 8}\ntraining: {epochs: 4}\n")
    config = load(file, overrides=["data.length=null", "data.task=logistic_map", "training=null", "name=null"])
    assert (config.name, config.data.task, config.training.epochs) == ("end", "logistic_map", 300)
    for wrong, said in (
        ("data.task=null", "data.task is missing"),
        ("data.lenght=null", "data.lenght: no such key; did you mean length?"),
    ):
        with pytest.raises(ConfigError, match=said):
            load(file, overrides=[wrong])


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("data: {kind: text, text: abcabcabc}\nmodel: {readout: every}\n", ["model.bidirectional=true"]),
        # Null mends some of the problems, or makes others: the hint would lead to the next error.
        ("data: {kind: prices, symbol: AAPL}\n", ["training.stateful=true"]),
        ("data: {kind: synthetic, task: adding}\n", ["data.sequences=endless", "training.l2=-1"]),
        ("data: {kind: synthetic, task: adding}\n", ["data.sequences=endless", "seeds"]),
    ],
)
def test_what_null_does_not_mend_is_not_named(text, changes, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    file.write_text(dump(load(file)))
    with pytest.raises(ConfigError) as error:
        load(file, overrides=changes)
    assert error.value.hint is None


def test_a_written_out_loss_is_not_what_a_closed_form_for_classes_fails_by(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(dump(Config.model_validate({"data": {"kind": "text", "text": "abcabcabc", "chunk": 2}})))
    with pytest.raises(ConfigError, match=r"training\.fit: ridge needs targets that are numbers") as error:
        load(file, overrides=["training.fit=ridge"])
    assert len(error.value.problems) == 1
    assert error.value.hint is None


def test_every_key_is_written_in_the_order_of_the_schema():
    config = Config.model_validate({"data": {"kind": "prices", "symbol": "AAPL"}})
    written = [line.split(":")[0] for line in dump(config).splitlines() if line[:1] not in ("#", " ")]
    assert written == ["name", "seeds", "data", "model", "training", "evaluation"]
    section = dump(config).split("training:")[1].split("\nevaluation:")[0]
    inside = [line.strip().split(":")[0] for line in section.splitlines() if line.strip()]
    assert inside == list(entries(("training",), {}))


def test_many_seeds_take_one_line():
    config = Config.model_validate({"data": {"kind": "prices", "symbol": "AAPL"}, "seeds": 100_000})
    assert "\nseeds: 100000\n" in dump(config)


FINGERPRINTED = "seeds: 2\ndata: {kind: text, path: novel.txt, chunk: 9}\ntraining: {checkpoint: {every: 7}}\n"


def fingerprint_of(tmp_path, *overrides):
    (tmp_path / "c.yaml").write_text(FINGERPRINTED)
    return fingerprint(dump(load(tmp_path / "c.yaml", overrides=overrides)))


@pytest.mark.parametrize(
    "change",
    ["name=other", "data.path=/elsewhere/novel.txt", f"data.sha256={'a' * 64}", "training.checkpoint.every=30s"],
)
def test_what_changes_no_number_does_not_change_the_fingerprint(tmp_path, change):
    assert fingerprint_of(tmp_path, change) == fingerprint_of(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "seeds=3",
        "data.chunk=8",
        "model.hidden_size=9",
        "training.l2=0.1",
        "data.path=null data.text=name",
        "seeds=[0,2]",
    ],
)
def test_every_other_value_changes_it(tmp_path, change):
    assert fingerprint_of(tmp_path, *change.split()) != fingerprint_of(tmp_path)


def test_comments_do_not_count():
    text = dump(load("stock"))
    assert fingerprint("# mine\n" + text) == fingerprint(text)
    assert fingerprint(text.replace("hidden_size: 16", "hidden_size: 17")) != fingerprint(text)
