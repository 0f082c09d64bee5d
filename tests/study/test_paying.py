"""What one map for all queries costs, against how much rows depend on the query: a study's own numbers, and their figure."""

import json

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from benchmarks import pays
from nlviz.figures import loss_against_dependence
from nlviz.study import paying


def row(model: str, mean: float | None, relates: str = "positions") -> dict:
    measure = {} if mean is None else {"mean": mean, "shuffled": 0.5}
    return {"model": model, "relates": relates, "measures": {"jsd_att_nats": measure}}


def effect(model: str, how: str, lost: float, score: str = "pixel_accuracy") -> dict:
    numbers = {"value": 0.8, "lost": {"value": lost, "low": lost - 0.01, "high": lost + 0.02}}
    return {"model": model, "how": how, "scores": {score: numbers}}


SUMMARY = {"rows": [row("msrc_disentangled", None), row("msrc_disentangled", 0.4), row("msrc_gc", None, "global"),
                    row("msrc_se", None, "gate"), row("caltech101_gaussian", 0.5)]}
EFFECTS = {"rows": [effect("msrc_disentangled", "mean row", 0.03), effect("msrc_disentangled", "nothing", 0.3),
                    effect("msrc_gc", "mean row", 0.0), effect("msrc_se", "mean row", 0.0),
                    effect("caltech101_gaussian", "mean row", 0.01, "accuracy"),
                    {"model": "mine", "how": "mean row", "scores": {}}]}


def test_a_point_has_the_share_of_shuffled_and_what_the_mean_row_costs():
    found = {(point["data"], point["label"]): point for point in paying(SUMMARY, EFFECTS)}
    assert {name: (point["dependence"], point["lost"]) for name, point in found.items()} == {
        ("msrc", "disentangled"): (pytest.approx(0.8), 0.03), ("msrc", "gc"): (0, 0), ("caltech101", "gaussian"): (1, 0.01)}
    assert found["msrc", "disentangled"]["low"] == pytest.approx(0.02)


@pytest.mark.parametrize("points", [paying(SUMMARY, EFFECTS), []])
def test_its_figure_has_a_mark_at_every_point_and_no_names_on_each_other(points):
    figure = loss_against_dependence(points)
    (axes,) = figure.axes
    marks = np.concatenate([line.get_xydata() for line in axes.lines if line.get_marker() in "os"] or [np.empty((0, 2))])
    wanted = sorted((point["dependence"], 100 * point["lost"]) for point in points)
    np.testing.assert_allclose(np.reshape(sorted(map(tuple, marks)), (-1, 2)), np.reshape(wanted, (-1, 2)))
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[:at])
    assert len(boxes) == max(1, len({(point["dependence"], point["lost"]) for point in points}))


def test_names_lie_on_no_interval_and_beside_their_points_where_there_is_room():
    near = [(0.66, 2.2), (0.76, 2.1), (0.73, 0.5), (0.59, 0.1), (0.89, 1.8), (0.92, 2.0), (0.06, 0.0), (0.25, 0.2)]
    points = [{"label": f"embedded_gaussian_{at}", "data": "msrc", "dependence": x, "lost": y / 100, "low": (y - 0.6) / 100,
               "high": (y + 0.6) / 100} for at, (x, y) in enumerate(near)]
    figure = loss_against_dependence(points)
    (axes,) = figure.axes
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for text in axes.texts:
        text.update_positions(canvas.get_renderer())
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without the line to the point
    assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[:at])
    for bars in axes.collections:
        for ends in bars.get_segments():
            interval = Bbox(axes.transData.transform(ends))
            assert not any(box.overlaps(interval) for box in boxes)
    heights = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert heights["embedded_gaussian_3"] == pytest.approx(0.1, abs=1e-2)  # to the left of it


def test_the_figure_of_several_reports_is_drawn_from_their_files(tmp_path, monkeypatch, capsys):
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    (tmp_path / "effects.json").write_text(json.dumps(EFFECTS))
    monkeypatch.setattr("sys.argv", ["pays", str(tmp_path / "figure.png"), str(tmp_path)])
    pays.main()
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert "80% of shuffled; lost   3.0 [2.0, 5.0] points" in capsys.readouterr().out
