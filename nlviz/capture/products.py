"""Products of two tensors, whatever they are called: which axes are contracted, which are shared."""

import string
from dataclasses import dataclass

from torch import Tensor

MATMULS = {"matmul", "__matmul__", "bmm", "mm", "__rmatmul__", "dot", "mv"}
ADDED = {"baddbmm": 1, "addmm": 1, "addbmm": 1}  # the product's first operand; before it stands what is added
PRODUCTS = {*MATMULS, *ADDED, "einsum"}


@dataclass(frozen=True)
class Product:
    """left times right; each axis has a letter, and a letter that the result lacks is summed over.

    Attributes:
        added: what was added to the product, if anything.
        standard: (..., N, C) times (..., C, M): the letters are those of a matrix product.
    """

    left: Tensor
    right: Tensor
    left_axes: str
    right_axes: str
    out_axes: str
    added: Tensor | None = None
    standard: bool = False

    @property
    def summed(self) -> str:
        return "".join(axis for axis in self.left_axes if axis in self.right_axes and axis not in self.out_axes)


def product_of(name: str, args: tuple, kwargs: dict, out: Tensor) -> Product | None:
    """What was multiplied; None where it is no product of two tensors with at least one axis that is summed over."""
    if name == "einsum":
        found = _einsum(args)
    else:
        found = _matrix(name, args, kwargs, out)
    return found if found is not None and found.summed else None


def _matrix(name: str, args: tuple, kwargs: dict, out: Tensor) -> Product | None:
    first = ADDED.get(name, 0)
    operands = list(args[first:first + 2])
    operands += [kwargs[key] for key in ("other", "mat2", "tensor2", "batch1", "batch2", "mat1", "vec") if key in kwargs]
    if len(operands) != 2 or name == "addbmm":
        return None
    left, right = operands[::-1] if name == "__rmatmul__" else operands
    if not isinstance(left, Tensor) or not isinstance(right, Tensor):
        return None
    if left.dim() < 2 or right.dim() < 2:
        return _vectors(left, right)
    batch = string.ascii_lowercase[:max(left.dim(), right.dim()) - 2]
    left_axes, right_axes = batch[len(batch) - left.dim() + 2:] + "NC", batch[len(batch) - right.dim() + 2:] + "CM"
    return Product(left, right, left_axes, right_axes, batch + "NM", args[0] if first else None, standard=True)


def _vectors(left: Tensor, right: Tensor) -> Product | None:
    if left.dim() == right.dim() == 1:
        return None
    if right.dim() == 1:
        axes = string.ascii_lowercase[:left.dim() - 1]
        return Product(left, right, axes + "C", "C", axes)
    axes = string.ascii_lowercase[:right.dim() - 2]
    return Product(left, right, "C", axes + "CM", axes + "M")


def _einsum(args: tuple) -> Product | None:
    if not args or not isinstance(args[0], str):
        return None
    operands = args[1] if len(args) == 2 and isinstance(args[1], (tuple, list)) else args[1:]
    if len(operands) != 2:
        return None
    inputs, _, output = args[0].replace(" ", "").partition("->")
    sides = inputs.split(",")
    if len(sides) != 2:
        return None
    spare = [letter for letter in string.ascii_letters if letter not in args[0]]
    longest = max(t.dim() - len(side.replace("...", "")) for t, side in zip(operands, sides))
    dots = "".join(spare[:longest])
    left, right = (_spelled(side, t.dim(), dots) for side, t in zip(sides, operands))
    if "->" not in args[0]:
        once = [c for c in sorted((left + right).replace(dots, "") if dots else left + right) if (left + right).count(c) == 1]
        output = ("..." if dots else "") + "".join(once)
    if len(set(left)) != len(left) or len(set(right)) != len(right):
        return None  # a diagonal
    return Product(*operands, left, right, output.replace("...", dots))


def _spelled(side: str, axes: int, dots: str) -> str:
    taken = axes - len(side.replace("...", ""))
    return side.replace("...", dots[len(dots) - taken:] if taken else "")


def laid_out(tensor: Tensor, axes: str, wanted: str, sizes: dict[str, int]) -> Tensor:
    """The tensor with the wanted axes in their order; axes that it lacks, or has once, are repeated.

    Axes of the tensor that are not wanted are read at their first place.
    """
    for number in reversed(range(len(axes))):
        if axes[number] not in wanted:
            tensor = tensor.select(number, 0)
    kept = [axis for axis in axes if axis in wanted]
    tensor = tensor.permute([kept.index(axis) for axis in wanted if axis in kept])
    for number, axis in enumerate(wanted):
        if axis not in kept:
            tensor = tensor.unsqueeze(number)
    return tensor.expand([sizes[axis] for axis in wanted])


def sizes_of(product: Product) -> dict[str, int]:
    """The length of each axis."""
    found: dict[str, int] = {}
    for tensor, axes in ((product.left, product.left_axes), (product.right, product.right_axes)):
        for axis, size in zip(axes, tensor.shape):
            found[axis] = max(size, found.get(axis, 0))
    return found


