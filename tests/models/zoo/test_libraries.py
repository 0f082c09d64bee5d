"""Networks of timm and torchvision from their state_dicts, recognised or by a name that is given."""

import re

import pytest
import timm
import torch
from torchvision import models

from nlviz.models import ModelError
from nlviz.models.zoo import libraries
from nlviz.models.zoo.libraries import ARCHES, fitting, is_library, library_arch
from nlviz.models.zoo.sizes import SIZES

LIGHT = [
    ("torchvision", "resnet18"), ("torchvision", "resnext50_32x4d"), ("torchvision", "vit_b_16"), ("torchvision", "swin_t"),
    ("torchvision", "efficientnet_b0"), ("torchvision", "mobilenet_v3_small"), ("timm", "gcresnext26ts"),
    ("timm", "botnet26t_256"), ("timm", "halonet26t"), ("timm", "seresnet50"), ("timm", "swin_tiny_patch4_window7_224"),
    ("timm", "deit_tiny_patch16_224")]


def made(library, name, **options):
    return (models.get_model if library == "torchvision" else timm.create_model)(name, **options)


def told(state):
    """The kind with most patterns of those all of whose patterns some name matches."""
    known = [arch for arch in ARCHES if all(any(re.match(pattern, name) for name in state) for pattern in arch.signature)]
    return max(known, key=lambda arch: len(arch.signature))


@pytest.mark.parametrize("library, name", LIGHT)
def test_kind_and_network_are_told_by_names_and_size(library, name):
    with torch.device("meta"):
        state = made(library, name).state_dict()
    assert told(state).name.startswith(library) and name in fitting(library, state)
    asked = told(state).questions(state)
    assert not asked if len(fitting(library, state)) == 1 else name in asked[0].options


@pytest.mark.parametrize("library, name, classes", [("torchvision", "resnet18", 7), ("timm", "gcresnext26ts", 1000)])
def test_the_network_gives_what_it_gave(library, name, classes):
    torch.manual_seed(0)
    net = made(library, name, num_classes=classes).eval()
    found = told(net.state_dict()).build(net.state_dict(), {})
    found.net.load_state_dict(found.state)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(found.net(x), net(x))
    assert (found.task, found.classes, found.used) == ("classification", classes, set(net.state_dict()))
    assert (found.names is None) == (classes == 7) and found.preprocess is not None


def test_a_name_that_is_given_is_rebuilt_whatever_the_file_looks_like():
    state = {"layer1.0.conv1.weight": torch.ones(64, 64, 3, 3), "something.else": torch.ones(2)}
    found = library_arch("torchvision:resnet18").build(state, {})
    assert found.used == {"layer1.0.conv1.weight"} and (found.task, found.classes) == (None, None)


def test_clips_are_told_from_pictures():
    found = library_arch("torchvision:r3d_18").build({}, {})
    assert found.frames is None and found.preprocess.clips == "CT"
    assert library_arch("torchvision:resnet18").build({}, {}).frames == 0


@pytest.mark.parametrize("text", ["timm:no_such_network", "torchvision:no_such_network", "elsewhere:resnet18", "resnet18"])
def test_unknown_names_are_refused_in_words(text):
    assert is_library(text) == text.startswith(("timm:", "torchvision:"))
    with pytest.raises(ModelError, match=r"no_such_network|expected timm:NAME or torchvision:NAME"):
        library_arch(text)


def test_known_names_with_another_size_are_refused_with_what_to_do():
    with torch.device("meta"):
        state = made("torchvision", "resnet50", width_per_group=32).state_dict()
    with pytest.raises(ValueError, match="give it as arch='timm:NAME' or arch='torchvision:NAME'"):
        told(state).build(state, {})


def test_networks_that_share_their_weights_are_asked_about():
    with torch.device("meta"):
        state = made("timm", "deit_tiny_patch16_224").state_dict()
    assert fitting("timm", state) == ["vit_tiny_patch16_224", "deit_tiny_patch16_224"]
    with pytest.raises(ValueError, match="network is one of vit_tiny_patch16_224, deit_tiny_patch16_224"):
        told(state).build(state, {})


def test_every_name_of_the_table_is_known_to_its_library():
    assert set(SIZES) == set(libraries.LIBRARIES)
    assert set(SIZES["timm"]) <= set(timm.list_models()) and set(SIZES["torchvision"]) <= set(models.list_models())


def test_the_backbone_of_another_network_is_no_classifier_of_a_library():
    with torch.device("meta"):
        whole = made("torchvision", "resnet18").state_dict()
    state = [name for name in whole if not name.startswith("fc.")]
    assert not [arch for arch in ARCHES if all(any(re.match(pattern, name) for name in state) for pattern in arch.signature)]
