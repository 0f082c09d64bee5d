"""Only numbers are weights: what a checkpoint must not hold, and which precisions it may."""

import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save

from nlviz.models import CHECKPOINTS, CheckpointError, load_model

NAME = "fashion_embedded_gaussian"


@pytest.fixture
def changed(tmp_path):
    """A copy of a checkpoint, with a card that fits, changed by a function of its tensors."""
    def change(how):
        state = load_file(CHECKPOINTS / f"{NAME}.safetensors")
        how(state)
        content = save({key: value.contiguous() for key, value in state.items()})
        (tmp_path / f"{NAME}.safetensors").write_bytes(content)
        for path in CHECKPOINTS.glob("fashion_*.json"):
            shutil.copy(path, tmp_path)
        card = tmp_path / f"{NAME}.json"
        card.write_text(json.dumps(json.loads(card.read_text()) | {"sha256": hashlib.sha256(content).hexdigest()}))
        return load_model(NAME, tmp_path)

    return change


def first_of(state):
    return next(key for key, value in state.items() if value.is_floating_point() and value.dim() > 1)


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.uint8, torch.bool])
def test_integers_in_place_of_weights_are_refused(changed, dtype):
    def how(state):
        key = first_of(state)
        state[key] = state[key].to(dtype)

    with pytest.raises(CheckpointError, match=rf"{NAME}\.safetensors: \S+ is {str(dtype)[6:]}, expected float32\."):
        changed(how)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_finite_numbers_are_refused(changed, number):
    def how(state):
        state[first_of(state)].view(-1)[:2] = number

    with pytest.raises(CheckpointError, match=r"2 of \d+ numbers in \S+ are not finite \(NaN or infinite\)"):
        changed(how)


@pytest.mark.parametrize("dtype, within", [(torch.bfloat16, 2**-8), (torch.float16, 2**-10), (torch.float64, 0)])
def test_weights_of_another_precision_become_the_networks_own(changed, dtype, within):
    model, own = changed(lambda state: state.update({key: value.to(dtype) for key, value in state.items()
                                                     if value.is_floating_point()})), load_model(NAME)
    for name, weights in own.net.state_dict().items():
        loaded = model.net.state_dict()[name]
        assert loaded.dtype == weights.dtype
        if weights.is_floating_point():
            torch.testing.assert_close(loaded, weights, rtol=within, atol=1e-6)
