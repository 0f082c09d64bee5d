"""Tags of tensors, held weakly: what a tensor is when it is met for the first time."""

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from .marks import Names, Tag, is_float
from .spots import SPECIAL, Spots, over_picture, over_sequence


class Tags:
    """The tags of one thread.

    Args:
        names: names of the model's weights and buffers by id.

    Attributes:
        tokens: the named tokens met so far.
        batch: items of the network's input, None before it was met.
    """

    def __init__(self, names: dict[int, str]):
        self.names, self.tags, self.tokens, self.batch = names, WeakTensorKeyDictionary(), Names(), None

    def __setitem__(self, tensor: Tensor, tag: Tag) -> None:
        self.tags[tensor] = tag

    def tag(self, tensor: Tensor) -> Tag:
        """That of a tensor, told from what it is where it is met for the first time."""
        found = self.tags.get(tensor)
        if found is None:
            found = self.tags[tensor] = self._first(tensor)
        return found

    def _first(self, tensor: Tensor) -> Tag:
        name = self.names.get(id(tensor))
        if name is not None or isinstance(tensor, torch.nn.Parameter):
            return Tag(False, name=name or "")
        if not is_float(tensor) or tensor.dim() < 2:
            return Tag(True)
        if tensor.dim() > 3 or (self.batch is None and tensor.dim() == 3):
            self.batch = tensor.shape[0]
        if tensor.dim() == 5 and tensor.shape[2] in (1, 3) and tensor.shape[1] not in (1, 3):  # frames before colours
            shape = (tensor.shape[0], tensor.shape[2], tensor.shape[1], *tensor.shape[3:])
            spots = over_picture(shape, tensor.device)
            return Tag(True, Spots(spots.ids.transpose(1, 2), spots.grid))
        if tensor.dim() > 3:
            return Tag(True, over_picture(tuple(tensor.shape), tensor.device))
        return Tag(True, over_sequence(tuple(tensor.shape), tensor.device))

    def placed(self, tensor: Tensor) -> Tag:
        """The tag with its spots, which a weight gets when it may become tokens: its rows are what they are named after."""
        tag = self.tag(tensor)
        name = self.names.get(id(tensor), "")
        if tag.spots is None and name and not tag.made and 1 <= tensor.dim() <= 3:
            count = tensor.shape[-2] if tensor.dim() > 1 else 1
            numbers = SPECIAL + self.tokens.numbered(name, count) + torch.arange(count, device=tensor.device)
            tag.spots = Spots((numbers[:, None] if tensor.dim() > 1 else numbers).expand(tensor.shape), None)
        return tag
