"""Reading a config.yaml line by line gives what PyYAML gives, for what the writer writes and for anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.config import bundled, flat, load
from rnnlab.config.departures import departures
from rnnlab.config.flat import flat_text, nested
from rnnlab.config.writer import dump


def by_yaml(content):
    values = nested(content)
    return None if values is None else flat.flat(values)


@pytest.mark.parametrize("word", bundled.words())
def test_every_bundled_config_is_read_line_by_line(word):
    text = dump(load(word))
    assert flat._by_lines(text) == by_yaml(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: {kind: x, c: [1, 2.5, null, 'it''s', \"q\"]}, d: []}\n",
        "a:\n  b:\n    kind: x\n    c: 1e-3\n  d: ~\ne: no\n",
        "a: 'x: y # z'\nb: \"x\"\nc: x y\nd: -5\ne: - 5\n",
        "a: x # comment\nb: 1\n",
        "a: |\n  text\nb: 1\n",
        "a: >-\n  text\n",
        "a: [1,\n  2]\n",
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        'a: "x\\ty"\n',
        "a:\n  - 1\n  - 2\n",
        "a:\nb: 1\n",
        "a:\n",
        "a: 1\na: 2\n",
        "a: {b: 1, b: 2}\n",
        "a: 1\n   b: 2\n",
        "a:\n    b: 1\n",
        "'a': 1\n",
        "- 1\n",
        "a: {b: 1\n",
        "a: 0x1F\nb: .inf\nc: 012\nd: 1_000\n",
        "a: x: y\n",
        "a: x\tb\n",
        "a:  two\n",
        "a: b \n",
        "a: 'x'y\n",
        "a: [x y, z]\nb: {c: d e}\n",
        "a: {b: x:y}\n",
        "a: http://x/y\n",
        "a: {b: -}\n",
        "a: [?, x]\n",
        "---\na: 1\n",
        "a: 1\n...\n",
        "\ufeffa: 1\n",
        "a: 1\r\nb: 2\r\n",
        "a: x\x85b: 1\n",
        "a: x\u2028b: 1\n",
        "",
    ],
)
def test_other_texts_are_read_as_pyyaml_reads_them(text):
    assert flat_text(text.encode()) == by_yaml(text.encode())


@given(st.text(alphabet="ab: {}[],'\"#-\n1.e~!&*|>?%@\t", max_size=30))
def test_any_text_is_read_as_pyyaml_reads_it(text):
    assert flat_text(text.encode()) == by_yaml(text.encode())


@given(st.text(max_size=40))
def test_any_value_that_is_written_is_read_back(text):
    source = bundled.words()[0]
    written = dump(load(source).model_copy(update={"name": text}))
    assert flat_text(written.encode()) == by_yaml(written.encode())


def test_bytes_that_are_no_text_are_none():
    assert flat_text(b"\xff") is None
    assert flat_text(b"a: 1\n" * 100_000) is None


TEXT = "data: {kind: text, text: the quick fox, chunk: 5}\n"
PRICES = "data: {kind: prices, symbol: GOOG}\n"
OPTIMIZER = "training: {optimizer: {kind: sgd, momentum: 0.9}, early_stopping: {patience: 3}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT, {"data": "text", "data.text": "the quick fox", "data.chunk": 5}),
        (
            f"{PRICES}model: {{cell: lstm, layers: 2}}\ntraining: {{epochs: 7, clip: {{kind: norm, threshold: 1.0}}}}",
            {
                "data": "prices",
                "data.symbol": "GOOG",
                "model.cell": "lstm",
                "model.layers": 2,
                "training.epochs": 7,
                "training.clip": "norm",
                "training.clip.threshold": 1.0,
            },
        ),
        (
            f"{PRICES}{OPTIMIZER}",
            {
                "data": "prices",
                "data.symbol": "GOOG",
                "training.optimizer": "sgd",
                "training.optimizer.momentum": 0.9,
                "training.early_stopping.patience": 3,
            },
        ),
    ],
)
def test_departures_are_what_was_set(tmp_path, text, expected):
    (tmp_path / "small.yaml").write_text(text)
    found = departures(nested(dump(load(tmp_path / "small.yaml")).encode()))
    assert expected.items() <= found.items()
    # What the data decide, and sections that are left out by default.
    assert {key for key in found if key not in expected} <= {
        "training.loss", "training.early_stopping.validation_fraction", "training.early_stopping.min_delta"
    }  # fmt: skip


def test_departures_of_an_unknown_layer_are_all_keys():
    found = departures({"data": {"kind": "text", "text": "x"}, "model": {"cell": "gone", "layers": 1}})
    assert found["model.cell"] == "gone"
    assert found["model.layers"] == 1


@pytest.mark.parametrize("deep", ["[" * 5000 + "]" * 5000, "{a: " * 3000 + "1" + "}" * 3000])
def test_a_value_nested_without_end_cannot_be_read(deep):
    assert flat_text(f"a: {deep}\n".encode()) is None
