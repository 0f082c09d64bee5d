"""The ResNet of CCNet's and OCNet's own code, with InPlaceABN: BatchNorm whose scale is |weight| + 1e-5, then leaky ReLU.

Rota Bulò, Porzi, Kontschieder: In-Place Activated BatchNorm, 2018 (arXiv 1712.02616). Both start from MIT's ResNet of scene
parsing: a stem of ``conv1`` to ``conv3``, whose pool rounds up, all blocks of a stage dilated alike.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from .arch import State
from .resnet import Stages, even
from .taking import shape_of

EPS = 1e-5
STAGES = Stages((1, 2, 1, 1), (1, 1, 2, 4), even, ceil=True)
BACKBONE = (r"conv3\.weight", r"layer4\.0\.conv1\.")
DSN = {"dsn": "the auxiliary head, of training only"}
NOTES = ("Norms are InPlaceABN's, which scale by the absolute value of their weight.",
         "The stem's pool rounds up: of an input of H x W pixels the attention has H / 8 + 1 rows and W / 8 + 1 columns.")


def as_batch_norm(state: State) -> dict[str, Tensor]:
    """The weights with InPlaceABN's as those of BatchNorm: forward_kernel in inplace_abn's bn.cu takes |weight| + eps."""
    norms = {name.removesuffix("running_var") + "weight" for name in state if name.endswith(".running_var")}
    return {name: value.abs() + EPS if name in norms else value for name, value in state.items()}


class ABN(nn.BatchNorm2d):
    """BatchNorm, then leaky ReLU of slope 0.01."""

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(super().forward(x), 0.01)


def conv_abn(state: State, name: str, *more: nn.Module, norm: type[nn.BatchNorm2d] = ABN) -> nn.Sequential:
    """``0``: a convolution as the weights tell it, the grid keeping its size, ``1``: norm and activation; then ``more``."""
    out, channels, size, _ = shape_of(state, f"{name}.0.weight", 4)
    conv = nn.Conv2d(channels, out, size, padding=size // 2, bias=f"{name}.0.bias" in state)
    return nn.Sequential(conv, norm(out), *more)
