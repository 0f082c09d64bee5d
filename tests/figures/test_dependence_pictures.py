"""The dependence layout: each query's mean divergence, at its place."""

import pytest

from nlviz.measures import dependence_of_queries, measure
from nlviz.numbers import number, percent
from tests.figures.looking import LINEAR, OPAQUE, look_at, look_at_channels
from tests.figures.reading import assert_drawn, bars, ends, flowing, heatmaps, panels, render, texts
from tests.figures.toys import drawn


def test_a_dependence_picture_has_each_querys_mean_divergence_in_its_place_on_a_scale_from_zero():
    analyses = [look_at("embedded_gaussian"), look_at("gc"), look_at("pam")]  # keys of the first are pooled, queries not
    figure = drawn(analyses, layout="dependence", **LINEAR)
    found = [dependence_of_queries(a.maps[0].nl_map).view(5, 6) for a in analyses]
    highest = max(values.max().item() for values in found)
    assert [bar.get_xlim() for bar in bars(figure)] == [pytest.approx((0, highest))] and found[1].max() == 0
    pixels = render(figure)
    for axes, values in zip(heatmaps(figure), found, strict=True):
        assert_drawn(pixels, axes, values, (0, highest))
    assert f"nats, 0 to {number(highest)}, shared by 3 panels" in flowing(figure)
    assert [t.get_text() for t in panels(figure)[0].texts] == ["1", "2"]


def test_per_panel_each_dependence_picture_has_its_own_printed_scale():
    analyses = [look_at("embedded_gaussian"), look_at("pam")]
    figure = drawn(analyses, (), layout="dependence", **OPAQUE, scale="per panel", colours="inferno")
    values = dependence_of_queries(analyses[1].maps[0].nl_map).view(5, 6)
    assert_drawn(render(figure), heatmaps(figure)[1], values, ends(values), "inferno")
    low, high = map(number, ends(values))
    assert f"scale {low} to {high} nats" in flowing(figure) and not bars(figure) and "dots" not in texts(figure)


def test_under_a_dependence_picture_stand_the_mean_its_share_of_shuffled_rows_and_what_they_mean():
    analysis = look_at("embedded_gaussian")
    shown, found = flowing(drawn([analysis], layout="dependence")), measure(analysis.maps[0].nl_map)
    mean, shuffled = found.values["jsd_att_nats"], found.shuffled["jsd_att_nats"]
    assert f"mean {number(mean)} nats, {percent(mean / shuffled)} of {number(shuffled)} nats shuffled {found.sentence}" in shown
    assert "at every query the mean Jensen-Shannon divergence" in shown and "queries 5 × 6, keys 2 × 3" in shown
    assert "mean 0 nats, 0.0 % of" in flowing(drawn([look_at("gc")], layout="dependence"))


@pytest.mark.parametrize("analysis, parts, reason, beside", [
    (lambda: look_at("dot_product"), {}, "n/a: rows are scaled by 1/N′, not a distribution", "By cosine distance alone"),
    (lambda: look_at("disentangled"), {}, "n/a: rows are raw, not a distribution", "By cosine distance alone"),
    (lambda: look_at("cam"), {}, "n/a: rows are those of channels", None),
    (lambda: look_at_channels("rga_spatial"), {"net/0": "gate of positions"}, "n/a: a gate has one value", None)])
def test_a_map_without_a_divergence_is_the_grey_photo_with_the_reason(analysis, parts, reason, beside):
    figure = drawn([analysis()], layout="dependence", parts=parts)
    bare = panels(figure)[1]
    assert reason in " ".join(text.get_text() for text in bare.texts) and not bars(figure) and not heatmaps(figure)
    assert "mean 0" not in texts(figure) and (beside or "n/a") in flowing(figure) and "No answer" not in texts(figure)


def test_a_chosen_part_has_the_dependence_picture_of_its_own():
    analysis = look_at("criss_cross")
    figure = drawn([analysis], layout="dependence", parts={"net/0": "A1"}, **LINEAR)
    values = dependence_of_queries(analysis.maps[1].nl_map).view(5, 6)
    assert_drawn(render(figure), heatmaps(figure)[0], values, (0, values.max().item()))
