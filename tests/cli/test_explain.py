"""`rnnlab explain`: in an empty folder, on a terminal and off it."""

import json
import re

import pytest


def said(done):
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_key_is_explained(rnnlab):
    assert said(rnnlab("explain", "training.clip.threshold")) == (
        "training.clip.threshold (for norm, per_parameter and value)\n"
        "  meaning  maximum norm tau of all gradients together (for norm)\n"
        "           maximum norm of the gradient of one parameter (for per_parameter)\n"
        "           maximum absolute value of an entry (for value)\n"
        "  must be  a number above 0\n"
        "  default  5.0 (for norm)\n"
        "           1.0 (for per_parameter and value)\n"
        "  set it   --set training.clip.threshold=5.0\n"
    )


def test_a_value_comes_from_a_line_an_extended_file_an_argument_or_a_default(installed):
    shown = said(installed("explain", "lookback", "stock"))
    assert re.search(r"^  unit     rows\n  default  20\n  value    20\n  from     stock \(bundled\):\d+$", shown, re.M)
    shown = said(installed("explain", "lookback", "stock", "--set", "data.lookback=5"))
    assert "  value    5\n  from     --set data.lookback=5\n" in shown
    shown = said(installed("explain", "updates", "clipping"))
    assert re.search(r"from     gradients \(bundled\):\d+, which remedies/clipping \(bundled\) extends\n", shown)
    assert "  value    float64\n  from     default\n" in said(installed("explain", "dtype", "clipping"))


def test_a_section_lists_its_keys_and_in_a_config_their_values(rnnlab):
    keys = said(rnnlab("explain", "model"))
    assert re.search(r"^    hidden_size +hidden units per layer and direction$", keys, re.M)
    values = said(rnnlab("explain", "model", "stock"))
    assert re.search(r"^    hidden_size +16  \(stock \(bundled\):\d+\)$", values, re.M)
    assert "lookback" in said(rnnlab("explain", "data", "stock"))
    assert "    chunk " not in said(rnnlab("explain", "data", "stock"))


def test_what_the_last_line_offers_works(rnnlab, on_terminal):
    for word in ("training", "model", "kind", "optimizer", "text"):
        _, screen = on_terminal("explain", word, env={"NO_COLOR": "1"}, columns=200)
        last = screen.splitlines()[-1]
        command = last.removeprefix("next  rnnlab ").partition("  ")[0].split()
        assert command[0] == "explain"
        said(rnnlab(*command))


def test_json_is_one_document(rnnlab):
    document = json.loads(said(rnnlab("explain", "threshold", "clipping", "--json")))
    (match,) = document["matches"]
    assert (document["schema_version"], match["name"]) == (1, "training.clip.threshold")
    assert match["default"][0] == {"text": "5.0", "kinds": ["norm"]}
    assert match["value"] == 5.0
    assert match["origin"]["kind"] == "file"
    several = json.loads(said(rnnlab("explain", "kind", "--json")))
    assert len(several["matches"]) > 5


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_lines_fit_the_terminal(on_terminal, columns):
    code, screen = on_terminal("explain", "data.season", env={"NO_COLOR": "1"}, columns=columns)
    assert code == 0
    lines = screen.replace("\r\n", "\n").splitlines()
    assert max(map(len, lines)) <= min(columns, 100)
    assert any(line.startswith("           ") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("epcohs",), "epcohs: no such key; did you mean training.epochs?"),
        (("epochs", "--set", "seeds=3"), "--set changes a config, and none is named."),
        (("epochs", "stok"), "stok: no such file; did you mean the bundled config stock?"),
        (("epochs", "stock", "--set", "seeds=x"), "seeds must be a number of models"),
    ],
)
def test_what_cannot_be_explained_is_an_error(rnnlab, arguments, message):
    done = rnnlab("explain", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_file_beside_a_bundled_config_of_its_name_brings_a_warning(rnnlab, tmp_path):
    (tmp_path / "stock.yaml").write_text("data: {kind: prices, symbol: GOOG}\n")
    done = rnnlab("explain", "symbol", "stock")
    assert "stock is the bundled config; the file stock.yaml differs and is not read" in done.stderr
    assert "  value    AAPL\n" in done.stdout
    assert "  value    GOOG\n" in said(rnnlab("explain", "symbol", "stock.yaml"))


def test_a_kind_that_the_config_does_not_use_has_no_values_there(rnnlab):
    shown = said(rnnlab("explain", "adam", "stock"))
    assert "  value    not used: training.optimizer is sgd\n" in shown
    assert re.search(r"^    beta1 +\S.*[a-z]$", shown, re.M)
    assert "stock (bundled):" not in shown
    assert "0.05  (--set training.optimizer" in said(
        rnnlab("explain", "adam", "stock", "--set", "training.optimizer={kind: adam, learning_rate: 0.05}")
    )


def test_a_section_that_the_config_does_without_says_so_and_lists_its_keys(rnnlab):
    shown = said(rnnlab("explain", "early_stopping", "stock"))
    assert "  default  null\n  value    null\n  from     default\n" in shown
    assert re.search(r"^    patience +epochs ", shown, re.M)
