"""Text: chunks and targets by hand, held-out text, scores that do not depend on how the text is read through."""

from itertools import pairwise

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.engine.batch import Batch
from rnnlab.errors import DataError
from rnnlab.experiments.setup import build_setup, draw_parameters
from rnnlab.tasks import language
from rnnlab.tasks.scores import class_scores
from rnnlab.tasks.task import build_task

TEXT = "abcabdabcabdabcabcabdabda"


def config_of(folder, data="", *overrides, training="", seeds="2"):
    (folder / "text.yaml").write_text(
        f"data: {{kind: text, text: {TEXT}, chunk: 4{data}}}\n"
        f"model: {{hidden_size: 3}}\ntraining: {{updates: 3{training}}}\n"
    )
    return load("text.yaml", overrides=overrides, seeds=seeds)


def tokens(text):
    return ["abcd".index(letter) for letter in text]


def evaluate(config):
    task = build_task(config)
    setup = build_setup(config, task)
    theta = 3 * draw_parameters(config, setup.network.architecture)
    return setup.network, theta, task.evaluate(setup.network, theta)


def test_chunks_and_the_characters_after_them(folder):
    task = build_task(config_of(folder))
    assert (task.input_size, task.output_size, task.record["vocabulary"]) == (4, 4, "abcd")
    for n in range(6):
        assert task.sequences.inputs[:, n].tolist() == tokens(TEXT[4 * n : 4 * n + 4])
        assert task.sequences.targets[:, n].tolist() == tokens(TEXT[4 * n + 1 : 4 * n + 5])


def test_a_readout_at_the_last_character_tells_the_one_after_the_chunk(folder):
    task = build_task(config_of(folder, "", "model.readout=last"))
    assert task.sequences.targets.tolist() == tokens(TEXT[4::4])


def test_streams_that_carry_their_state_lie_side_by_side(folder):
    config = config_of(folder, training=", stateful: true, batch_size: 2")
    inputs = build_task(config).sequences.inputs
    half = 12  # each of the two streams has three whole chunks
    for j in range(3):
        for s in range(2):
            start = s * half + 4 * j
            assert inputs[:, 2 * j + s].tolist() == tokens(TEXT[start : start + 4])


def test_a_repeated_text_is_the_text_again_and_again(folder):
    task = build_task(config_of(folder, ", repeat: 3"))
    assert task.record["rows"] == 75
    assert task.sequences.inputs.T.ravel().tolist() == tokens((3 * TEXT)[:72])


@pytest.mark.parametrize("readout", ["last", "every"])
def test_held_out_text_is_the_end_and_is_not_trained_on(folder, readout):
    keys = (f"model.readout={readout}",)
    whole, part = (build_task(config_of(folder, data, *keys)) for data in ("", ", train_fraction: 0.6"))
    assert part.sequences.inputs.T.ravel().tolist() == tokens(TEXT[:12])  # 15 characters: three chunks of 4
    np.testing.assert_array_equal(part.sequences.inputs, whole.sequences.inputs[:, :3])
    network, theta, evaluation = evaluate(config_of(folder, ", train_fraction: 0.6", *keys))
    tested = np.array(tokens(TEXT[15:]))  # 10 characters: two chunks
    outputs, _ = network.outputs(theta, Batch(np.ascontiguousarray(tested[:8].reshape(2, 4).T)))
    after = tested[1:9].reshape(2, 4).T
    expected = class_scores(outputs, after[-1] if readout == "last" else after)
    for name, value in expected.items():
        np.testing.assert_allclose(evaluation.metrics[name], value, rtol=1e-12)
    np.testing.assert_allclose(
        evaluation.metrics["bits_per_character"], evaluation.metrics["cross_entropy"] / np.log(2), rtol=1e-14
    )
    assert "held-out text" in evaluation.headline


def test_too_little_held_out_text(folder):
    with pytest.raises(DataError, match=r"data\.train_fraction 0\.9 holds out 3 characters; .* need 5\."):
        build_task(config_of(folder, ", train_fraction: 0.9"))


def test_too_short_a_text(folder):
    with pytest.raises(DataError, match="need at least 51 characters; the text has 25"):
        build_task(config_of(folder, "", "data.chunk=50"))


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("training", ["", ", stateful: true, batch_size: 2", ", stateful: true, batch_size: 1"])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_pieces_make_no_difference(folder, monkeypatch, training, readout, cell):
    config = config_of(folder, ", repeat: 5", f"model.readout={readout}", f"model.cell={cell}", training=training)
    whole = evaluate(config)[2]
    monkeypatch.setattr(language, "PIECE", 1)  # a step of a chunk, or of the streams side by side, at a time
    pieces = evaluate(config)[2]
    for name, value in whole.metrics.items():
        np.testing.assert_allclose(pieces.metrics[name], value, rtol=1e-12)
    for name, scores in whole.baselines.items():
        assert pieces.baselines[name] == pytest.approx(scores, rel=1e-12)


def test_a_carried_state_is_carried_in_the_test_too(folder):
    config = config_of(folder, training=", stateful: true, batch_size: 1", seeds="1")
    network, theta, evaluation = evaluate(config)
    stream = np.array(tokens(TEXT))
    outputs, _ = network.outputs(theta, Batch(stream[:24, None]))
    expected = class_scores(outputs, stream[1:, None])
    np.testing.assert_allclose(evaluation.metrics["cross_entropy"], expected["cross_entropy"], rtol=1e-12)
    alone = evaluate(config_of(folder, seeds="1"))[2]
    assert not np.allclose(alone.metrics["cross_entropy"], expected["cross_entropy"], rtol=1e-6)


