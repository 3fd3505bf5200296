"""The sweep: every (rho, seed) is the lone training of that config, whatever it is swept with."""

import json
from pathlib import Path

import numpy as np
import pytest

from rnnlab.dynamics import spectra
from rnnlab.dynamics.jacobians import suffix_products
from rnnlab.dynamics.verdict import growth_rate
from rnnlab.engine.trajectory import follow
from rnnlab.errors import DataError, RnnlabError, UsageError
from rnnlab.experiments.probes import probe
from rnnlab.experiments.setup import build_setup
from rnnlab.experiments.sweep import members
from rnnlab.experiments.sweep.members import at_rho
from rnnlab.experiments.sweep.rho import STARTER, check_rhos
from rnnlab.experiments.train import train
from rnnlab.runs.tables import read_table
from rnnlab.tasks.task import build_task
from tests.experiments.sweeps import small_config, sweep

CONFIGS = Path(__file__).parents[3] / "configs"
RESULTS = (
    "rho,seed,spectral_radius,sigma_max,lyapunov,growth_rate,horizon,grad_norm_first,grad_norm_last,lag_share,"
    "loss_first,loss_last,diverged"
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return sweep(tmp_path_factory.mktemp("runs"), [0.9, 1.2])


def test_the_config_that_is_swept_by_default_is_the_one_among_the_configs():
    assert STARTER.path.samefile(CONFIGS / "gradients.yaml")


def test_results_have_a_row_per_rho_and_seed_and_the_promised_columns(swept):
    table = read_table(swept.run / "results.csv")
    assert (swept.run / "results.csv").read_text().startswith(RESULTS)
    assert list(zip(table["rho"], table["seed"], strict=True)) == [(r, s) for r in (0.9, 1.2) for s in (0, 1, 2)]


def test_each_member_trains_as_the_lone_run_of_its_config(swept, tmp_path):
    alone = train(at_rho(small_config(), 1.2, exact=False), runs_dir=tmp_path, command=[])
    norms, expected = read_table(swept.run / "gradient_norms.csv"), read_table(alone.run / "gradient_norms.csv")
    mine = norms["rho"] == 1.2
    for name, values in expected.items():
        order = np.lexsort((norms["update"][mine], norms["seed"][mine]))
        theirs = np.lexsort((expected["update"], expected["seed"]))
        np.testing.assert_allclose(norms[name][mine][order], values[theirs], rtol=1e-9, atol=1e-12)


def test_how_models_are_sliced_changes_nothing(swept, tmp_path, monkeypatch):
    monkeypatch.setattr(members, "MOST_MODELS", 1)
    sliced = sweep(tmp_path, [0.9, 1.2])
    one, other = read_table(swept.run / "results.csv"), read_table(sliced.run / "results.csv")
    for name in RESULTS.split(",")[:-1]:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9)


def test_the_table_holds_what_dynamics_measure(swept):
    config = at_rho(small_config(), 1.2, exact=False)
    setup = build_setup(config, build_task(config))
    W_hh = setup.network.layout.view(setup.theta, "layer0.W_hh")
    rates = growth_rate(suffix_products(follow(setup.network, setup.theta, probe(setup.sampling)))[0][..., 0].T)
    table = read_table(swept.run / "results.csv")
    mine = table["rho"] == 1.2
    np.testing.assert_allclose(table["growth_rate"][mine], rates, rtol=1e-12)
    np.testing.assert_allclose(table["horizon"][mine], 1 / np.abs(rates), rtol=1e-12)
    np.testing.assert_allclose(table["spectral_radius"][mine], spectra.spectral_radius(W_hh), rtol=1e-12)
    np.testing.assert_allclose(table["sigma_max"][mine], spectra.sigma_max(W_hh), rtol=1e-12)


def test_gradient_flow_has_a_row_per_rho_seed_look_and_lag(swept):
    flow = read_table(swept.run / "gradient_flow.csv")
    assert list(flow) == ["rho", "seed", "update", "lag", "transport", "jacobian", "total"]
    assert len(flow["lag"]) == 2 * 3 * 6 * 12
    first = (flow["lag"] == 0) & (flow["update"] == 1)
    np.testing.assert_allclose(flow["jacobian"][first], 1)
    np.testing.assert_allclose(flow["transport"][first], flow["total"][first], rtol=1e-12)


