"""What is known of a tensor while a pass is followed."""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from .biases import Bias
from .spots import Spots

TIMES = {"mul", "__mul__", "__rmul__", "multiply", "mul_", "__imul__"}
OVER = {"div", "__truediv__", "true_divide", "div_", "__itruediv__", "divide"}
PLUS = {"add", "__add__", "__radd__", "__iadd__", "add_"}
SAME = {"to", "float", "half", "bfloat16", "double", "type_as", "type", "contiguous", "clone", "detach", "cpu", "cuda", "dropout",
        "identity", "alias"}  # values stay what they are, up to rounding
SOFTMAX = {"softmax", "_softmax", "special_softmax"}
NORMS = {"layer_norm", "batch_norm", "group_norm", "instance_norm", "rms_norm"}


@dataclass
class Plain:
    """A map that follows from queries and keys: softmax(scale q . k + biases), or without softmax.

    Attributes:
        q, k: (..., N, C), (..., N', C).
        more: whether something was added that nobody saw, in the place of logits.
    """

    q: Tensor
    k: Tensor
    scale: float = 1.0
    biases: tuple[Bias, ...] = ()
    soft: bool = False
    causal: bool = False
    more: bool = False

    @property
    def shared(self) -> torch.Size:
        """Axes before those of queries and channels."""
        return self.q.shape[:-2]

    def then(self, name: str, args: tuple, kwargs: dict) -> "Plain | None":
        """Behind one more operation; None where the map no longer is of this form."""
        if name in SAME:
            return self
        if self.soft:
            return None
        if name in SOFTMAX:
            axis = args[1] if len(args) > 1 and isinstance(args[1], int) else kwargs.get("dim")
            return replace(self, soft=True) if axis in (-1, args[0].dim() - 1) else None
        if len(args) != 2 or kwargs:
            return None
        other = args[1] if isinstance(args[0], Tensor) and args[0].dim() >= 2 else args[0]
        number = _number(other)
        if name in TIMES and number is not None:
            return self._scaled(number)
        if name in OVER and number is not None and other is args[1]:
            return self._scaled(1 / number)
        if name in PLUS and isinstance(other, Tensor) and number is None:
            bias = Bias.of(other, self.shared)
            return None if bias is None else replace(self, biases=(*self.biases, bias))
        return None

    def reshaped(self, old: torch.Size, new: torch.Size) -> "Plain | None":
        """Behind a reshape of the map that leaves its rows and columns; None behind any other."""
        if old[-2:] != new[-2:] or self.k.shape[:-2] != self.shared or old[:-2] != self.shared:
            return None
        q, k = (t.reshape(*new[:-2], *t.shape[-2:]) for t in (self.q, self.k))
        return replace(self, q=q, k=k, biases=tuple(bias.reshaped(new[:-2]) for bias in self.biases))

    def _scaled(self, by: float) -> "Plain":
        return replace(self, scale=self.scale * by, biases=tuple(bias.scaled(by) for bias in self.biases))


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)) and value != 0:
        return float(value)
    if isinstance(value, Tensor) and value.numel() == 1 and value.device.type != "meta" and value.item() != 0:
        return float(value.item())
    return None


@dataclass
class Mark:
    """A tensor holds the weights of a map, or what they are made of.

    Attributes:
        rows, columns: where the things that its rows and columns stand for come from, in the tensor's shape.
        soft: whether it went through a softmax.
        pair: whether it is the product of two activations.
        over: ``positions``, or ``channels`` where the product went over the positions.
        plain: the queries and keys that it follows from, where it is as simple as that.
    """

    rows: Spots | None
    columns: Spots | None
    soft: bool
    pair: bool
    over: str = "positions"
    plain: Plain | None = None
    notes: tuple[str, ...] = ()


@dataclass
class Tag:
    """What is known of a tensor.

    Attributes:
        made: whether it depends on the network's input; else on weights and constants alone.
        spots: where its values come from.
        mark: whether it is a map.
        product: the map that gave it, where it still is what a map gave; of a softmax of no pair it may be taken back.
        name: of the weight that it comes from.
    """

    made: bool
    spots: Spots | None = None
    mark: Mark | None = None
    product: object = None
    name: str = ""


@dataclass
class Names:
    """Numbers of named tokens: the rows of weights that become tokens.

    Attributes:
        labels: by number, from 0.
    """

    labels: list[str] = field(default_factory=list)
    first: dict[str, int] = field(default_factory=dict)

    def numbered(self, weight: str, count: int) -> int:
        """The first number of the ``count`` tokens that a weight holds."""
        key = f"{weight}/{count}"
        if key not in self.first:
            self.first[key] = len(self.labels)
            name = _called(weight)
            self.labels += [name] if count == 1 else [f"{name} {number}" for number in range(1, count + 1)]
        return self.first[key]


CALLED = {"class token": ("cls_token", "class_token", "class_embedding", "cls", "cls_tokens"),
          "distillation token": ("dist_token", "distillation_token"),
          "register token": ("reg_token", "register_tokens", "reg_tokens", "register_token", "registers", "storage_tokens"),
          "object query": ("query_embed", "query_position_embeddings", "query_pos", "object_queries", "queries_embedder"),
          "mask token": ("mask_token",)}


def _called(weight: str) -> str:
    parts = [part for part in weight.split(".") if part not in ("weight", "")]
    last = parts[-1] if parts else "token"
    return next((name for name, words in CALLED.items() if last in words), last.replace("_", " "))


def is_float(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and tensor.dtype != torch.bool
