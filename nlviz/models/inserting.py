"""Blocks put into networks that others wrote."""

from collections.abc import Mapping
from difflib import get_close_matches
from inspect import signature

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from ..blocks import BLOCKS, Block

NAME = "nl_block"  # of the block in the module that it stands behind
AXES = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3, nn.BatchNorm1d: 1, nn.BatchNorm2d: 2, nn.BatchNorm3d: 3}


def with_blocks(net: nn.Module, blocks: Mapping[str, str | tuple[str, dict]], example: Tensor | tuple | dict | None = None,
                **options) -> nn.Module:
    """Put a block behind modules of a network, in one, two or three dimensions as their outputs have.

    Wang et al. 2018 (arXiv 1711.07971), section 4, put non-local blocks into a ResNet's stages in the same way. The four non-local
    ones, the disentangled one, ``snl``, ``gc``, ``pam``, ``cam`` and ``criss_cross`` add nothing until they are trained: the
    network's output stays what it was. ``se``, ``rga_*`` and ``*_oc`` change it at once.

    The block becomes the submodule ``nl_block`` of the module that it stands behind: the network's own tensors keep their names in
    its ``state_dict``, and those of the block are there as ``layer3.1.nl_block.theta.weight`` and so on. The network can be
    copied, pickled and trained like any other. It is changed in place; its mode (training or not), device and precision stay.

    Args:
        net: any network whose named modules give (B, C, *grid).
        blocks: dotted names of modules, and the block's name in BLOCKS for each; or the name and options of this block alone.
        example: an input of the network (several as a tuple, or a dict by their names), for modules whose output nothing in them
            tells: then their channels and axes are those that it had in a pass. Else they are those of their last convolution and
            its norm.
        options: of all blocks: ``sub_sample=False``, ``inter_channels=64``, ... ; ``in_channels`` and ``dimension`` say what else
            is found.

    Returns:
        the network.

    Raises:
        ValueError: no such module (near names are listed) or block, a module that has a block or has no output of its own, one
            whose output is not (B, C, *grid), and channels or axes that nobody can tell. Nothing was changed then.

    Example:
        >>> net = with_blocks(nn.Sequential(nn.Conv3d(3, 8, 1), nn.ReLU()), {"0": "embedded_gaussian"})
        >>> net[0].nl_block.in_channels, net[0].nl_block.dimension
        (8, 3)
    """
    if not blocks:
        raise ValueError("no module is named: give {'layer3.1': 'embedded_gaussian'}, a module's name and a block's")
    modules = {name: _module(net, name) for name in blocks}
    wanted = {name: (given, {}) if isinstance(given, str) else tuple(given) for name, given in blocks.items()}
    for kind, _ in wanted.values():
        if kind not in BLOCKS:
            raise ValueError(f"there is no block called {kind!r}; there are {', '.join(BLOCKS)}")
    shapes = {} if example is None else _shapes(net, modules, example)
    made = {name: _block(name, modules[name], kind, shapes.get(name), options | own) for name, (kind, own) in wanted.items()}
    for name, module in modules.items():
        _put(module, made[name], next(module.parameters(), next(net.parameters(), None)))
    return net


def _module(net: nn.Module, name: str) -> nn.Module:
    """The module that a block can stand behind."""
    known = {found: module for found, module in net.named_modules() if found}
    if name not in known:
        last = [other for other in known if other.rsplit(".")[-1] == name.rsplit(".")[-1]]
        near = get_close_matches(name, known, 5, 0.5) or last[:5] or list(known)[:5]
        raise ValueError(f"the network has no module {name!r}; near it: {', '.join(map(repr, near))}")
    module = known[name]
    if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
        raise ValueError(f"{name!r} is a list of modules, which gives nothing itself: name one of them, such as "
                         f"'{name}.{list(dict(module.named_children()))[-1]}'")
    if NAME in dict(module.named_children()):
        raise ValueError(f"there is a block behind {name!r} already: put the next one behind '{name}.{NAME}'")
    return module


