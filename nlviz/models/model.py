"""A network with what is needed to feed it a picture and to read its output."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..pictures import Preprocess

DIMENSIONS = {"classification": (2,), "segmentation": (4, 5)}  # of the logits; five of a clip


class Model(nn.Module):
    """A network with what is needed to feed it a picture and to read its output.

    Attributes:
        name: how it is called in the page and at the command line.
        net: the network itself, put in eval mode.
        preprocess: Picture -> (input, Frame).
        clips: it takes all frames of a clip at once, see ``preprocess``; others see one after the other.
        frames: how many it takes, None where any number will do.
        classes: names of its outputs, or None where unknown.
        task: ``classification``, ``segmentation`` or None where unknown.
        runs: whether it gives an output; one that is known by its maps alone does not.
        card: what is known of its weights: ``source`` in a phrase, ``sha256`` and ``notes`` of a network from elsewhere, all of its
            training of one that is bundled; empty for a user's own network.
    """

    runs = True

    def __init__(self, name: str, net: nn.Module, preprocess=None, classes: list[str] | None = None,
                 task: str | None = None, title: str | None = None, card: dict | None = None, frames: int | None = None):
        super().__init__()
        self.name, self.title, self.net = name, title or name, net
        self.preprocess, self.classes, self.task, self.card = preprocess or Preprocess(), classes, task, card or {}
        self.clips, self.frames = bool(getattr(self.preprocess, "clips", False)), frames
        self.eval()

    def forward(self, x: Tensor) -> Tensor | Mapping:
        """What the network gives: a tensor, or an object of transformers with its logits in it."""
        return self.net(x)


@torch.inference_mode()
def predict(model: Model, output: Tensor | object) -> dict | None:
    """What a network says of one picture.

    Args:
        output: (1, classes) or (1, classes, h, w), logits, or an object that has them as its ``logits``; of a clip also
            (1, classes, t, h, w), or (frames, classes, h, w) of a network that saw one after the other.

    Returns:
        ``{"kind": "classes", "top": [(name, probability), ...]}`` with up to five entries,
        ``{"kind": "segmentation", "labels": (h, w) int64}``, of a clip (t, h, w), or None where the task is unknown,
        or the output is of another shape.
    """
    output = getattr(output, "logits", output)
    known = isinstance(output, Tensor) and output.dim() in DIMENSIONS.get(model.task, ())
    if not known or output.shape[1] != len(model.classes):
        return None
    if model.task == "classification":
        best = output[0].float().softmax(0).topk(min(5, output.shape[1]))
        return {"kind": "classes", "top": [(model.classes[i], p) for i, p in zip(best.indices.tolist(), best.values.tolist())]}
    frames = output[0].transpose(0, 1) if output.dim() == 5 else output  # (t, classes, h, w)
    labels = torch.cat([torch.nn.functional.interpolate(frame[None], scale_factor=4, mode="bilinear", align_corners=False).argmax(1)
                        for frame in frames])
    return {"kind": "segmentation", "labels": labels if output.dim() == 5 or len(labels) > 1 else labels[0]}
