"""A live module of another library as a block of ours: by its class name and its attributes, without importing that library."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import torch
from torch import Tensor, nn

from ..blocks import Block, block_name
from .agreeing import Match, run_beside
from .kinds import block_of

Asked = tuple[str, dict]  # a kind, and what the module's attributes tell


def is_known(module: nn.Module) -> bool:
    """Whether a module's class has the name of one that may be a block of ours."""
    return type(module).__name__ in LIVE and not isinstance(module, Block)


def adapt(module: nn.Module, x: Tensor | None = None, z: Tensor | None = None,
          precision: torch.dtype | None = None) -> Block | None:
    """The block of ours that a live module of another library is, sharing its weights: in eval mode.

    By its class name and attributes; ``None`` where it is unknown, or where several blocks have its weights and attributes and
    nothing tells them apart. An input and what the module made of it tell: then only a block that gives the same is given.

    Args:
        x: an input of the module, (B, C, *grid); needed where a grid is fixed (RGA).
        z: its output for x.
        precision: the coarsest that the module computed in, by default that of x and z.

    Example:
        >>> import torch
        >>> class PAM_Module(torch.nn.Module):  # as in DANet's repository
        ...     def __init__(self, channels):
        ...         super().__init__()
        ...         self.query_conv, self.key_conv = (torch.nn.Conv2d(channels, channels // 8, 1) for _ in range(2))
        ...         self.value_conv = torch.nn.Conv2d(channels, channels, 1)
        ...         self.gamma = torch.nn.Parameter(torch.ones(1))
        >>> type(adapt(PAM_Module(16))).__name__, adapt(torch.nn.Conv2d(3, 8, 1))
        ('PAM', None)
    """
    if x is not None and z is not None:
        found = match(module, x, z, precision)
        return None if isinstance(found, str) else found.block
    blocks = list(candidates(module, x))
    return blocks[0] if _alike(blocks) else None


def match(module: nn.Module, x: Tensor, z: Tensor, precision: torch.dtype | None = None) -> Match | str:
    """The block that gives for x what the module gave, run in its place; else why there is none, in words.

    Args: as in ``adapt``.
    """
    precision = precision or max((x.dtype, z.dtype), key=lambda dtype: torch.finfo(dtype).eps)
    ran = [found for block in candidates(module, x) if (found := run_beside(block, x, z, precision))]
    holding = [found for found in ran if found.holds]
    if _alike([found.block for found in holding]):
        return holding[0]
    if holding:
        kinds = sorted({block_name(found.block) for found in holding})
        return f"it adds too little for {' and '.join(kinds)} to be told apart"
    if not ran:
        return "it has not the weights, the attributes or the input of the published module of this name"
    best = min(ran, key=lambda found: found.off)
    training = "; it is in training mode, where norms use the batch" if module.training else ""
    return f"its output is not that of {block_name(best.block)}: they differ by {best.off:.1e} of what it adds{training}"


def _alike(blocks: list[Block]) -> bool:
    return len({(type(block), getattr(block, "scale_power", None)) for block in blocks}) == 1


def candidates(module: nn.Module, x: Tensor | None) -> Iterator[Block]:
    """The blocks that it may be, without those whose weights it has not."""
    asked = LIVE.get(type(module).__name__)
    if asked is None or isinstance(module, Block):
        return
    try:
        weights, kinds = module.state_dict(), asked(module, x)
    except Exception:  # any library may have a class of this name, with whatever attributes
        return
    for kind, told in kinds:
        with suppress(ValueError, TypeError, RuntimeError, AttributeError):
            yield _with_eps(block_of(kind, weights, **told), module)


def _with_eps(block: Block, module: nn.Module) -> Block:
    """Norms of the block with the eps of the module's, where these are all alike."""
    kinds = nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm
    found = {(isinstance(own, nn.LayerNorm), own.eps) for own in module.modules() if isinstance(own, kinds)}
    for norm in (norm for norm in block.modules() if isinstance(norm, kinds)):
        eps = [value for layer, value in found if layer == isinstance(norm, nn.LayerNorm)]
        norm.eps = eps[0] if len(eps) == 1 else norm.eps
    return block


# -- what attributes tell, by class name


def _mmcv(module: nn.Module, x: Tensor | None) -> list[Asked]:
    return [("mmcv_nonlocal", _scaled(module))]


