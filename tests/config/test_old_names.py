"""Keys by the names that they had before."""

import pytest

from rnnlab.config import load
from rnnlab.errors import ConfigError

DATA = "data: {kind: text, text: abcabcabc, chunk: 3}\n"


@pytest.mark.parametrize(("written", "every"), [("100", 100), ("null", None)])
def test_checkpoint_every_is_read_as_the_interval_of_today(tmp_path, written, every):
    (tmp_path / "old.yaml").write_text(f"{DATA}training: {{checkpoint_every: {written}}}\n")
    checkpoint = load(tmp_path / "old.yaml").training.checkpoint
    assert (checkpoint.every, checkpoint.keep, checkpoint.best) == (every, 3, True)
    (tmp_path / "new.yaml").write_text(DATA)
    assert (
        load(tmp_path / "new.yaml", overrides=[f"training.checkpoint_every={written}"]).training.checkpoint
        == checkpoint
    )


def test_both_names_at_once_are_told_apart(tmp_path):
    (tmp_path / "both.yaml").write_text(f"{DATA}training: {{checkpoint_every: 3, checkpoint: {{keep: 2}}}}\n")
    with pytest.raises(ConfigError, match=r"training\.checkpoint_every is the name that checkpoint\.every had before"):
        load(tmp_path / "both.yaml")


@pytest.mark.parametrize(
    ("written", "updates", "seconds"),
    [("30s", None, 30), ("1.5m", None, 90), ("2h", None, 7200), ("7", 7, None), ("null", None, None)],
)
def test_the_interval_is_a_time_or_a_number_of_updates(tmp_path, written, updates, seconds):
    (tmp_path / "new.yaml").write_text(f"{DATA}training: {{checkpoint: {{every: {written}}}}}\n")
    checkpoint = load(tmp_path / "new.yaml").training.checkpoint
    assert (checkpoint.updates, checkpoint.seconds) == (updates, seconds)


@pytest.mark.parametrize("written", ["0", "0s", "-3", "30", "s", "1e3s", "30 s", "30d", "true", "1.5", "[1]"])
def test_other_intervals_are_refused(tmp_path, written):
    if written == "30":
        written = "'30'"
    (tmp_path / "new.yaml").write_text(f"{DATA}training: {{checkpoint: {{every: {written}}}}}\n")
    with pytest.raises(ConfigError, match="must be a time such as 30s, 5m or 1h, a whole number of updates"):
        load(tmp_path / "new.yaml")