def test_the_baselines_by_hand(folder):
    baselines = evaluate(config_of(folder))[2].baselines
    pairs = list(pairwise(TEXT))
    after = [b for _, b in pairs]
    single = {letter: (after.count(letter) + 1) / (24 + 4) for letter in "abcd"}
    expected = -np.mean([np.log(single[b]) for b in after])
    assert baselines["unigram"]["cross_entropy"] == pytest.approx(expected)
    best = max(single, key=lambda letter: single[letter])
    assert baselines["unigram"]["accuracy"] == pytest.approx(after.count(best) / 24)
    starts = [a for a, _ in pairs]
    chance = {(a, b): (pairs.count((a, b)) + 1) / (starts.count(a) + 4) for a in "abcd" for b in "abcd"}
    assert baselines["bigram"]["cross_entropy"] == pytest.approx(-np.mean([np.log(chance[pair]) for pair in pairs]))
    assert baselines["bigram"]["bits_per_character"] == pytest.approx(baselines["bigram"]["cross_entropy"] / np.log(2))


def test_a_file_in_place_of_the_text(folder):
    (folder / "novel.txt").write_text(TEXT)
    (folder / "file.yaml").write_text("data: {kind: text, path: novel.txt, chunk: 4}\nmodel: {hidden_size: 3}\n")
    from_file, inline = build_task(load("file.yaml")), build_task(config_of(folder))
    np.testing.assert_array_equal(from_file.sequences.inputs, inline.sequences.inputs)
    assert from_file.record["sha256"] == inline.record["sha256"]
    assert str(from_file.record["source"]).endswith("novel.txt")


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_streams_stay_whole_where_chunks_are_held_out_for_early_stopping(folder, batch_size):
    training = f", stateful: true, batch_size: {batch_size}, early_stopping: {{validation_fraction: 0.2}}"
    config = config_of(folder, ", repeat: 4", training=training)
    setup = build_setup(config, build_task(config))
    assert setup.sampling.sequences.sequences % batch_size == 0
    assert setup.stopping.validation.sequences % batch_size == 0
    assert setup.stopping.validation.sequences > 0


def test_the_text_is_tested_chunk_by_chunk_and_repetitions_count_once(folder):
    network, theta, evaluation = evaluate(config_of(folder))
    inputs, targets = (np.array(tokens(TEXT[k : 24 + k])).reshape(6, 4) for k in (0, 1))
    outputs, _ = network.outputs(theta, Batch(np.ascontiguousarray(inputs.T)))
    pairs = np.ones((4, 4))
    np.add.at(pairs, (inputs, targets), 1)
    bigram = -np.log((pairs / pairs.sum(axis=1, keepdims=True))[inputs, targets])
    test = evaluation.tests["paired_t_test"]
    _, once = np.unique([TEXT[4 * n : 4 * n + 5] for n in range(6)], return_index=True)  # the first comes twice
    assert (test["against"], test["sample"]) == ("the bigram table", 5)
    for model in range(2):
        odds = np.exp(outputs[:, model].transpose(1, 0, 2))
        surprise = -np.log(np.take_along_axis(odds, targets[..., None], -1)[..., 0] / odds.sum(axis=-1))
        d = (surprise - bigram).sum(axis=1)[once]
        assert test["statistic"][model] == pytest.approx(d.mean() / (d.std(ddof=1) / np.sqrt(5)), rel=1e-9)
    repeated = evaluate(config_of(folder, ", repeat: 26"))[2]
    whole = 26 * TEXT
    assert repeated.tests["paired_t_test"]["sample"] == len({whole[k : k + 5] for k in range(0, len(whole) - 4, 4)})
    assert "different chunks of the training text at 5 %)" in repeated.headline


@pytest.mark.parametrize(
    ("fraction", "repeat", "told"), [(0.5, 2, True), (0.9, 4, True), (0.4, 2, False), (1.0, 4, False), (0.7, 1, False)]
)
def test_held_out_text_that_repeats_the_training_text_is_told(folder, fraction, repeat, told):
    warnings = build_task(config_of(folder, f", repeat: {repeat}, train_fraction: {fraction}")).warnings
    assert warnings == (
        (f"The held-out text is no new text: it repeats the training text (data.repeat is {repeat}).",) if told else ()
    )


def test_a_network_that_diverged_has_no_accuracy():
    logits = np.zeros((2, 5, 3))
    logits[1] = np.nan
    scores = class_scores(logits, np.zeros(5, int))
    assert scores["accuracy"][0] == 1
    assert np.isnan(scores["accuracy"][1])


def test_the_sentence_speaks_of_the_chunks_that_were_tested(folder):
    """Text that repeats: the table has every chunk, test and sentence each different one once."""
    network, theta, evaluation = evaluate(config_of(folder, ", repeat: 3", "data.chunk=5"))
    chunks = build_task(config_of(folder, ", repeat: 3", "data.chunk=5")).sequences
    _, once = np.unique(np.concatenate([chunks.inputs, chunks.targets[-1:]]), axis=1, return_index=True)
    assert len(once) < chunks.sequences
    outputs, _ = network.outputs(theta, Batch(chunks.inputs[:, once]))
    expected = class_scores(outputs, chunks.targets[:, once])["cross_entropy"]
    assert f"{np.median(expected):.4g}" in evaluation.headline
