"""Paths as users write them."""

from pathlib import Path

import pytest

from rnnlab.files import user_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("~", "/users/me"),
        ("~/a b", "/users/me/a b"),
        ("a/~", "a/~"),
        ("~nobody-of-that-name/a", "~nobody-of-that-name/a"),
    ],
)
def test_a_tilde_is_the_home_folder(monkeypatch, text, path):
    monkeypatch.setenv("HOME", "/users/me")
    assert user_path(text) == Path(path)
    assert user_path(Path(text)) == Path(path)
