"""The kinds of modules by name, and a block of ours from a module's weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from ..blocks import Block
from .dual_attention import channel_attention, criss_cross, position_attention
from .filling import State, filled
from .global_context import mmcv_context
from .non_local import gcnet_nonlocal, mmcv_nonlocal, mmseg_dnl, published_nonlocal
from .object_context import ocnet_asp_oc, ocnet_base_oc, ocnet_context, ocnet_pyramid_oc
from .relation_aware import rga
from .slowfast import slowfast_nonlocal
from .told import Told

Making = tuple[Callable[[], Block], dict[str, Tensor]]  # what makes the block, and the weights by its own names


@dataclass(frozen=True)
class Kind:
    """A kind of module.

    Attributes:
        making: weights and what is told -> what makes the block, and the weights by its own names.
        told: what weights cannot tell: name -> what it is, in words.
    """

    making: Callable[[State, Told], Making]
    told: Mapping[str, str] = field(default_factory=dict)


MODE = {"mode": "embedded_gaussian or dot_product, which have the same weights"}
SCALE = {"use_scale": "whether logits are scaled by the square root of C'"}
CHANNELS = {"channels": "of its input"}
RECURRENCE = {"recurrence": "how many times it runs, one after the other, with the same weights"}
POOLS = {"pool_size": "(frames, rows, columns) that x is max-pooled by before keys and values, or None",
         "norm_type": "layernorm or none, which is only asked where no BatchNorm has weights"}
INPLACE = {"inplace_abn": "whether norms are InPlaceABN, which multiplies with |weight| + eps; they are if nothing is said"}
KINDS: dict[str, Kind] = {
    "published_nonlocal": Kind(published_nonlocal, MODE),
    "gcnet_nonlocal": Kind(gcnet_nonlocal, MODE | SCALE),
    "mmcv_nonlocal": Kind(mmcv_nonlocal, MODE | SCALE),
    "mmcv_context": Kind(mmcv_context),
    "mmseg_dnl": Kind(mmseg_dnl, MODE | SCALE | {"temperature": "of the pairwise softmax"}),
    "mmseg_pam": Kind(position_attention),
    "mmseg_cam": Kind(channel_attention, CHANNELS),
    "danet_pam": Kind(position_attention),
    "danet_cam": Kind(channel_attention, CHANNELS),
    "mmcv_criss_cross": Kind(criss_cross, RECURRENCE),
    "ccnet_criss_cross": Kind(criss_cross, RECURRENCE),
    "slowfast_nonlocal": Kind(slowfast_nonlocal, MODE | POOLS),
    "ocnet_base_oc": Kind(ocnet_base_oc, {"sizes": "by which each stage max-pools x, published as (1,)"} | INPLACE),
    "ocnet_context": Kind(ocnet_context, {"sizes": "by which each stage max-pools x, (2,) in ASP_OC_Module"} | INPLACE),
    "ocnet_pyramid_oc": Kind(ocnet_pyramid_oc, {"sizes": "of the partitions, published as (1, 2, 3, 6)"} | INPLACE),
    "ocnet_asp_oc": Kind(ocnet_asp_oc, {"dilations": "of its three convolutions, published as (12, 24, 36)"} | INPLACE),
    "rga": Kind(rga, {"grid": "(rows, columns) of its input, 64 x 32 at layer 1 of 256 x 128 pixels"}),
}


def block_of(kind: str, weights: State, partial: bool = False, **told: object) -> Block:
    """A module of another library as a block of ours in eval mode, with its weights: the same output, and the map.

    Channels, dimension, pooling, norms and widths are read from the weights. The block shares the memory of the weights
    where their type stays (half precision becomes float32), and asks for no gradient.

    Args:
        kind: of KINDS.
        weights: as in the module's ``state_dict()``.
        partial: weights that are missing keep what a fresh block has, except those that tell how large it is.
        told: what weights cannot tell, see ``KINDS[kind].told``; a flag may be ``"yes"`` or ``"no"``.

    Raises:
        ValueError: no such kind; weights that are missing, unknown or do not fit; a value that cannot be.
        TypeError: something must be told and was not, or was told and means nothing here.

    Example:
        >>> import torch
        >>> sizes = {"g.conv": (4, 8), "theta.conv": (4, 8), "phi.conv": (4, 8), "conv_out.conv": (8, 4)}
        >>> weights = {f"{name}.weight": torch.randn(*size, 1, 1) for name, size in sizes.items()}
        >>> weights |= {f"{name}.bias": torch.zeros(size[0]) for name, size in sizes.items()}
        >>> block = block_of("mmcv_nonlocal", weights, mode="embedded_gaussian", use_scale=True)
        >>> type(block).__name__, block.scale_power, block.sub_sample
        ('EmbeddedGaussian', -0.5, False)
    """
    make, state = _making(kind, weights, told)
    return filled(kind, make, state, partial)


def under_our_names(kind: str, weights: State, **told: object) -> dict[str, Tensor]:
    """The weights by the names that they have in ``block_of(kind, weights)``; what fills in for a bias is among them.

    Args, Raises: as in ``block_of``, except that nothing is compared with the block.
    """
    return _making(kind, weights, told)[1]


def _making(kind: str, weights: State, told: Mapping[str, object]) -> Making:
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind!r}; there are {', '.join(KINDS)}")
    return KINDS[kind].making(weights, Told(kind, told, KINDS[kind].told))