def test_the_summary_is_strict_json_with_a_verdict_per_rho(swept):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    summary = json.loads((swept.run / "summary.json").read_text(), parse_constant=refuse)
    assert [one["rho"] for one in summary["rhos"]] == [0.9, 1.2]
    rates = read_table(swept.run / "results.csv")["growth_rate"][:3]
    assert summary["rhos"][0]["growth_rate"]["median"] == pytest.approx(np.median(rates))
    assert summary["rhos"][0]["growth_rate"]["low"] == pytest.approx(np.quantile(rates, 0.05))
    assert {one["verdict"] for one in summary["rhos"]} <= {"vanishing", "critical", "mixed", "exploding"}
    assert summary["mean_field_edge"] == pytest.approx(2**0.5)
    assert summary["rhos"][1]["mean_field_rate"] == pytest.approx(np.log(1.2 / 2**0.5))


def test_every_plot_is_there(swept):
    names = {path.name for path in (swept.run / "plots").iterdir()}
    assert names == {"growth.png", "transport.png", "spectrum.png", "gradient_norms.png", "gradient_flow.png"}


def test_exact_makes_every_block_have_that_spectral_radius(tmp_path):
    found = sweep(tmp_path, [0.7], "model.cell=lstm", "model.activation=tanh", exact=True)
    np.testing.assert_allclose(read_table(found.run / "results.csv")["spectral_radius"], 0.7, rtol=1e-10)
    config = at_rho(small_config("model.cell=lstm", "model.activation=tanh"), 0.7, exact=True)
    setup = build_setup(config, build_task(config))
    values = spectra.eigenvalues(setup.network.layout.view(setup.theta, "layer0.W_hh"))
    np.testing.assert_allclose(np.abs(values[..., 0]), 0.7, rtol=1e-10)


@pytest.mark.parametrize(
    ("kind", "key"),
    [("orthogonal", "gain"), ("identity", "gain"), ("spectral", "rho"), ("normal", "rho"), ("he", "rho")],
)
def test_rho_is_the_scale_of_the_kind_of_weights_that_the_config_has(kind, key):
    weights = at_rho(small_config(f"model.init.W_hh={kind}"), 0.8, exact=False).model.init.W_hh
    assert getattr(weights, key) == 0.8
    assert weights.kind == (kind if kind != "he" else "normal")