def _block(name: str, module: nn.Module, kind: str, shape: tuple[int, ...] | None, options: dict) -> Block:
    channels, axes = _told(name, module) if shape is None else _seen(name, module, shape)
    found = {"in_channels": channels, "dimension": axes} | options
    if found["in_channels"] is None or found["dimension"] is None:
        raise ValueError(f"nothing in {name!r} ({type(module).__name__}) tells how many channels it gives: give an input of the "
                         "network, example=torch.randn(1, 3, 224, 224), or in_channels= and dimension=")
    if "dimension" not in signature(BLOCKS[kind]).parameters and found.pop("dimension") != 2:
        raise ValueError(f"the block {kind!r} is one of pictures, (B, C, rows, columns); {name!r} gives another grid")
    try:
        return BLOCKS[kind](**found)
    except TypeError as error:
        raise ValueError(f"the block {kind!r} behind {name!r}: {error}") from None


def _told(name: str, module: nn.Module) -> tuple[int | None, int | None]:
    """Channels and grid axes by the module's last convolution and norm; None where they disagree or there are none."""
    found = [(part.out_channels if isinstance(part, _ConvNd) else part.num_features, next(
        (axes for kind, axes in AXES.items() if isinstance(part, kind)), None)) for part in module.modules()
        if isinstance(part, (_ConvNd, _BatchNorm))]
    last = found[-1] if found else (None, None)
    conv = [part for part in module.modules() if isinstance(part, _ConvNd)]
    return last if not conv or conv[-1].out_channels == last[0] else (None, None)


def _seen(name: str, module: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"{name!r} gives shape {shape}; a block takes (B, C, *grid) with a grid of 1, 2 or 3 axes")
    features = [part.normalized_shape[-1] if isinstance(part, nn.LayerNorm) else part.out_features for part in module.modules()
                if isinstance(part, (nn.LayerNorm, nn.Linear))]
    if features and features[-1] == shape[-1] != shape[1]:
        raise ValueError(f"{name!r} gives shape {shape}, its {shape[-1]} channels last; a block takes (B, C, *grid)")
    return shape[1], len(shape) - 2


@torch.no_grad()
def _shapes(net: nn.Module, modules: dict[str, nn.Module], example: Tensor | tuple | dict) -> dict[str, tuple[int, ...]]:
    """The shape of what each module gives in a pass, in eval mode, that leaves nothing behind."""
    found, hooks, modes = {}, [], [(module, module.training) for module in net.modules()]
    for name, module in modules.items():
        hooks.append(module.register_forward_hook(lambda module, args, out, name=name: found.update({name: out})))
    try:
        net.eval()
        net(**example) if isinstance(example, dict) else net(*example) if isinstance(example, tuple) else net(example)
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes:
            module.training = mode
    for name in modules:
        if not isinstance(found.get(name), Tensor):
            came = type(found[name]).__name__ if name in found else "nothing"
            raise ValueError(f"{name!r} gave {came} in a pass of the example; a block stands behind a module that gives one "
                             "tensor, (B, C, *grid)")
    return {name: tuple(out.shape) for name, out in found.items()}


def _put(module: nn.Module, block: Block, like: Tensor | None) -> None:
    """A sequence runs what it holds; of any other module a hook hands the output on."""
    block.train(module.training)
    if like is not None and like.is_floating_point():
        block.to(like.device, like.dtype)
    module.add_module(NAME, block)
    if type(module).forward is not nn.Sequential.forward:
        module.register_forward_hook(_through_its_block)


def _through_its_block(module: nn.Module, args: tuple, out: Tensor) -> Tensor:
    """A function of its own, so that copies of the network run their own block."""
    block = getattr(module, NAME)
    if not isinstance(out, Tensor) or out.dim() != block.dimension + 2 or out.shape[1] != block.in_channels:
        came = f"shape {tuple(out.shape)}" if isinstance(out, Tensor) else type(out).__name__
        raise ValueError(f"the block behind a {type(module).__name__} was built for (B, {block.in_channels}, {block.dimension} "
                         f"grid axes) and was given {came}: call with_blocks with an example input, or with "
                         "in_channels= and dimension=")
    return block(out)
