"""What a slice went through, held against the same updates kept whole."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from rnnlab.engine.training import Update
from rnnlab.errors import RunWriteError
from rnnlab.experiments.sweep.course import AT_ONCE, CLIP_SCALE, LOSS, NORM, PARAMETERS, RECURRENT, Course
from rnnlab.runs.spool import Spool

NAMES = ("layer0.W_xh", "layer0.W_hh", "layer1.W_hh")


def updates(count, models=2, seed=0):
    """Random updates; the last model diverges at a third of them."""
    rng = np.random.default_rng(seed)
    for number in range(1, count + 1):
        loss, norm, scale = rng.uniform(size=(3, models))
        norms = rng.uniform(size=(models, len(NAMES)))
        if 3 * number > count:
            for values in (loss, norm, scale, norms):
                values[-1] = np.nan
        clipped = rng.uniform(size=models) < 0.5
        yield Update(number, 1, False, 1, 1.0, loss, 0.1, norm, scale, norms, clipped)


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE, 2 * AT_ONCE + 5])
def test_course_holds_every_update(count, tmp_path):
    course, seen = Course(2, NAMES, tmp_path), list(updates(count))
    for update in seen:
        course.add(update)
    for _ in range(2):  # it can be read again
        blocks = [np.empty((0, 2, PARAMETERS + 3)), *course.blocks()]
        whole = np.concatenate(blocks)
        assert course.updates == len(whole) == count
        for column, name in ((LOSS, "loss"), (NORM, "norm"), (CLIP_SCALE, "clip_scale")):
            given = np.array([getattr(update, name) for update in seen]).reshape(-1, 2)
            np.testing.assert_array_equal(whole[..., column], given)
        norms = np.array([update.norms for update in seen]).reshape(-1, 2, 3)
        np.testing.assert_array_equal(whole[..., PARAMETERS:], norms)
        np.testing.assert_allclose(whole[..., RECURRENT], np.hypot(norms[..., 1], norms[..., 2]))
    np.testing.assert_array_equal(course.clipped, np.sum([update.clipped for update in seen], axis=0, initial=0))
    first, last = course.ends()
    if count:
        np.testing.assert_array_equal(first, whole[0])
        np.testing.assert_array_equal(last[0], whole[-1, 0])
        ended = max(count // 3 - 1, 0)
        np.testing.assert_array_equal(last[1], whole[ended, 1])
    else:
        assert np.isnan(first).all()
        assert np.isnan(last).all()


def test_memory_does_not_grow_with_the_updates(tmp_path):
    course = Course(16, NAMES, tmp_path)
    tracemalloc.start()
    try:
        for update in updates(12_000, models=16):
            course.add(update)
        held = tracemalloc.get_traced_memory()[0]
        rows = sum(len(block) for block in course.blocks())
    finally:
        tracemalloc.stop()
    assert rows == 12_000
    assert held < 6 << 20  # 12,000 updates of 16 models are 10 MB of numbers alone
    assert list(tmp_path.iterdir()) == []


def test_spool_reads_back_what_it_took_in_on_either_side_of_its_limit(tmp_path):
    spool = Spool(tmp_path, in_memory=1000)
    arrays = [np.arange(n * 3.0).reshape(n, 3) for n in (0, 1, 40, 2)]
    for n, array in enumerate(arrays):
        spool.append(array)
        assert len(spool) == n + 1
        for found, given in zip(spool, arrays[: n + 1], strict=True):
            np.testing.assert_array_equal(found, given)


def test_spool_without_its_folder_is_one_sentence(tmp_path):
    spool = Spool(tmp_path / "gone", in_memory=10)
    with pytest.raises(RunWriteError, match=r"gone' could not be written: "):
        spool.append(np.zeros(100))


def test_spool_on_a_full_disk_is_one_sentence_and_silent_at_its_end(tmp_path):
    code = (
        "import resource, sys; import numpy as np; from pathlib import Path; from rnnlab.errors import RunWriteError\n"
        "from rnnlab.runs.spool import Spool; import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)); spool = Spool(Path(sys.argv[1]), in_memory=100)\n"
        "try:\n"
        "    for _ in range(int(sys.argv[2])): spool.append(np.zeros(30))\n"
        "    print(len(list(spool)))\n"
        "except RunWriteError as error: print(error.message)\n"
    )
    for arrays, said in (("3", "3"), ("14", "could not be written"), ("100", "could not be written")):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), arrays], capture_output=True, text=True, check=True
        )
        assert said in done.stdout
        assert done.stderr == ""
