"""A pass is followed: each operation's result is told from what its operands are, until a map is multiplied with values."""

import types
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from .biases import Bias
from .calls import name_of, tensors_of
from .carrying import carried
from .evidence import Evidence, of_kernel, of_product
from .layers import CONVOLUTIONS, along_heads, steps_of
from .marks import Mark, Plain, Tag, is_float
from .moving import JOINS, MOVING, joined, mark_moved, moved
from .products import PRODUCTS, Product, laid_out, product_of, sizes_of
from .refusing import CannotReplace
from .spots import (
    NOWHERE,
    Grid,
    Spots,
    constant,
    has_positions,
    merged,
    over_picture,
    resampled,
)
from .tagging import Tags

LINEAR = "linear attention: values are summed over the positions before the queries come, there are no weights of pairs"


MULTIHEAD = F.multi_head_attention_forward


def _seen_through(function: Callable) -> Callable:
    """A function of PyTorch that is one operation to a mode, with its operations in sight: a private copy, nothing is patched."""
    inside = types.FunctionType(function.__code__, {**function.__globals__, "has_torch_function": lambda tensors: False},
                                function.__name__, function.__defaults__, function.__closure__)
    inside.__kwdefaults__ = function.__kwdefaults__
    return inside


class Follower(TorchFunctionMode):
    """Follows the operations of one thread while it is active; what they compute is not changed.

    Args:
        names: names of the model's weights and buffers by id.
        tell: called with the evidence of each map that was multiplied with values; gives what ``take_back`` takes.
        take_back: called with a product that turned out to be none of a map, and why.
        inside: whether what runs is to be followed, and is no block that is watched itself.
        idle: whether no module of the model runs.
        gradients: whether what is told of takes part in the pass's gradients: where products are replaced.
    """

    def __init__(self, names: dict[int, str], tell: Callable, take_back: Callable, inside: Callable[[], bool],
                 idle: Callable[[], bool], gradients: bool = False):
        super().__init__()
        self.gradients = gradients
        self.tell, self.take_back, self.inside, self.idle = tell, take_back, inside, idle
        self.tags = Tags(names)
        self.known: dict = {}  # of ``arranged``
        self.faults: list[str] = []
        self.devices: set[torch.device] = set()  # of an operation that raised

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if not self.inside():
            return func(*args, **kwargs)
        if func is MULTIHEAD:
            with self:
                return _seen_through(func)(*args, **kwargs)
        name = name_of(func)
        try:
            out = func(*args, **kwargs)
        except (RuntimeError, NotImplementedError):
            self.devices = {t.device for t in tensors_of((*args, *kwargs.values()))}
            raise
        several = isinstance(out, (tuple, list)) and out and isinstance(out[0], Tensor)
        if isinstance(out, Tensor) or several or name == "__setitem__":
            try:
                with torch.set_grad_enabled(self.gradients and torch.is_grad_enabled()):
                    instead = self.follow(name, func, args, kwargs, out)
                out = out if instead is None else instead
            except CannotReplace:
                raise
            except Exception as error:  # the pass is the user's: it goes on whatever is not understood of it
                self.faults.append(f"{name}: {type(error).__name__}: {error}")
        return out

    def follow(self, name: str, func: Callable, args: tuple, kwargs: dict, out) -> Tensor | None:
        """Tell what the result is; gives what goes on in its place, if anything."""
        if name == "scaled_dot_product_attention":
            return self._kernel(args, kwargs, out)
        product = product_of(name, args, kwargs, out) if name in PRODUCTS and isinstance(out, Tensor) else None
        if product is not None:
            return self._product(product, out)
        if name in MOVING:
            return self._moved(name, func, args, kwargs, out)
        if name == "__setitem__":
            return self._filled(*args)
        if not isinstance(out, Tensor):
            return None
        given = tensors_of((*args, *kwargs.values()))
        if not given and self.idle():  # made by whoever calls the network: its input
            return None
        tags = [self.tags.tag(t) for t in given]
        if name in CONVOLUTIONS or name == "linear":
            self.tags[out] = self._layer(name, args, kwargs, self.tags.placed(given[0]), out)
        elif name == "fold":
            self.tags[out] = Tag(True, self._folded(tags, out))
        else:
            self.tags[out] = carried(name, args, kwargs, given, tags, out, self.tags.placed)
        return None

    def after_block(self, x: Tensor, z: Tensor) -> None:
        """What a block gave lies where its input did."""
        spots = self.tags.tag(x).spots
        self.tags[z] = Tag(True, spots if x.shape == z.shape else None)

    # -- operations

    def _kernel(self, args: tuple, kwargs: dict, out: Tensor) -> Tensor | None:
        evidence = of_kernel(args, kwargs, out, [self.tags.tag(t) for t in tensors_of((*args, *kwargs.values()))[:3]])
        rows = evidence.rows
        spots = None if rows is None else Spots(rows.ids.unsqueeze(-1).expand(out.shape), rows.grid)
        return self._told(evidence, out, spots)

    def _told(self, evidence: Evidence, out: Tensor, spots: Spots | None) -> Tensor | None:
        product = self.tell(evidence)
        self.tags[out if evidence.instead is None else evidence.instead] = Tag(True, spots, product=product)
        return evidence.instead

    def _product(self, p: Product, out: Tensor) -> Tensor | None:
        left, right = self.tags.tag(p.left), self.tags.tag(p.right)
        if not (left.made or right.made):
            self.tags[out] = Tag(False, name=left.name or right.name)
        elif not (left.made and right.made):
            self.tags[out] = self._projected(p, left, right, out)
        elif (left.mark is None) == (right.mark is None) or _of_context(left, right):
            self._take_back(left, right)
            self.tags[out] = Tag(True, mark=None if _of_context(left, right) else self._pair(p, left, right))
        else:
            return self._used(p, left, right, out)
        return None

    def _projected(self, p: Product, left: Tag, right: Tag, out: Tensor) -> Tag:
        """An activation times weights."""
        tag, axes = (left, p.left_axes) if left.made else (right, p.right_axes)
        sizes = sizes_of(p)
        mark = tag.mark
        if mark is not None:
            rows, columns = (self._spread(spots, axes, p, sizes) for spots in (mark.rows, mark.columns))
            mark = Mark(rows, columns, mark.soft, mark.pair, mark.over, None, mark.notes) if rows and columns else None
        return Tag(True, self._spread(tag.spots, axes, p, sizes), mark)

    def _spread(self, spots: Spots | None, axes: str, p: Product, sizes: dict[str, int]) -> Spots | None:
        """Ids of an operand for the result; None where they differ along what was summed over."""
        if spots is None or not all(constant(spots.ids, axes.index(axis)) for axis in p.summed):
            return None
        return Spots(laid_out(spots.ids, axes, p.out_axes, sizes), spots.grid)

    def _pair(self, p: Product, left: Tag, right: Tag) -> Mark | None:
        """What a product of two activations, or of two maps, may be: a map between what they have of their own."""
        sizes = sizes_of(p)
        if left.mark is not None and right.mark is not None:
            rows, columns = left.mark.rows, right.mark.columns
            return Mark(*(spots and Spots(laid_out(spots.ids, axes, p.out_axes, sizes), spots.grid) for spots, axes in (
                (rows, p.left_axes), (columns, p.right_axes))), left.mark.soft and right.mark.soft, True)
        sides = [(left.spots, p.left_axes), (right.spots, p.right_axes)]
        if all(_over_positions(spots, axes, p) for spots, axes in sides):
            return Mark(None, None, False, True, "channels")
        rows, columns = (self._spread(spots, axes, p, sizes) for spots, axes in sides)
        biases = () if p.added is None else (Bias.of(p.added, p.left.shape[:-2]),)
        plain = Plain(p.left, p.right.mT, biases=biases) if p.standard and None not in biases else None
        return Mark(rows, columns, False, True, plain=plain)

    def _used(self, p: Product, left: Tag, right: Tag, out: Tensor) -> Tensor | None:
        mark = left.mark or right.mark
        if mark.over == "channels" and not mark.soft:
            self.take_back(None, LINEAR)
            self.tags[out] = Tag(True, (right if left.mark else left).spots)
            return None
        evidence = of_product(p, left, right, out)
        return self._told(evidence, out, evidence.rows_of_out)

    def _take_back(self, *tags: Tag) -> None:
        for tag in tags:
            if tag.product is not None:
                self.take_back(tag.product, LINEAR)

    def _layer(self, name: str, args: tuple, kwargs: dict, tag: Tag, out: Tensor) -> Tag:
        """A linear layer or a convolution: the same tokens or a coarser grid; what a layer makes of weights is an activation."""
        x = args[0] if args else kwargs["input"]
        if name == "linear":
            spots = merged(tag.spots) if tag.spots is not None and tag.spots.ids.dim() else None
            spots = spots and Spots(spots.ids.expand(out.shape), spots.grid)
            return Tag(True, spots, along_heads(tag.mark, -1, out))
        spots = resampled(tag.spots, tuple(x.shape), tuple(out.shape), x.device, steps_of(name, args, kwargs))
        return Tag(True, spots, along_heads(tag.mark, 1, out) if x.shape[2:] == out.shape[2:] else None)

    def _folded(self, tags: list[Tag], out: Tensor) -> Spots | None:
        grid = next((tag.spots.grid for tag in tags if tag.spots is not None), None)
        if grid is None or len(grid.picture) != 2:
            return None
        size = tuple(out.shape[2:])
        spots = over_picture(tuple(out.shape), out.device)
        covered = [step * n for step, n in zip(grid.stride, grid.shape)]
        return Spots(spots.ids, Grid(size, tuple(length / n for length, n in zip(covered, size)), grid.picture))

    def _moved(self, name: str, func: Callable, args: tuple, kwargs: dict, out) -> None:
        if name == "unfold" and func is F.unfold:
            name = "im2col"
        parts = list(args[0] if args else kwargs["tensors"]) if name in JOINS else [args[0] if args else kwargs.get("input")]
        tags = [self.tags.placed(part) for part in parts]
        made = any(tag.made for tag in tags)
        first = next((tag for tag in tags if tag.made), tags[0])
        outputs = [out] if isinstance(out, Tensor) else out
        grids = {tag.spots.grid for tag in tags if tag.spots is not None and tag.spots.grid is not None}
        if len(grids) > 1:  # named tokens belong to any grid
            grids = {tag.spots.grid for tag in tags if tag.spots is not None and has_positions(tag.spots.ids)}
        ids = [None] * len(outputs)
        if len(grids) < 2:
            ids = moved(name, func, args, kwargs, joined(tags, parts, args, kwargs) if name in JOINS else
                        [tag.spots and tag.spots.ids for tag in tags], out)
        grid = grids.pop() if len(grids) == 1 else None
        for number, output in enumerate(outputs):
            spots = None if ids[number] is None else Spots(ids[number], grid)
            mark = first.mark and mark_moved(first.mark, name, func, args, kwargs, tags, out, number)
            self.tags[output] = Tag(made, spots, mark, first.product, "" if made else first.name)

    def _filled(self, base: Tensor, where, value) -> None:
        """A part of a tensor that is overwritten."""
        if not isinstance(value, Tensor) or not is_float(base):
            return
        tag, other, spots = self.tags.tag(base), self.tags.tag(value), None
        if other.spots is not None and (tag.spots is None or not tag.made or tag.spots.grid in (None, other.spots.grid)):
            blank = tag.spots is None or not tag.made
            ids = torch.full(base.shape, NOWHERE, device=base.device) if blank else tag.spots.ids.clone()
            ids[where] = other.spots.ids
            spots = Spots(ids, other.spots.grid)
        plain = tag.mark and tag.mark.plain and not tag.mark.plain.soft and replace(tag.mark.plain, more=True)
        mark = tag.mark and replace(tag.mark, plain=plain or None)
        self.tags[base] = Tag(tag.made or other.made, spots, mark, name=tag.name)


def _over_positions(spots: Spots | None, axes: str, p: Product) -> bool:
    """Whether ids tell positions apart along what was summed over, and nowhere else."""
    if spots is None or all(constant(spots.ids, axes.index(axis)) for axis in p.summed):
        return False
    other = p.right_axes if axes is p.left_axes else p.left_axes
    own = [axis for axis in axes if axis in p.out_axes and axis not in other]
    return all(constant(spots.ids, axes.index(axis), but_padding=True) for axis in own)


def _of_context(left: Tag, right: Tag) -> bool:
    """Whether a softmax of no pair meets what another one gave: the queries of a linear attention, which come last."""
    return any(one.mark is not None and not one.mark.pair and other.product is not None for one, other in (
        (left, right), (right, left)))
