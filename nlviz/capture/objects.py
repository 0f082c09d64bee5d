"""Object queries of a detector, with what each of them found."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..maps import NLMap


@dataclass(frozen=True)
class ObjectQuery:
    """One object query of one picture.

    Attributes:
        row: its row in the map.
        name: its name there.
        label: the class that it predicts, "no object" where it predicts none.
        score: the probability of that class, 0 to 1.
        box: (left, top, right, bottom), fractions of the network's input, not clipped.
    """

    row: int
    name: str
    label: str
    score: float
    box: tuple[float, float, float, float]


def object_queries(nl_map: NLMap, logits: Tensor, boxes: Tensor, labels: Sequence[str] | dict[int, str] | None = None,
                   item: int = 0) -> list[ObjectQuery]:
    """What the queries of a detector's decoder stand for (Carion et al.: DETR, 2020, arXiv 2005.12872).

    Args:
        nl_map: a map of the decoder, whose queries are named tokens.
        logits: (B, queries, classes + 1), the last class being no object.
        boxes: (B, queries, 4), centre x, centre y, width and height as fractions of the input.
        labels: names of the classes by number.
        item: which picture of the batch.

    Raises:
        ValueError: the map has another number of named queries than there are predictions.
    """
    if len(nl_map.query_tokens) != logits.shape[1] or boxes.shape[:2] != logits.shape[:2]:
        raise ValueError(f"the map has {len(nl_map.query_tokens)} object queries, but there are logits {tuple(logits.shape)} and "
                         f"boxes {tuple(boxes.shape)}")
    scores, classes = logits[item].float().softmax(-1).max(-1)
    nothing = logits.shape[2] - 1
    return [ObjectQuery(nl_map.query(name), name, "no object" if kind == nothing else str(labels[kind]) if labels else str(kind),
                        score, (x - w / 2, y - h / 2, x + w / 2, y + h / 2))
            for name, score, kind, (x, y, w, h) in zip(nl_map.query_tokens, scores.tolist(), classes.tolist(),
                                                       boxes[item].tolist())]
