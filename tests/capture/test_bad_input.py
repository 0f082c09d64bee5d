"""What cannot be captured is refused with what was found and what to do, and nothing is left behind."""

import re

import pytest
import timm
import torch
from torch import nn

from nlviz import capture_maps
from nlviz.capture import NoAttention, Unwatchable
from tests.capture.modules import Fused
from tests.capture.test_any_module import nothing_is_left, tokens

LINEAR = "linear attention: values are summed over the positions before the queries come"


def error_of(net, *inputs, **options) -> Exception:
    with pytest.raises((ValueError, RuntimeError)) as caught, torch.no_grad(), capture_maps(net.eval(), **options):
        net(*inputs)
    assert nothing_is_left()
    return caught.value


def test_a_model_on_another_device_than_its_input_is_told_apart():
    for net, x in ((Fused().to("meta"), tokens()), (Fused(), tokens().to("meta"))):
        here, there = next(net.parameters()).device, x.device
        error = error_of(net, x)
        assert type(error) is ValueError and f"the network is on {here}, its input on {there}: move one of them" in str(error)


def test_an_error_of_the_networks_own_stays_as_it_is():
    error = error_of(Fused(), tokens()[..., :5])
    assert type(error) is RuntimeError and "shapes cannot be multiplied" in str(error)


@pytest.mark.parametrize("name", ["resnet10t", "convnext_atto", "skresnet18", "seresnet18", "mixer_s32_224", "poolformer_s12"])
def test_a_model_without_attention_is_an_error_that_says_what_ran(name):
    error = error_of(timm.create_model(name), torch.randn(1, 3, 224 if "mixer" in name else 64, 224 if "mixer" in name else 64))
    assert isinstance(error, NoAttention) and error.report.summary == "0 of 0 maps"
    assert re.search(r"no map was multiplied with values in this pass, through \d+ modules \(\d+ \w+, ", str(error))
    assert "A network of convolutions alone has none" in str(error)


@pytest.mark.parametrize("name, size, layers", [
    ("coat_lite_tiny", 64, 8), ("lambda_resnet26t", 128, 3), ("efficientvit_b0", 64, 4)])
def test_linear_attention_is_refused_by_name_in_every_layer(name, size, layers):
    options = {"img_size": size} if "coat" in name else {}
    error = error_of(timm.create_model(name, **options), torch.randn(1, 3, size, size))
    assert isinstance(error, NoAttention) and len(error.report.refused) == layers
    assert all(why.startswith(LINEAR) for why in error.report.refused.values()) and LINEAR in str(error)
    assert error.report.summary == f"0 of {layers} maps"


def test_deformable_attention_is_named_and_no_map_is_invented():
    class DeformableAttention(nn.Module):
        def __init__(self):
            super().__init__()
            self.places, self.weights, self.values = nn.Linear(8, 8), nn.Linear(8, 4), nn.Linear(8, 8)

        def forward(self, x):
            values = self.values(x).mT.unflatten(2, (2, 3))
            places = self.places(x).tanh().unflatten(2, (4, 2))
            found = nn.functional.grid_sample(values, places, align_corners=False)
            return (found * self.weights(x).softmax(-1)[:, None]).sum(-1).mT

    error = error_of(nn.Sequential(DeformableAttention()), tokens())
    assert "0: DeformableAttention gave no map: deformable attention samples values at places that it learned" in str(error)
    net = nn.Sequential(DeformableAttention(), Fused())
    with capture_maps(net) as maps:
        net(tokens())
    assert maps.report.summary == "1 of 2 maps" and list(maps.report.without) == ["0"]


def test_an_attention_that_python_cannot_see_is_missed_by_name():
    class Kernel(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.from_numpy(x.numpy() * 2)

    class FlashAttention(nn.Module):
        def forward(self, x):
            return Kernel.apply(x)

    net = nn.Sequential(Fused(), FlashAttention())
    with torch.no_grad(), capture_maps(net) as maps:
        net(tokens())
    assert maps.report.summary == "1 of 2 maps"
    assert "1: FlashAttention gave no map: no map was multiplied with values where Python can see it" in maps.report.text


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("made, said", [
    (lambda net, x: torch.jit.trace(net, x), "scripted or traced"), (lambda net, x: torch.jit.script(net), "scripted or traced"),
    (lambda net, x: torch.export.export(net, (x,)).module(), "exported"),
    (lambda net, x: nn.Sequential(torch.jit.trace(net, x)), "its part '0'")],
    ids=["traced", "scripted", "exported", "a traced part"])
def test_what_runs_outside_of_python_is_refused(made, said):
    layer, x = nn.Sequential(nn.Linear(8, 8), nn.ReLU()), tokens()
    with pytest.raises(Unwatchable, match=said), capture_maps(made(layer, x)):
        pass
    assert nothing_is_left()


def test_a_capture_in_which_nothing_ran_is_an_empty_list():
    with capture_maps(Fused()) as maps:
        pass
    assert maps == [] and maps.report.summary == "0 of 0 maps"


def test_maps_that_fit_no_budget_and_have_no_smaller_form_are_named():
    class ByHand(Fused):
        def attend(self, q, k, v):
            return (q @ k.mT).exp() @ v

    net = nn.Sequential(ByHand(), Fused())
    with torch.no_grad(), capture_maps(net, dense_bytes=0) as maps:
        net(tokens())
    assert [m.layer for m in maps] == ["1"] and maps[0].weights is None and maps.report.too_large == ["0"]
    assert "0: its map is larger than the budget" in maps.report.text and maps.report.summary == "1 of 2 maps"


def test_a_transform_of_torch_func_is_named():
    net, x = Fused().eval(), tokens()
    with pytest.raises(NoAttention, match=r"inside of a transform of torch\.func"), torch.no_grad(), capture_maps(net):
        found = torch.vmap(net)(x[:, None])
    torch.testing.assert_close(found[:, 0], net(x))
    assert nothing_is_left()