@pytest.mark.painted
def test_a_model_that_overflows_is_recorded_and_the_others_go_on(swept, tmp_path):
    warned = []
    found = sweep(tmp_path, [0.9, 1e300, 1.2], on_warning=warned.append)
    table, expected = read_table(found.run / "results.csv"), read_table(swept.run / "results.csv")
    kept = table["rho"] < 2
    assert table["rho"].tolist() == sorted(table["rho"])
    for name in RESULTS.split(",")[:-1]:
        np.testing.assert_allclose(table[name][kept].astype(float), expected[name], rtol=1e-9)
    lost = ~kept
    assert table["diverged"][lost].tolist() == ["true"] * 3
    assert table["diverged_update"][lost].tolist() == [1] * 3
    assert table["diverged_tensor"][lost].tolist() == ["layer0.h at step 2"] * 3
    assert warned == [
        "The rhos were sorted.",
        "rho 1e+300: all 3 seeds diverged, the first at update 1, where layer0.h at step 2 is not finite.",
    ]
    text = (found.run / "summary.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert found.record["status"] == "completed"
    assert found.rhos[2].verdict.word == "exploding"


@pytest.mark.painted
def test_where_every_model_diverges_the_run_says_so(tmp_path):
    found = sweep(tmp_path, [1e300])
    assert found.record["status"] == "diverged"
    assert not any("could not be drawn" in warning for warning in found.warnings)


def test_a_sweep_that_is_stopped_is_marked_so_and_keeps_what_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(members, "MOST_MODELS", 1)
    monkeypatch.setattr(members, "threads", lambda: 1)
    calls = iter(range(10**6))
    found = sweep(tmp_path, [0.9, 1.2], should_stop=lambda: next(calls) > 17)
    assert found.record["status"] == "interrupted"
    assert 1 <= len(read_table(found.run / "results.csv")["rho"]) < 6


def test_progress_counts_models_to_the_end(tmp_path, monkeypatch):
    from rnnlab.experiments.sweep import progress as module

    monkeypatch.setattr(module, "SHOW_EVERY", 0.0)
    seen = []
    sweep(tmp_path, [0.9, 1.2], on_progress=seen.append)
    done = [one.update for one in seen]
    assert done == sorted(done)
    last = [(one.update, one.updates, one.words) for one in seen if one.update == 6]
    assert last == [(6, 6, "6 of 6 models"), (6, 6, "measuring what would change the verdict")]


def test_other_kinds_of_data_can_be_swept(tmp_path):
    from rnnlab.config import load

    source = tmp_path / "order.yaml"
    source.write_text(
        "data: {kind: synthetic, task: order, sequences: 40, length: [9, 12]}\nmodel: {hidden_size: 5}\n"
        "training: {updates: 4, batch_size: 8}\nseeds: 2\n"
    )
    from rnnlab.experiments.sweep.rho import sweep_rho

    found = sweep_rho(load(str(source)), [0.5, 1.5], runs_dir=tmp_path / "runs", command=[])
    rates = read_table(found.run / "results.csv")["growth_rate"]
    assert (rates[:2] < rates[2:]).all()


def test_rhos_are_taken_once_in_ascending_order():
    assert check_rhos([1.2, 0.9, 1.2]) == [0.9, 1.2]


@pytest.mark.parametrize(
    ("rhos", "sentences"),
    [
        ([0.9, 1.2], ()),
        ([1.2, 0.9], ("The rhos were sorted.",)),
        ([0.9, 0.9, 1.2], ("Given more than once and measured once: rho 0.9.",)),
        ([1.2, 0.9, 1.2], ("The rhos were sorted. Given more than once and measured once: rho 1.2.",)),
    ],
)
def test_what_was_done_to_the_rhos_is_said(tmp_path, rhos, sentences):
    found = sweep(tmp_path, rhos)
    assert found.warnings == sentences
    assert [one.rho for one in found.rhos] == [0.9, 1.2]


def test_an_arrow_leads_from_and_to_the_same_models(tmp_path):
    found = sweep(tmp_path, [1.9], "training.updates=60", "data.chunk=30", "data.repeat=40", seeds="12")
    table, one = read_table(found.run / "results.csv"), found.rhos[0]
    stayed = table["diverged"] == "false"
    assert 0 < stayed.sum() < 12
    for name in ("loss_first", "loss_last", "grad_norm_first", "grad_norm_last"):
        assert one.quantities[name].median == pytest.approx(np.median(table[name][stayed].astype(float)))


def test_table_and_figure_count_the_same_diverged_models(tmp_path, monkeypatch):
    from rnnlab.plots import sweep as figure

    counted = []
    draw = figure.sweep
    monkeypatch.setattr(figure, "sweep", lambda *a, **k: counted.append(k["diverged"]) or draw(*a, **k))
    found = sweep(tmp_path, [0.9, 1.9, 2.5], "training.updates=60", "data.chunk=30", "data.repeat=40", seeds="12")
    (drawn,) = counted
    assert {rho: int(lost.sum()) for rho, lost in drawn.items()} == {one.rho: len(one.diverged) for one in found.rhos}
    assert any(lost.any() for lost in drawn.values())


@pytest.mark.parametrize(("rhos", "message"), [([], "at least one"), ([-1.0], "-1"), ([float("nan")], "nan")])
def test_rhos_that_make_no_sense_are_refused(rhos, message):
    with pytest.raises(UsageError, match=message):
        check_rhos(rhos)


def test_too_many_models_are_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UsageError, match="100,000 models"):
        sweep(tmp_path, [0.9, 1.2], seeds="60000")
    assert list(tmp_path.iterdir()) == []


def test_a_text_too_short_for_a_chunk_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(DataError, match="chunk"):
        sweep(tmp_path, [0.9], "data.repeat=1", "data.chunk=50")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "exact", "edge"),
    [
        (("model.activation=tanh",), False, 1.0),
        (("model.init.W_hh=identity",), False, None),
        (("model.init.W_hh=identity",), True, 2**0.5),
        (("model.cell=gru", "model.activation=tanh"), False, None),
    ],
)
def test_mean_field_speaks_of_random_vanilla_networks_alone(tmp_path, changes, exact, edge):
    found = sweep(tmp_path, [0.9], *changes, exact=exact)
    assert found.edge == (None if edge is None else pytest.approx(edge))
    assert (found.rhos[0].mean_field_rate is None) == (edge is None)


def test_members_that_fail_are_named_and_the_others_go_on(tmp_path, monkeypatch):
    measure = members.diagnose

    def short_of_memory(network, theta, *rest, **options):
        if np.abs(theta).max() > 1e6:
            raise MemoryError
        return measure(network, theta, *rest, **options)

    monkeypatch.setattr(members, "diagnose", short_of_memory)
    monkeypatch.setattr(members, "MOST_MODELS", 1)
    found = sweep(tmp_path, [0.9, 1e7], seeds="2")
    assert [one.rho for one in found.rhos] == [0.9]
    assert found.warnings == tuple(f"rho 1e+07, seed {seed} failed: memory ran out." for seed in (0, 1))
    assert found.summary["failed"][0] == {"rho": 1e7, "seed": 0, "reason": "memory ran out"}
    with pytest.raises(RnnlabError, match="Every model of the sweep failed: memory ran out"):
        sweep(tmp_path, [1e7], seeds="2")
