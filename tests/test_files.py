"""Paths as users write them."""

from pathlib import Path

import pytest

from rnnlab.errors import UsageError
from rnnlab.files import user_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("~", "/users/me"),
        ("~/a b", "/users/me/a b"),
        ("a/~", "a/~"),
    ],
)
def test_a_tilde_is_the_home_folder(monkeypatch, text, path):
    monkeypatch.setenv("HOME", "/users/me")
    assert user_path(text) == Path(path)
    assert user_path(Path(text)) == Path(path)


def test_the_home_folder_of_nobody_is_refused_unless_there_is_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="~nobodyx/r: there is no user 'nobodyx'"):
        user_path("~nobodyx/r")
    (tmp_path / "~nobodyx").mkdir()
    assert user_path("~nobodyx/r") == Path("~nobodyx/r")
