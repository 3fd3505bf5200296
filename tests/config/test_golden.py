"""Every bad input has one clear message, at its location: the whole text, as a user sees it.

The cases stand in `golden/*.txt`, each as `=== title`, the config, `---`, and the problems. A case whose
title ends in "(escaped)" is written with Python's escapes, for characters that no editor keeps.
"""

from pathlib import Path

import pytest

from rnnlab.config import load
from rnnlab.errors import ConfigError

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))


def _cases():
    for file in GOLDEN:
        for case in file.read_text(encoding="utf-8").removeprefix("=== ").split("\n\n=== "):
            title, _, rest = case.partition("\n")
            text, _, expected = rest.rpartition("\n---\n")
            if title.endswith("(escaped)"):
                text = text.encode("latin-1").decode("unicode_escape")
            yield pytest.param(text + "\n", expected.rstrip("\n"), id=f"{file.stem}: {title}")


@pytest.mark.parametrize(("text", "expected"), list(_cases()))
def test_the_message_is_exactly(text, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_bytes(text.encode("utf-8"))
    with pytest.raises(ConfigError) as error:
        load("c.yaml")
    assert "\n".join(error.value.problems) == expected
    assert error.value.exit_code == 2
