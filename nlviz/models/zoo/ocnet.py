"""OCNet as in its own repository, openseg-group/OCNet.pytorch: base, pyramid and ASPP object context.

Yuan, Wang: OCNet, 2018 (arXiv 1809.00916). Names of weights: ``conv1`` to ``layer4`` of the backbone without a prefix,
``context.*`` and ``cls``; of the pyramid ``layer5`` in front of the context.
"""

from collections.abc import Callable

from torch import Tensor, nn

from . import inplace
from .arch import Answers, Arch, Rebuilt, State
from .mmseg import classifier
from .resnet import ResNet, title_of
from .taking import piece, taken

MEAN = (102.9801, 115.9465, 122.7717)


class OCNet(ResNet):
    """(B, 3, H, W), RGB minus MEAN -> logits (B, classes, h, w), h = H / 8 + 1 and w = W / 8 + 1.

    Args:
        state: the network's weights.
        block: object context.
        pyramid: the convolution in front of it is ``layer5``, with a norm but no activation, else it stands in ``context``.
    """

    def __init__(self, state: State, block: nn.Module, pyramid: bool):
        super().__init__(state, inplace.STAGES)
        self.layer5 = inplace.conv_abn(state, "layer5", norm=nn.BatchNorm2d) if pyramid else nn.Identity()
        self.context = block if pyramid else inplace.conv_abn(state, "context", block)
        self.cls = classifier(state, "cls")

    def forward(self, x: Tensor) -> Tensor:
        return self.cls(self.context(self.layer5(super().forward(x)[-1])))


def ocnet(kind: str, name: str, **told: tuple[int, ...]) -> Callable[[State, Answers], Rebuilt]:
    """How an OCNet with a block of this kind under this name is rebuilt; ``told`` is what all published ones have."""

    def build(state: State, answers: Answers) -> Rebuilt:
        state = inplace.as_batch_norm(state)
        pieces = {name: piece(kind, state, f"{name}.", inplace_abn=False, **told)}
        net = OCNet(state, pieces[name].block, kind == "ocnet_pyramid_oc")
        notes = [f"{title_of(state, inplace.STAGES)}.", *inplace.NOTES,
                 "Pixels are prepared as in the repository: RGB minus 102.98, 115.95 and 122.77, which elsewhere is a mean of BGR, "
                 "from 0 to 255."]
        return Rebuilt(net, *taken(net, state, pieces), "segmentation", net.cls.out_channels, MEAN, (1.0, 1.0, 1.0),
                       stride=inplace.STAGES.stride, notes=notes)

    return build


def _arch(name: str, title: str, where: str, mark: str, **told: tuple[int, ...]) -> Arch:
    return Arch(f"ocnet_{name}", f"OCNet with {title} (openseg-group/OCNet.pytorch)", (mark, r"cls\.weight", *inplace.BACKBONE),
                ocnet(f"ocnet_{name}", where, **told), ignored=inplace.DSN)


ARCHES: tuple[Arch, ...] = (
    _arch("base_oc", "base object context", "context.2", r"context\.2\.stages\.0\.f_key", sizes=(1,)),
    _arch("pyramid_oc", "pyramid object context", "context", r"context\.stages\.0\.f_key", sizes=(1, 2, 3, 6)),
    _arch("asp_oc", "object context in ASPP", "context.2", r"context\.2\.context\.2\.stages\.0\.f_key", dilations=(12, 24, 36)),
)
