"""A network from a checkpoint's tensors, as ``load_model`` makes it, without the file."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from nlviz.capture import capture_maps
from nlviz.models.zoo.arch import Arch, Rebuilt

ORACLES = Path(__file__).parents[2] / "data/oracles"


def double(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: weights.double() if weights.is_floating_point() else weights for name, weights in state.items()}


def oracle(name: str) -> dict[str, Tensor]:
    return double(load_file(ORACLES / f"{name}.safetensors"))


def rebuilt(arch: Arch, state: dict[str, Tensor], answers: dict[str, str]) -> Rebuilt:
    """In double precision with its weights in it, every one of which came from the checkpoint."""
    assert set(answers) >= {question.name for question in arch.questions(state)}
    found = arch.build(state, answers)
    missing, unexpected = found.net.double().load_state_dict(found.state, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    assert found.used <= set(state)
    return found


def maps_of(net: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The output, and the first map of each block by its layer's name."""
    with torch.no_grad(), capture_maps(net) as maps:
        output = net(x.double())
    return output, {nl_map.layer: nl_map.weights for nl_map in maps if nl_map.number == 0}
