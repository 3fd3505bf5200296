"""The language of --where, held against what it means."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.errors import UsageError
from rnnlab.experiments.registry.query import keys_in, parse

COLUMNS = {
    "rmse": [10.0, 20, None, 30.5],
    "cell": ["lstm", "gru", "LSTM", None],
    "full": [True, False, None, 1],
    "label": [["paper", "b"], [], None, ["c"]],
    "batch": ["full", 32, "32", None],
    "at": ["2026-01-02T00:00:00Z", "2026-02-01T00:00:00Z", None, "2025-12-31T23:59:59Z"],
}


def matched(text):
    return [place for place, one in enumerate(parse(text).matches(COLUMNS.__getitem__)) if one]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("rmse<20", [0]),
        ("rmse <= 20", [0, 1]),
        ("rmse>1e1", [1, 3]),
        ("rmse==20.0", [1]),
        ("rmse!=20", [0, 2, 3]),
        ("rmse=null", [2]),
        ("rmse!=null", [0, 1, 3]),
        ("rmse<-.5", []),
        ("cell=lstm", [0]),
        ("cell='lstm'", [0]),
        ("cell~lst", [0, 2]),
        ("not cell~lst", [1, 3]),
        ("full=true", [0]),
        ("full=1", [3]),
        ("full!=false", [0, 2, 3]),
        ("label=paper", [0]),
        ("label!=paper", [1, 2, 3]),
        ("label~pap", [0]),
        ("batch=32", [1]),
        ('batch="32"', [2]),
        ("batch=full", [0]),
        ("batch<100", [1]),
        ("at>2026-01", [0, 1]),
        ("at>2026-01 and at<'2026-02'", [0]),
        ("cell=lstm or cell=gru and rmse>100", [0]),
        ("(cell=lstm or cell=gru) and rmse>10", [1]),
        ("not (cell=lstm or rmse>10)", [2]),
        ("not not cell=lstm", [0]),
        ("cell=lstm and not rmse>10 and full=true", [0]),
        ("(((rmse<20)))", [0]),
    ],
)
def test_what_a_condition_means(text, places):
    assert matched(text) == places


@pytest.mark.parametrize(
    ("text", "wanted", "got"),
    [
        ("", "a key", "the end"),
        ("rmse", "=, !=", "the end"),
        ("rmse<", "a value", "the end"),
        ("rmse<20 cell=lstm", "and, or, or the end", "cell=lstm"),
        ("rmse<20 and", "a key", "the end"),
        ("(rmse<20", "the parenthesis that closes", "the end"),
        ("rmse<20)", "and, or, or the end", ")"),
        ("rmse<<20", "a value", "<20"),
        ("rmse = 'x", "the quote that ends this text", "'x"),
        ("rmse<true", "a number or a text", "true"),
        ("and=3", "a key", "and=3"),
        ("rmse ! 3", "a key or a value", "!"),
        ("=3", "a key", "=3"),
    ],
)
def test_what_is_no_condition_is_shown(text, wanted, got):
    with pytest.raises(UsageError, match=r"^where: ") as caught:
        parse(text)
    assert wanted in caught.value.message
    assert caught.value.message.endswith(f"got {got}.")


@pytest.mark.parametrize("text", ["not " * 5000 + "a=1", "(" * 9000, "x" * 20_000, "a=1 or " * 1400 + "a=1"])
def test_long_and_deep_conditions_end_in_a_sentence_or_an_answer(text):
    try:
        keys = keys_in(parse(text))
    except UsageError as error:
        keys = ["a"] * (len(error.message) < 300)
    assert keys == ["a"]


@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_a_usage_error(text):
    try:
        found = parse(text)
    except UsageError:
        return
    assert all(key for key in keys_in(found))


NAMES = st.sampled_from(["a", "b", "c"])
SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne}
CONDITIONS = st.recursive(
    st.tuples(NAMES, st.sampled_from(list(SIGNS)), st.integers(-3, 3)),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)
    ),
    max_leaves=8,
)  # fmt: skip


def written(one):
    if one[0] == "not":
        return f"not ({written(one[1])})"
    if one[0] in ("and", "or"):
        return f"({written(one[1])}) {one[0]} ({written(one[2])})"
    return "".join(map(str, one))


def holds(one, values):
    if one[0] == "not":
        return not holds(one[1], values)
    if one[0] in ("and", "or"):
        both = [holds(part, values) for part in one[1:]]
        return all(both) if one[0] == "and" else any(both)
    return SIGNS[one[1]](values[one[0]], one[2])


@given(CONDITIONS, st.lists(st.fixed_dictionaries({name: st.integers(-3, 3) for name in "abc"}), min_size=1))
def test_conditions_agree_with_pythons_own(condition, rows):
    found = parse(written(condition)).matches(lambda key: [row[key] for row in rows])
    assert found == [holds(condition, row) for row in rows]
