"""Filmstrip with arrows: what is asked, where its strongest keys are, and what every frame gets."""

import re

import numpy as np
import pytest
import torch
from matplotlib.patches import FancyArrowPatch

from nlviz.analysis import analyse
from nlviz.figures import draw, figure_bytes, filmstrip
from nlviz.figures.formats import format_for
from nlviz.figures.strips import film_of
from nlviz.models import load_model
from nlviz.pictures import Picture
from tests.figures import looking
from tests.figures.filmed import clip, look_at, recipe_of
from tests.figures.laid_out import assert_laid_out
from tests.figures.reading import flowing, heatmaps, render
from tests.figures.toys import drawn as drawn_of_photos

QUERY = (0.4, 0.7, 2)


def arrows(figure):
    """(start, end) of every arrow in pixels of a frame, the weakest first."""
    return [patch._posA_posB for axes in heatmaps(figure) for patch in axes.patches if isinstance(patch, FancyArrowPatch)]


def frame_and_place(film, point):
    """Which frame a point of the panel lies in, and where, 0 to 1."""
    for frame in range(len(film.frames)):
        (left, top), (wide, high) = film.corner(frame), film.frame
        if left <= point[0] <= left + wide and top <= point[1] <= top + high:
            return frame, (point[0] - left) / wide, (point[1] - top) / high
    raise AssertionError(f"{point} lies beside the frames")


@pytest.mark.parametrize("frames, pooled", [(1, False), (2, True)])
def test_arrows_lead_from_the_asked_cell_to_the_strongest_keys(frames, pooled):
    analysis = look_at(clip(), frames=frames, sub_sample=pooled)
    (placed,), film = analysis.maps, film_of(analysis.picture, format_for("two columns"))
    figure = draw([analysis], recipe_of([analysis], [QUERY], arrows=5))
    row, asked = placed.heatmap(*QUERY[:2], frame=2), placed.queries.cell(*QUERY)
    own = asked if placed.keys.grid == placed.queries.grid else None
    order = [cell for cell in np.ndindex(*row.shape) if cell != own]
    strongest = sorted(order, key=lambda cell: -row[cell].item())[:5]
    found = [(frame_and_place(film, start), frame_and_place(film, end)) for start, end in arrows(figure)]
    assert {placed.queries.cell(x, y, frame) for (frame, x, y), _ in found} == {asked}
    ends = {placed.keys.cell(x, y, frame) for _, (frame, x, y) in found}
    assert ends <= set(strongest) and len(ends) >= 4  # one may be too near for an arrow
    assert all(frame == 2 for (frame, _, _), _ in found)


def test_the_strongest_keys_rectangle_is_the_brightest_place_in_its_frame():
    analysis = look_at(clip(), sub_sample=False)
    film, (placed,) = film_of(analysis.picture, format_for("two columns")), analysis.maps
    figure = draw([analysis], recipe_of([analysis], [QUERY], arrows=0, colours="gray", veil="even", opacity=1.0, scale="per panel"))
    (axes,), pixels = heatmaps(figure), render(figure, 200)
    (t, row, column), _ = placed.strongest(*QUERY[:2], frame=2)
    shades = np.zeros((5, 6))
    for cell in np.ndindex(5, 6):
        x, y = axes.transData.transform(film.at((cell[1] + 0.5) / 6, (cell[0] + 0.5) / 5, t))
        shades[cell] = pixels[int(y), int(x)].sum()
    assert np.unravel_index(shades.argmax(), shades.shape) == (row, column)


def test_every_frame_says_what_it_gets_and_the_caption_past_and_future():
    analysis = look_at(clip(), sub_sample=False)
    figure = draw([analysis], recipe_of([analysis], [QUERY]))
    shares = analysis.maps[0].heatmap(*QUERY[:2], frame=2).sum((1, 2)).double()
    for frame, share in enumerate(shares.tolist(), 1):
        said = re.search(rf"frame {frame} · ([0-9.]+) %", flowing(figure))
        assert float(said[1]) == pytest.approx(100 * share, abs=0.51, rel=0.02)
    past, same, future = (float(part) for part in
                          re.search(r"past ([0-9.]+) %, same frame ([0-9.]+) %, future ([0-9.]+) %", flowing(figure)).groups())
    sums = [100 * part.sum().item() for part in (shares[:2], shares[2:3], shares[3:])]
    assert (past, same, future) == pytest.approx(sums, abs=0.51)


