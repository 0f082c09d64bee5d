"""A network with what is needed to feed it a picture and to read its output."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..pictures import Preprocess

DIMENSIONS = {"classification": 2, "segmentation": 4}  # of the logits


class Model(nn.Module):
    """A network with what is needed to feed it a picture and to read its output.

    Attributes:
        name: how it is called in the page and at the command line.
        net: the network itself, put in eval mode.
        preprocess: Picture -> (input, Frame).
        classes: names of its outputs, or None where unknown.
        task: ``classification``, ``segmentation`` or None where unknown.
        card: what is known of its weights: ``source`` in a phrase, ``sha256`` and ``notes`` of a network from elsewhere, all of its
            training of one that is bundled; empty for a user's own network.
    """

    def __init__(self, name: str, net: nn.Module, preprocess=None, classes: list[str] | None = None,
                 task: str | None = None, title: str | None = None, card: dict | None = None):
        super().__init__()
        self.name, self.title, self.net = name, title or name, net
        self.preprocess, self.classes, self.task, self.card = preprocess or Preprocess(), classes, task, card or {}
        self.eval()

    def forward(self, x: Tensor) -> Tensor | Mapping:
        """What the network gives: a tensor, or an object of transformers with its logits in it."""
        return self.net(x)


@torch.inference_mode()
def predict(model: Model, output: Tensor | object) -> dict | None:
    """What a network says of one picture.

    Args:
        output: (1, classes) or (1, classes, h, w), logits, or an object that has them as its ``logits``.

    Returns:
        ``{"kind": "classes", "top": [(name, probability), ...]}`` with up to five entries,
        ``{"kind": "segmentation", "labels": (h, w) int64}``, or None where the task is unknown,
        or the output is of another shape.
    """
    output = getattr(output, "logits", output)
    if not isinstance(output, Tensor) or output.dim() != DIMENSIONS.get(model.task) or output.shape[1] != len(model.classes):
        return None
    if model.task == "classification":
        best = output[0].float().softmax(0).topk(min(5, output.shape[1]))
        return {"kind": "classes", "top": [(model.classes[i], p) for i, p in zip(best.indices.tolist(), best.values.tolist())]}
    finer = torch.nn.functional.interpolate(output, scale_factor=4, mode="bilinear", align_corners=False)
    return {"kind": "segmentation", "labels": finer[0].argmax(0)}
