"""Live modules of other libraries are shown as blocks of nlviz: the same output, the block's names, parts, terms and gates."""

import pytest
import torch
from torch import nn

from nlviz.adapters import adapt
from nlviz.capture import capture_maps, check_parity, replaced_maps
from tests.adapters import live, live_object
from tests.blocks.building import randomised

PLANE, CLIP = (2, 8, 6, 5), (2, 8, 2, 4, 6)
POSITIONS, GLOBAL = ["positions"], ["global", "gate", "gate"]
RELATED = ["positions", "gate", "channels", "gate"]
KNOWN = [  # module, shape of the input, name of the block, what its parts relate
    (lambda: live.NonLocal2d(8), PLANE, "embedded_gaussian", POSITIONS),
    (lambda: live.NonLocal2d(8, use_scale=False, sub_sample=True, norm=False), PLANE, "embedded_gaussian", POSITIONS),
    (lambda: live.NonLocal2d(8, "dot_product", sub_sample=True), PLANE, "dot_product", POSITIONS),
    (lambda: live.NonLocal2D(8), PLANE, "embedded_gaussian", POSITIONS),
    (lambda: live.NonLocal2D(8, multiplies=False), PLANE, "embedded_gaussian", POSITIONS),
    (lambda: live.DisentangledNonLocal2d(8), PLANE, "disentangled", ["positions", "positions", "global"]),
    (lambda: live.NONLocalBlock2D(8, "embedded_gaussian"), PLANE, "embedded_gaussian", POSITIONS),
    (lambda: live.NONLocalBlock2D(8, "dot_product", bn_layer=False), PLANE, "dot_product", POSITIONS),
    (lambda: live.ContextBlock(8, 3), PLANE, "gc", GLOBAL),
    (lambda: live.PAM(8, 3), PLANE, "pam", POSITIONS),
    (lambda: live.CAM(), PLANE, "cam", ["channels"]),
    (lambda: live.PAM_Module(8), PLANE, "pam", POSITIONS),
    (lambda: live.CAM_Module(8), PLANE, "cam", ["channels"]),
    (lambda: live.CrissCrossAttention(8), PLANE, "criss_cross", POSITIONS),
    (lambda: live.Nonlocal(8, 4, [1, 2, 2]), CLIP, "embedded_gaussian", POSITIONS),
    (lambda: live.Nonlocal(8, 4, norm_type="layernorm"), CLIP, "embedded_gaussian", POSITIONS),
    (lambda: live.Nonlocal(8, 4, [1, 2, 2], newer=True), CLIP, "embedded_gaussian", POSITIONS),
    (lambda: live.Nonlocal(8, 4, norm_type="layernorm", newer=True), CLIP, "embedded_gaussian", POSITIONS),
    (lambda: live.Nonlocal(8, 4, [2, 2, 2], "dot_product", "none"), CLIP, "dot_product", POSITIONS),
    (lambda: live_object.BaseOC_Module(8, 3, 5), PLANE, "base_oc", POSITIONS),
    (lambda: live_object.BaseOC_Module(8, 4, 4, (2,)), PLANE, "base_oc", POSITIONS),
    (lambda: live_object.BaseOC_Context_Module(8), PLANE, "base_oc", POSITIONS),
    (lambda: live_object.Pyramid_OC_Module(8, (1, 2, 3)), PLANE, "pyramid_oc", POSITIONS * 3),
    (lambda: live_object.ASP_OC_Module(8, 4, (1, 2, 3)), PLANE, "asp_oc", POSITIONS),
    (lambda: live_object.RGA_Module(8, 30), PLANE, "rga_spatial", RELATED),
    (lambda: live_object.RGA_Module(8, 30, use_channel=False), PLANE, "rga_spatial", RELATED[:2]),
    (lambda: live_object.RGA_Module(8, 30, use_spatial=False), PLANE, "rga_channel", RELATED[2:]),
]
NAMES = [f"{make().__class__.__name__} {i}" for i, (make, *_) in enumerate(KNOWN)]


@pytest.fixture(autouse=True)
def the_same_random_numbers():
    torch.manual_seed(0)


def made(make):
    """The module with random weights, some of its norms' negative."""
    module = randomised(make())
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, live_object.InPlaceABN):
                layer.weight[::2] *= -1
    return module


class Net(nn.Module):
    """A network with the module between two convolutions."""

    def __init__(self, make, shape, dtype=torch.float64):
        super().__init__()
        conv = nn.Conv3d if len(shape) == 5 else nn.Conv2d
        self.stem, self.head, self.last = conv(shape[1], shape[1], 1), made(make), conv(shape[1], 3, 1)
        self.to(dtype).eval()

    def forward(self, x):
        return self.last(self.head(self.stem(x)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("make, shape, block, relates", KNOWN, ids=NAMES)
def test_a_live_module_is_shown_as_the_block_that_it_is(make, shape, block, relates, dtype):
    net, x = Net(make, shape, dtype), torch.randn(shape, dtype=dtype)
    with torch.no_grad():
        z = net(x)
        with capture_maps(net) as maps:
            assert torch.equal(net(x), z)
    assert maps.report.unlike == {} and maps.report.missed == [] and maps.report.faults == []
    assert {m.layer for m in maps} == {"head"} and [m.relates for m in maps] == relates
    assert maps[0].block == block and [m.number for m in maps] == list(range(len(maps)))
    assert check_parity(net.head, maps[0]).outcome == "holds"


@pytest.mark.parametrize("make, shape, block, relates", KNOWN, ids=NAMES)
def test_an_adapted_module_gives_the_same_output(make, shape, block, relates):
    module, x = made(make), torch.randn(shape, dtype=torch.float64)
    with torch.no_grad():
        z = module(x)
        other = adapt(module, x, z)
        assert (other(x) - z).abs().max() <= 1e-12 * z.abs().max()


@pytest.mark.parametrize("make, shape, block, relates", KNOWN, ids=NAMES)
def test_maps_of_a_live_module_can_be_replaced(make, shape, block, relates):
    net, x = Net(make, shape), torch.randn(shape, dtype=torch.float64)
    with torch.inference_mode():
        z = net(x)
        outputs = {}
        for how in ("itself", "nothing"):
            try:
                with replaced_maps(net, how) as replaced:
                    outputs[how] = net(x)
                assert [one.layer for one in replaced] == ["head"]
            except ValueError as error:
                assert relates[0] == "channels" and "maps of channels" in str(error)
                return
        assert torch.allclose(outputs["itself"], z, atol=1e-10) and not torch.allclose(outputs["nothing"], z, atol=1e-3)
        assert torch.allclose(outputs["nothing"], net.last(net.stem(x)), atol=1e-10)
