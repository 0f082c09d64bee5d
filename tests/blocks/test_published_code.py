"""What docs/your-network.md says of weights published elsewhere, against that code in its own words."""

import math

import pytest
import torch
from timm.layers import NonLocalAttn
from torch import nn

from nlviz.blocks import BLOCKS
from tests.blocks.building import picture, randomised


class Conv(nn.Module):
    """A convolution and what may follow it, under mmcv's names."""

    def __init__(self, in_channels, out_channels, norm=False):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=not norm)
        if norm:
            self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        x = self.conv(x)
        return self.bn(x) if hasattr(self, "bn") else x


class MmcvNonLocal(nn.Module):
    """mmcv's NonLocal2d, embedded Gaussian or dot product, without sub-sampling."""

    def __init__(self, channels, mode="embedded_gaussian", use_scale=True, norm=True):
        super().__init__()
        half = channels // 2
        self.g, self.theta, self.phi = (Conv(channels, half) for _ in range(3))
        self.conv_out = Conv(half, channels, norm)
        self.mode, self.use_scale = mode, use_scale

    def weights(self, theta, phi):
        logits = theta @ phi
        if self.mode == "dot_product":
            return logits / logits.shape[-1]
        return (logits / theta.shape[-1] ** 0.5 if self.use_scale else logits).softmax(-1)

    def attended(self, x):
        g, theta, phi = (layer(x).flatten(2) for layer in (self.g, self.theta, self.phi))
        return self.weights(theta.mT, phi) @ g.mT

    def forward(self, x):
        return x + self.conv_out(self.attended(x).mT.unflatten(2, x.shape[2:]))


class MmsegDisentangled(MmcvNonLocal):
    """mmseg's DisentangledNonLocal2d."""

    def __init__(self, channels, temperature):
        super().__init__(channels)
        self.conv_mask, self.temperature = nn.Conv2d(channels, 1, 1), temperature

    def attended(self, x):
        g, theta, phi = (layer(x).flatten(2) for layer in (self.g, self.theta, self.phi))
        theta, phi = theta - theta.mean(-1, keepdim=True), phi - phi.mean(-1, keepdim=True)
        pairwise = (theta.mT @ phi / theta.shape[1] ** 0.5 / self.temperature).softmax(-1)
        unary = self.conv_mask(x).flatten(2).softmax(-1)
        return (pairwise + unary) @ g.mT


RENAMED = [("g.conv", "g"), ("theta.conv", "theta"), ("phi.conv", "phi"), ("conv_out.conv", "W.0"), ("conv_out.bn", "W.1")]
TIMM = [("t.", "theta."), ("p.", "phi."), ("z.", "W.0."), ("norm.", "W.1.")]


def renamed(state, names, channels):
    found = {}
    for key, tensor in state.items():
        old, new = next(((old, new) for old, new in names if key.startswith(old)), ("", ""))
        found[new + key[len(old):]] = tensor
    return {"W.0.bias": torch.zeros(channels, dtype=torch.float64)} | found


@pytest.mark.parametrize("published, name, options", [
    (lambda: MmcvNonLocal(8), "embedded_gaussian", {"scale_power": -0.5}),
    (lambda: MmcvNonLocal(8, use_scale=False), "embedded_gaussian", {}),
    (lambda: MmcvNonLocal(8, "dot_product"), "dot_product", {}),
    (lambda: MmsegDisentangled(8, 0.05), "disentangled", {"temperature": 0.05}),
], ids=["mmcv", "mmcv without scale", "mmcv's dot product", "mmseg's disentangled"])
def test_mmcvs_weights_give_the_same_output_under_their_new_names(published, name, options):
    other, x = randomised(published()), picture(8, (5, 4))
    subsampled = {} if name == "disentangled" else {"sub_sample": False}
    block = BLOCKS[name](8, **subsampled, **options).double().eval()
    block.load_state_dict(renamed(other.state_dict(), RENAMED, 8))
    torch.testing.assert_close(block(x), other(x), rtol=0, atol=1e-12)


def test_timms_block_divides_by_the_root_of_all_channels():
    other, x = randomised(NonLocalAttn(16, rd_channels=8)), picture(16, (5, 4))
    block = BLOCKS["embedded_gaussian"](16, 8, sub_sample=False, scale_power=-0.5 * math.log(16) / math.log(8)).double().eval()
    block.load_state_dict(renamed(other.state_dict(), TIMM, 16))
    torch.testing.assert_close(block(x), other(x), rtol=0, atol=1e-12)


def test_ocnets_statistics_move_once_a_step_where_the_official_code_moves_them_twice():
    block, x = BLOCKS["base_oc"](8).train(), picture(8, (5, 4)).float() + 3
    norm = block.stages[0].f_key[1]
    before, seen = norm.running_mean.clone(), []
    norm.register_forward_hook(lambda module, args, out: seen.append(args[0].mean((0, 2, 3)).detach()))
    block(x)
    share = ((norm.running_mean - before) / (seen[0] - before)).mean().item()
    assert len(seen) == 1 and share == pytest.approx(0.1, abs=1e-4)
    block.stages[0].f_query(x)
    assert ((norm.running_mean - before) / (seen[0] - before)).mean().item() == pytest.approx(0.19, abs=1e-4)


def test_rgas_default_module_loads_into_its_two_gates():
    gates = {suffix: BLOCKS[f"rga_{suffix}"](8, (5, 4), 2) for suffix in ("spatial", "channel")}
    both = {key: torch.rand_like(tensor, dtype=torch.float32).to(tensor.dtype)
            for gate in gates.values() for key, tensor in gate.state_dict().items()}
    assert len(both) == sum(len(gate.state_dict()) for gate in gates.values())  # no name is of both
    loaded = {}
    for suffix, gate in gates.items():
        gate.load_state_dict({key: tensor for key, tensor in both.items() if f"_{suffix}." in key})
        loaded |= gate.state_dict()
    assert loaded.keys() == both.keys() and all(torch.equal(loaded[key], both[key]) for key in both)
