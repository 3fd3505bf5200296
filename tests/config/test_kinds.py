"""Sections that come in kinds: the kind may be left out where one is implied, and no order of settings loses a key."""

import re
from itertools import permutations
from pathlib import Path

import pytest

from rnnlab.config import load, schema_index
from rnnlab.errors import ConfigError

DATA = "data: {kind: synthetic, task: adding, length: 100}\n"
CELL = "model: {cell: lstm}\n"
SECTIONS = {entry.path: entry for _, entry in schema_index.every_key() if entry.has_kinds and entry.path != ("data",)}
# (section, kind, key of that kind): a value that is not the default.
KEYS = [
    (path, kind[0], name)
    for path, entry in SECTIONS.items()
    for kind, model in entry.sections.items()
    for name in model.model_fields
    if name != "kind"
]
VALUES = {"nesterov": "true", "momentum": "0.5", "connections": "3", "longest": "50", "step_every": "9",
          "halve_after": "9", "warmup": "9"}  # fmt: skip


def value(name):
    return VALUES.get(name, "0.25")


@pytest.fixture
def outcome(tmp_path, monkeypatch):
    """The section of the config that a file and arguments give, or the problems without their locations."""
    monkeypatch.chdir(tmp_path)

    def outcome(path, *arguments, **files):
        for name, text in {"c": DATA + CELL, **files}.items():
            Path(f"{name}.yaml").write_text(text)
        try:
            section = load("c.yaml", overrides=arguments)
        except ConfigError as error:
            locations = "|".join(
                ["[a-z]+[.]yaml(?::[0-9]+:[0-9]+)?", *(re.escape(f"--set {one}") for one in arguments)]
            )
            return sorted(re.sub(f"^(?:{locations}): ", "", problem.partition("\n")[0]) for problem in error.problems)
        for part in path:
            section = getattr(section, part)
        return section

    return outcome


def nested(path, text):
    for part in reversed(path):
        text = f"{{{part}: {text}}}"
    return text.removeprefix("{").removesuffix("}") + "\n"


@pytest.mark.parametrize(("path", "kind", "name"), KEYS, ids=lambda part: part if isinstance(part, str) else part[-1])
def test_the_order_of_settings_does_not_matter(outcome, path, kind, name):
    dotted = ".".join(path)
    key = f"{dotted}.{name}={value(name)}"
    found = [
        outcome(path, *order)
        for setting in (f"{dotted}={kind}", f"{dotted}={{kind: {kind}}}", f"{dotted}.kind={kind}")
        for order in permutations([key, setting])
    ]
    assert all(one == found[0] for one in found), found
    if not isinstance(found[0], list):
        assert found[0].kind == kind
        assert str(getattr(found[0], name)).lower() == value(name)


@pytest.mark.parametrize(("path", "_kind", "name"), KEYS, ids=lambda part: part if isinstance(part, str) else part[-1])
def test_a_kind_that_is_left_out_is_implied_everywhere_or_named_in_the_message(outcome, path, _kind, name):
    implied = SECTIONS[path].implied_kind
    with_kind, without = f"{{kind: {implied}, {name}: {value(name)}}}", f"{{{name}: {value(name)}}}"
    dotted = ".".join(path)
    for given in (
        outcome(path, f"{dotted}.{name}={value(name)}"),
        outcome(path, f"{dotted}={without}"),
        outcome(path, c="extends: low.yaml\n" + nested(path, without), low=DATA + "model: {cell: lstm}\n"),
        outcome(path, c="extends: low.yaml\n" + nested(path, str(implied)), low=DATA + nested(path, without))
        if implied
        else [f"{dotted}.kind is missing"],
    ):
        if not isinstance(given, list):
            assert given == outcome(path, f"{dotted}={with_kind}")
        elif implied is None:
            assert any(line.startswith(f"{dotted}.kind is missing") for line in given)
        else:
            known = name in SECTIONS[path].sections[(implied,)].model_fields
            assert known or any(
                re.search(f"no such key for kind: {implied}(, the default)?; it belongs to", one) for one in given
            )
        assert "something else" not in str(given)


