"""AlexHex7's network for digits from its published names of weights, in both layouts."""

import pytest
import torch
from torch.nn import functional as F

from nlviz.models.networks import SmallNetwork
from nlviz.models.zoo.published import ARCHES, OLDER, build, questions
from tests.models.zoo.rebuilding import double, maps_of, rebuilt

MODES = ("gaussian", "embedded_gaussian", "dot_product", "concatenation")
ASKED = {"embedded_gaussian", "dot_product"}


def published(mode, **options):
    torch.manual_seed(0)
    net = SmallNetwork(mode, **options)
    for tensor in net.state_dict().values():
        if tensor.is_floating_point() and tensor.dim() == 1:
            tensor.copy_(torch.rand_like(tensor) + 0.5)
    return double(net.state_dict())


def older(state):
    """The same weights as one row of layers has them."""
    back = {new: old for old, new in OLDER.items()}
    found = {}
    for name, tensor in state.items():
        first = next((new for new in back if name.startswith(f"{new}.")), None)
        found[name if first is None else back[first] + name[len(first):]] = tensor
    return found


def non_local(state, name, x, mode):
    """The published block as its source has it, keys max-pooled by two: (z, the map)."""
    def projected(part):
        return F.conv2d(x, state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"])

    g = F.max_pool2d(projected("g.0"), 2).flatten(2).mT
    theta, phi = (x, F.max_pool2d(x, 2)) if mode == "gaussian" else (projected("theta"), F.max_pool2d(projected("phi.0"), 2))
    theta, phi = theta.flatten(2), phi.flatten(2)
    if mode == "concatenation":
        n, m = theta.shape[2], phi.shape[2]
        pairs = torch.cat([theta.unsqueeze(3).expand(-1, -1, n, m), phi.unsqueeze(2).expand(-1, -1, n, m)], 1)
        f = F.conv2d(pairs, state[f"{name}.concat_project.0.weight"]).relu().squeeze(1) / phi.shape[2]
    else:
        f = theta.mT @ phi
        f = f / phi.shape[2] if mode == "dot_product" else f.softmax(-1)
    y = (f @ g).mT.unflatten(2, x.shape[2:])
    y = F.conv2d(y, state[f"{name}.W.0.weight"], state[f"{name}.W.0.bias"])
    return x + norm(state, f"{name}.W.1", y), f


def norm(state, name, x):
    return F.batch_norm(x, *(state[f"{name}.{kind}"] for kind in ("running_mean", "running_var", "weight", "bias")))


def run(state, x, mode):
    maps = {}
    for number in (1, 2, 3):
        x = F.conv2d(x, state[f"conv_{number}.0.weight"], state[f"conv_{number}.0.bias"], padding=1)
        x = F.max_pool2d(norm(state, f"conv_{number}.1", x).relu(), 2)
        if number < 3:
            x, maps[f"nl_{number}"] = non_local(state, f"nl_{number}", x, mode)
    x = F.linear(x.flatten(1), state["fc.0.weight"], state["fc.0.bias"]).relu()
    return F.linear(x, state["fc.3.weight"], state["fc.3.bias"]), maps


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("layout", [0, 1], ids=["named", "older"])
def test_output_and_maps_are_those_of_the_published_code(mode, layout):
    state = published(mode)
    x = torch.rand(1, 1, 28, 28, dtype=torch.float64)
    wanted, wanted_maps = run(state, x, mode)
    came = older(state) if layout else state
    found = rebuilt(ARCHES[layout], came, {"data": "digits"} | ({"mode": mode} if mode in ASKED else {}))
    output, maps = maps_of(found.net, x)
    assert torch.allclose(output, wanted, rtol=1e-9) and maps.keys() == wanted_maps.keys()
    assert all(torch.allclose(maps[name], wanted_maps[name], rtol=1e-9, atol=1e-12) for name in maps)
    assert {name for name in came if not name.endswith("num_batches_tracked")} <= found.used


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_is_asked_only_where_weights_leave_it_open(mode):
    for state in (published(mode), older(published(mode))):
        assert [question.name for question in questions(state)] == (["mode", "data"] if mode in ASKED else ["data"])


@pytest.mark.parametrize("options", [{"sub_sample": False}, {"bn_layer": False}], ids=str)
def test_pooling_and_the_norm_are_read_from_the_weights(options):
    state, x = published("embedded_gaussian", **options), torch.rand(1, 1, 28, 28, dtype=torch.float64)
    wanted = SmallNetwork("embedded_gaussian", **options).double().eval()
    wanted.load_state_dict(state)
    output, _ = maps_of(rebuilt(ARCHES[0], state, {"mode": "embedded_gaussian", "data": "digits"}).net, x)
    assert torch.equal(output, wanted(x))


def test_classes_are_named_and_pictures_come_in_grey_at_28_pixels():
    found = build(published("gaussian"), {"data": "digits"})
    assert found.names == [*"0123456789"] and build(published("gaussian"), {"data": "fashion"}).names[9] == "ankle boot"
    assert (found.task, found.classes) == ("classification", 10)
    assert found.preprocess.fixed == (28, 28) and found.preprocess.channels == 1


def test_another_network_with_such_names_is_refused_in_words():
    with pytest.raises(ValueError, match=r"conv_1\.0 is \(8, 1, 3, 3\) and not \(32, 1, 3, 3\)"):
        build(published("gaussian") | {"conv_1.0.weight": torch.zeros(8, 1, 3, 3)}, {})
