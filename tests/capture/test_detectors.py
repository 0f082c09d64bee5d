"""Detectors: object queries are named tokens that say what they found; keys lie on the photo."""

import pytest
import torch

from benchmarks.catalogue import NETWORKS
from nlviz import capture_maps
from nlviz.analysis import places_of
from nlviz.capture import object_queries
from nlviz.pictures import Frame


@pytest.fixture(scope="module")
def detr():
    torch.manual_seed(2)
    net, inputs = next(n for n in NETWORKS if n.name.startswith("Detr")).make(True)
    with torch.no_grad(), capture_maps(net) as maps:
        output = net(**inputs)
    return net, inputs, maps, output


def test_encoder_decoder_and_cross_attention_are_told_apart(detr):
    *_, maps, _ = detr
    names = tuple(f"object query {n}" for n in range(1, 6))
    assert [(m.query_grid, m.query_tokens, m.key_grid, m.key_tokens) for m in maps] == [
        *[((3, 4), (), (3, 4), ())] * 2, *[((0,), names, (0,), names), ((0,), names, (3, 4), ())] * 2]
    assert all(m.heads == 4 and m.weights.shape[0] == 2 for m in maps)


def test_the_keys_of_an_object_query_lie_on_the_photo(detr):
    *_, maps, _ = detr
    queries, keys = places_of(maps[-1], Frame((128, 96), (0, 0, 128, 96)))
    assert queries is None and keys.grid == (3, 4) and [float(edge) for edge in keys.rectangle(1, 2)] == [0.5, 1 / 3, 0.75, 2 / 3]


@pytest.mark.parametrize("item", [0, 1])
def test_object_queries_are_listed_with_their_class_and_box(detr, item):
    net, *_, maps, output = detr
    found = object_queries(maps[-1], output.logits, output.pred_boxes, net.config.id2label, item)
    scores = output.logits[item].softmax(-1)
    for number, query in enumerate(found):
        assert query.name == f"object query {number + 1}" and query.row == number
        best = int(scores[number].argmax())
        assert query.label == ("no object" if best == scores.shape[1] - 1 else net.config.id2label[best])
        assert query.score == pytest.approx(scores[number].max().item())
        x, y, w, h = output.pred_boxes[item, number].tolist()
        assert query.box == pytest.approx((x - w / 2, y - h / 2, x + w / 2, y + h / 2))


def test_predictions_of_other_queries_are_refused(detr):
    *_, maps, output = detr
    with pytest.raises(ValueError, match=r"the map has 5 object queries, but there are logits \(2, 4, "):
        object_queries(maps[-1], output.logits[:, :4], output.pred_boxes)