def test_a_network_of_pictures_keeps_to_the_querys_frame_and_says_so():
    analysis = analyse(load_model("msrc_embedded_gaussian"), clip(4), 96)
    figure = draw([analysis], recipe_of([analysis], [QUERY]))
    assert "one at a time: rows end at the edge of their query's frame" in flowing(figure)
    film = film_of(analysis.picture, format_for("two columns"))
    assert {frame_and_place(film, end)[0] for _, end in arrows(figure)} == {2}
    assert "frame 3 · 100 %" in flowing(figure) and "frame 2 · 0.0 %" in flowing(figure)


def test_seen_from_the_key_arrows_come_from_the_queries():
    analysis = look_at(clip(), sub_sample=False)
    film = film_of(analysis.picture, format_for("two columns"))
    figure = draw([analysis], recipe_of([analysis], [QUERY], direction="attended by", arrows=5))
    asked = analysis.maps[0].keys.cell(*QUERY)
    assert {analysis.maps[0].keys.cell(x, y, f) for f, x, y in (frame_and_place(film, end) for _, end in arrows(figure))} == {asked}
    assert "Arrows: to the key's cell from the 5 other queries" in flowing(figure)


@pytest.mark.parametrize("arrows_of, term", [(0, "full"), (20, "row minus the mean row"), (20, "input similarity")])
def test_terms_and_no_arrows(arrows_of, term):
    analysis = look_at(clip(), sub_sample=False)
    figure = draw([analysis], recipe_of([analysis], [QUERY], arrows=arrows_of, term=term))
    assert bool(arrows(figure)) == bool(arrows_of)
    if "minus" in term:
        assert re.search(r"frame [0-9] · [+−][0-9.]+ %", flowing(figure))


@pytest.mark.parametrize("width, count, across", [("one column", 8, 4), ("two columns", 8, 8), ("slide", 8, 8),
                                                  ("one column", 6, 3), ("two columns", 32, 8), ("one column", 5, 3)])
def test_frames_wrap_as_the_width_allows(width, count, across):
    assert film_of(clip(count), format_for(width)).across == across


@pytest.mark.parametrize("width", ["one column", "two columns", "slide"])
@pytest.mark.parametrize("layout", ["filmstrip", "queries by networks", "one query", "dependence", "distances"])
def test_nothing_is_cut_and_nothing_overlaps(width, layout):
    analyses = [look_at(clip(), name="a"), look_at(clip(), "gc", name="b"), look_at(clip(), frames=2, name="c"),
                look_at(clip(), "se", name="d")]
    assert_laid_out(draw(analyses, recipe_of(analyses, [QUERY, (0.9, 0.95, 7)], layout, width=width)))


def test_the_same_recipe_gives_the_same_bytes():
    analysis = look_at(clip())
    recipe = recipe_of([analysis], [QUERY, (0.1, 0.1, 7)], dpi=80)
    for kind in ("png", "svg", "pdf"):
        first, second = (figure_bytes(draw([analysis], recipe), kind, recipe, recipe.dpi) for _ in range(2))
        assert first == second


NO_FRAME = r"noise\.mp4 is a clip, a query of which is \(x, y, frame\), got \(0\.5, 0\.5\)"


@pytest.mark.parametrize("queries, why", [([(0.5, 0.5)], NO_FRAME), ([], "1 to 8 queries"),
                                          ([(0.5, 0.5, 8)], "this clip has frames 1 to 8, a query is in frame 9")])
def test_a_query_that_is_none_of_the_clip_is_refused(queries, why):
    analysis = look_at(clip())
    for layout in ("filmstrip", "queries by networks", "layers x heads"):
        with pytest.raises(ValueError, match=why):
            draw([analysis], recipe_of([analysis], queries, layout))


def test_a_picture_is_no_filmstrip_and_its_queries_have_no_frame():
    photos = [looking.look_at("embedded_gaussian")]
    with pytest.raises(ValueError, match=r"noise\.png is a picture: a filmstrip shows the frames of a clip"):
        filmstrip(photos, [(0.5, 0.5)])
    with pytest.raises(ValueError, match=r"noise\.png is a picture, a query of which is \(x, y\), got \(0\.5, 0\.5, 1\)"):
        drawn_of_photos(photos, [(0.5, 0.5, 1)])


def test_figures_of_a_clip_say_which_frames_of_the_video_they_show():
    analysis = look_at(clip())
    for layout in ("filmstrip", "queries by networks"):
        said = flowing(draw([analysis], recipe_of([analysis], [QUERY], layout)))
        assert "Clip: noise.mp4, 8 frames, 1 to 8, 96 × 80 px" in said and "1 (0.4, 0.7, frame 3)" in said
        assert "over the grey frames" in said and "input 8 frames of 96 × 80 px" in said and "queries 8 × 5 × 6" in said
    assert isinstance(analysis.picture, Picture) and torch.is_tensor(analysis.maps[0].heatmap(0.5, 0.5, frame=1))