@pytest.mark.usefixtures("outcome")
def test_a_kind_set_after_a_key_that_it_does_not_have_names_both_arguments(tmp_path):
    Path(tmp_path, "c.yaml").write_text(DATA)
    with pytest.raises(ConfigError) as caught:
        load("c.yaml", overrides=["training.optimizer.momentum=0.9", "training.optimizer=adam"])
    assert caught.value.problems == (
        "--set training.optimizer.momentum=0.9: training.optimizer.momentum: no such key for kind: adam; it belongs "
        "to sgd.\n"
        "      | --set training.optimizer.momentum=0.9\n"
        "      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    with the argument:\n"
        "      | --set training.optimizer=adam\n"
        "      |       ^^^^^^^^^^^^^^^^^^ the kind",
    )


def test_a_key_of_another_kind_than_the_implied_one_comes_with_what_to_type(outcome):
    (problem,) = outcome((), "training.optimizer.momentum=0.9")
    assert problem == (
        "training.optimizer.momentum: no such key for kind: adam, the default; it belongs to sgd: add "
        "--set training.optimizer.kind=sgd."
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["training.early_stopping.patience=5", "training.early_stopping={min_delta: 0.5}"], (5, 0.5)),
        (["training.early_stopping={min_delta: 0.5}", "training.early_stopping.patience=5"], (5, 0.5)),
        (["training.early_stopping.patience=5", "training.early_stopping={patience: 6}"], (6, 0.0)),
        (["training.early_stopping=null", "training.early_stopping.patience=5"], (5, 0.0)),
        (["training.early_stopping.patience=5", "training={epochs: 2}"], (5, 0.0)),
    ],
)
def test_a_section_set_whole_keeps_what_was_set_inside_it(outcome, arguments, expected):
    found = outcome(("training", "early_stopping"), *arguments)
    assert (found.patience, found.min_delta) == expected


def test_of_two_rivals_the_later_one_wins_in_a_whole_section_too(outcome):
    assert outcome(("training", "updates"), "training.updates=5", "training={epochs: 2}") is None
    assert outcome(("training", "epochs"), "training.updates=5", "training={epochs: 2}") == 2


def test_a_section_set_to_nothing_after_one_of_its_keys_is_a_contradiction(outcome):
    assert outcome((), "training.omega.alpha=2", "training.omega=null") == [
        "training.omega.alpha cannot be set where training.omega is set to nothing; drop one of the two."
    ]


@pytest.mark.parametrize(("upper", "expected"), [("{value: 2}", 2.0), ("3", 3.0)])
def test_a_number_for_the_forget_bias_is_its_constant_kind_in_every_layer(outcome, upper, expected):
    path = ("model", "init", "forget_bias")
    low = DATA + "model: {cell: lstm, init: {forget_bias: 1}}\n"
    assert outcome(path, c="extends: low.yaml\n" + nested(path, upper), low=low).value == expected
    assert outcome(path, "model.init.forget_bias.value=4", c=low).value == 4.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("data.sequences=9", "data.sequences: no such key for kind: text; it belongs to kind: synthetic."),
        ("data.delay=9", "data.delay: no such key for kind: text; it belongs to kind: synthetic (echo)."),
        ("data.length=9", "data.length: no such key for kind: text; it belongs to kind: synthetic (order, adding, echo "
         "and sine)."),
        ("data.symbol=X", "data.symbol: no such key for kind: text; it belongs to prices."),
    ],
)  # fmt: skip
def test_a_key_of_tasks_of_another_kind_is_said_to_belong_to_that_kind(outcome, change, said):
    key, _, given = change.removeprefix("data.").partition("=")
    assert outcome((), f"data={{kind: text, text: abc, chunk: 2, {key}: {given}}}") == [said]


def test_a_word_in_place_of_a_number_may_be_misspelt(outcome):
    change = "data={kind: synthetic, task: adding, sequences: Endless}"
    assert outcome((), change) == [
        'data.sequences must be a whole number of at least 2, or endless; got "Endless"; did you mean endless?'
    ]
    assert outcome((), "training.batch_size=ful")[0].endswith('got "ful"; did you mean full?')
