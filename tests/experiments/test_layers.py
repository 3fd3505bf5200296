"""What the registry says of the layers, before their code is loaded, is what they say of themselves."""

import pytest

from rnnlab.cli.sweep_rho import CELLS
from rnnlab.config import load, registry
from rnnlab.experiments.sweep.rho import STARTER


def test_the_command_line_names_the_layers_that_there_are():
    assert tuple(registry.layers().entries) == CELLS
    assert registry.layers().broken == {}


@pytest.mark.parametrize("name", [entry.name for entry in registry.OWN_LAYERS])
def test_the_registry_and_the_layer_agree(name):
    entry = registry.layers().entries[name]
    phi = "relu" if entry.activations else "tanh"
    layer = registry.layer(load(STARTER, overrides=[f"model.cell={name}", f"model.activation={phi}"]).model)
    assert layer.name == name
    assert layer.additive is entry.additive
    assert (layer.forget_gate is not None) is entry.forget_gate
    assert getattr(layer, "activation", None) == (phi if entry.activations else None)
