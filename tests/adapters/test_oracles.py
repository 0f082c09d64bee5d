"""What mmcv's and mmsegmentation's own code gave, from ``oracles/blocks.py``: nlviz gives the same from the same weights."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from nlviz.adapters import block_of
from nlviz.capture import capture_maps, check_parity

ORACLES = Path(__file__).parent.parent / "data" / "oracles"
with safe_open(ORACLES / "blocks.safetensors", "pt") as file:
    CASES = json.loads(file.metadata()["cases"])


def case(name, dtype=torch.float64):
    """(the block, x, z, the maps) of a case."""
    with safe_open(ORACLES / "blocks.safetensors", "pt") as file:
        found = {key.removeprefix(f"{name}/"): file.get_tensor(key) for key in file.keys() if key.startswith(f"{name}/")}
    cast = {key: tensor.to(dtype) if tensor.is_floating_point() else tensor for key, tensor in found.items()}
    weights = {key.removeprefix("weights/"): tensor for key, tensor in cast.items() if key.startswith("weights/")}
    maps = [cast[key] for key in sorted(cast) if key.startswith("map ")]
    return block_of(CASES[name]["kind"], weights, **CASES[name]["told"]), cast["x"], cast["z"], maps


def shown(name, block, used, x):
    """The maps of a block in the layout in which the official code has them."""
    if CASES[name]["kind"] == "mmcv_criss_cross":
        return [crosses.weights for crosses in used]
    if CASES[name]["kind"] == "mmcv_context":
        return [used]  # (B, 1, N)
    if CASES[name]["kind"] == "mmseg_dnl":
        return [part.dense() if hasattr(part, "dense") else part for part in used]
    return [block.dense(used)]


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-10), (torch.float32, 2e-5)], ids=["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_output_and_map_are_those_of_the_official_code(name, dtype, tolerance):
    block, x, z, maps = case(name, dtype)
    used, mine = block.attend(x)
    assert (mine - z).abs().max() <= tolerance * z.abs().max()
    official = [one for one in maps if one.dim() > 1]
    for own, other in zip(shown(name, block, used, x), official, strict=bool(official)):
        assert (own - other).abs().max() <= tolerance * other.abs().max()


@pytest.mark.parametrize("name", CASES)
def test_the_map_gives_what_the_official_code_added(name):
    block, x, _, _ = case(name, torch.float32)
    with torch.no_grad(), capture_maps(block) as maps:
        block(x)
    assert check_parity(block, maps[0]).outcome == "holds"


def test_weights_of_half_precision_are_computed_with_in_single():
    block, x, z, _ = case("embedded_gaussian 2d whole", torch.float16)
    assert block.theta.weight.dtype == torch.float32
    assert (block(x.float()) - z.float()).abs().max() <= 2e-3 * z.abs().max()


@pytest.mark.parametrize("name, told", [
    ("embedded_gaussian 2d whole", {"mode": "dot_product"}),
    ("embedded_gaussian 2d whole", {"mode": "embedded_gaussian", "use_scale": False}),
    ("disentangled 0.05", {"use_scale": True, "temperature": 1}),
    ("criss-cross", {"recurrence": 1})])
def test_what_weights_do_not_tell_changes_what_they_give(name, told, monkeypatch):
    _, x, z, _ = case(name)
    monkeypatch.setitem(CASES, name, CASES[name] | {"told": told})
    assert (case(name)[0](x) - z).abs().max() > 1e-3 * z.abs().max()


def test_the_oracles_are_small():
    assert (ORACLES / "blocks.safetensors").stat().st_size < 0.8e6