def _mmdet(module: nn.Module, x: Tensor | None) -> list[Asked]:
    """NonLocal2D multiplied by sqrt(C') when GCNet was published, and divides since: both have the same attributes."""
    return [(kind, _scaled(module)) for kind in ("gcnet_nonlocal", "mmcv_nonlocal")]


def _dnl(module: nn.Module, x: Tensor | None) -> list[Asked]:
    return [("mmseg_dnl", {**_scaled(module), "temperature": module.temperature})]


def _scaled(module: nn.Module) -> dict:
    return {"mode": module.mode, "use_scale": bool(module.use_scale)}


def _published(module: nn.Module, x: Tensor | None) -> list[Asked]:
    """AlexHex7's later classes do not say whether they are of embedded Gaussian or of dot product."""
    if mode := getattr(module, "mode", None):
        return [("published_nonlocal", {"mode": mode})]
    if getattr(module, "theta", None) is None or hasattr(module, "concat_project"):
        return [("published_nonlocal", {})]
    return [("published_nonlocal", {"mode": mode}) for mode in ("embedded_gaussian", "dot_product")]


def _slowfast(module: nn.Module, x: Tensor | None) -> list[Asked]:
    pool = tuple(module.pool_size) if module.use_pool else None
    told = {"mode": module.instantiation, "pool_size": pool}
    norm = next((getattr(module, name) for name in ("norm", "bn") if getattr(module, name, None) is not None), None)
    if getattr(norm, "running_mean", None) is None:  # a norm without weights, or none
        told["norm_type"] = getattr(module, "norm_type", "none" if norm is None else "layernorm")
    return [("slowfast_nonlocal", told)]


def _mmseg_pam(module: nn.Module, x: Tensor | None) -> list[Asked]:
    other = (module.query_downsample, module.key_downsample, module.out_project, module.matmul_norm or None)
    return [("mmseg_pam", {})] if other == (None,) * 4 else []


def _criss_cross(module: nn.Module, x: Tensor | None) -> list[Asked]:
    """A module runs once a call; what calls it again and again is its head."""
    return [("ccnet_criss_cross" if isinstance(module.gamma, Tensor) else "mmcv_criss_cross", {"recurrence": 1})]


def _danet_cam(module: nn.Module, x: Tensor | None) -> list[Asked]:
    return [("danet_cam", {"channels": module.chanel_in})]


def _of_ocnet(kind: str, name: str, of: Callable[[nn.Module], object]) -> Callable:
    """With norms as InPlaceABN multiplies, and as BatchNorm does, which some put in its place."""
    return lambda module, x: [(kind, {name: of(module), "inplace_abn": inplace}) for inplace in (True, False)]


def _scales(module: nn.Module) -> list[int]:
    return [stage.scale for stage in module.stages]


def _rga(module: nn.Module, x: Tensor | None) -> list[Asked]:
    return [] if x is None else [("rga", {"grid": tuple(x.shape[2:])})]


LIVE: dict[str, Callable[[nn.Module, Tensor | None], list[Asked]]] = {
    **dict.fromkeys(("NonLocal1d", "NonLocal2d", "NonLocal3d"), _mmcv),
    **dict.fromkeys(("NONLocalBlock1D", "NONLocalBlock2D", "NONLocalBlock3D"), _published),
    **dict.fromkeys(("ContextBlock", "ContextBlock2d"), lambda module, x: [("mmcv_context", {})]),
    **dict.fromkeys(("CrissCrossAttention", "PixelwiseAttention"), _criss_cross),
    "NonLocal2D": _mmdet,
    "DisentangledNonLocal2d": _dnl,
    "Nonlocal": _slowfast,
    "PAM": _mmseg_pam,
    "CAM": lambda module, x: [("mmseg_cam", {} if x is None else {"channels": x.shape[1]})],
    "PAM_Module": lambda module, x: [("danet_pam", {})],
    "CAM_Module": _danet_cam,
    "BaseOC_Module": _of_ocnet("ocnet_base_oc", "sizes", _scales),
    "BaseOC_Context_Module": _of_ocnet("ocnet_context", "sizes", _scales),
    "Pyramid_OC_Module": _of_ocnet("ocnet_pyramid_oc", "sizes", _scales),
    "ASP_OC_Module": _of_ocnet("ocnet_asp_oc", "dilations", lambda module: [
        getattr(module, name)[0].dilation[0] for name in ("conv3", "conv4", "conv5")]),
    "RGA_Module": _rga,
}
