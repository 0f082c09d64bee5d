"""The logarithmic scale, and the veil that rises along a scale: what each cell's colour is, and what is said of it."""

import numpy as np
import pytest
import torch

from nlviz.figures import DIVERGING, Scale
from nlviz.figures.colours import palette
from tests.viewer.pages import (
    ask,
    centres,
    choose,
    colours,
    column_of,
    evenly,
    heat,
    levels,
    node,
    pin,
    row_of,
    scaled,
    show,
)
from tests.viewer.scenes import CENTRED, CHANNELS, FULL, MAPS, PAIRWISE, PANELS, RANDOM, add, dense_map, the

NAMES = ["dense", "pooled", "criss-cross", "global", "dot"]
PLACE = (0.31, 0.77)
READING = ".nlviz-reading [data-rows=distribution]"
LOW = -4  # log2 of 1/16


def times_of(name: str, x=PLACE[0], y=PLACE[1], of=row_of) -> np.ndarray:
    """Weights times the number of keys."""
    m = the(name)["maps"][0]
    return of(the(name), m, x, y) * np.prod(m["key_grid"])


def logs(found: np.ndarray) -> np.ndarray:
    return np.log2(np.maximum(found, 2.0 ** LOW))


def cells_of(name: str, on="key"):
    m = the(name)["maps"][0]
    return centres(m[f"{on}_grid"], m[f"{on}_place"])


def assert_near(found, wanted, steps=1):
    np.testing.assert_allclose(found, wanted, atol=steps)


@pytest.mark.parametrize("direction, of, on", [("attends to", row_of, "key"), ("attended by", column_of, "query")])
def test_one_logarithmic_scale_has_one_meaning_for_every_grid_and_direction(viewer, direction, of, on):
    show(viewer, *NAMES)
    evenly(viewer, "times uniform", direction=direction)
    ask(viewer, *PLACE)
    drawn = {name: times_of(name, of=of) for name in NAMES[:4]}
    high = max(2, *(np.log2(found.max()) for found in drawn.values()))
    for name, found in drawn.items():
        cells, points = cells_of(name, on)
        assert_near(levels(viewer, heat(the(name)), points), scaled(logs(found)[cells], LOW, high))


def test_smooth_is_between_the_logarithms_and_true_at_the_centres(viewer):
    show(viewer, *NAMES)
    evenly(viewer, "times uniform", view="smooth")
    ask(viewer, *PLACE)
    high = max(2, *(np.log2(times_of(name).max()) for name in NAMES[:4]))
    for name in NAMES[:4]:
        cells, points = cells_of(name)
        assert_near(levels(viewer, heat(the(name)), points), scaled(logs(times_of(name))[cells], LOW, high), 2)


def test_a_map_of_equal_rows_is_bare_photo_and_one_that_is_nearly_so_is_nearly_bare(viewer):
    add("equal", dense_map(np.full((30, 30), 1 / 30), [5, 6]))
    add("nearly", dense_map((1 + 0.05 * (RANDOM.random((30, 30)) - 0.5)) / 30, [5, 6]))
    show(viewer, panels=[PANELS.pop(), PANELS.pop()])
    assert colours(viewer, heat({"id": "equal/0"}), centres([5, 6])[1])[:, 3].max() == 0
    assert colours(viewer, heat({"id": "nearly/0"}), centres([5, 6])[1])[:, 3].max() <= 255 * np.log2(1.03) / 2 + 2
    assert viewer.locator(f"{READING} .nlviz-number").all_inner_texts() == ["1/16×", "4×"]


def test_the_veil_is_open_below_an_even_share_and_closed_from_four_times_on(viewer):
    share = np.array([0, 1 / 64, 0.5, 0.98, 1.02, 1.5, 2, 3, 4.1, 8.0])
    row = np.concatenate([share, np.full(20, (30 - share.sum()) / 20)]) / 30
    assert row.min() >= 0
    add("steps", dense_map(np.tile(row, (30, 1)), [5, 6]))
    show(viewer, panels=[PANELS.pop()])
    found = colours(viewer, heat({"id": "steps/0"}), centres([5, 6])[1])[:, 3][:len(share)]
    assert not found[:4].any() and (found[8:] == 255).all()
    rise, step = 255 * np.log2(share[4:8]) / 2, 255 / 2 * (3 - LOW) / 256
    assert (found[4:8] <= rise + 1).all() and (found[4:8] >= rise - step - 1).all()


@pytest.mark.parametrize("scale", ["times uniform", "shared", "per panel"])
@pytest.mark.parametrize("term", [FULL, CENTRED])
@pytest.mark.parametrize("veil", ["rising", "even"])
def test_the_colours_of_the_page_are_those_of_the_figures(viewer, scale, term, veil):
    names = ["dense", "dot", "disentangled"]
    show(viewer, *names)
    evenly(viewer, scale, term=term, veil=veil)
    ask(viewer, *PLACE)
    rows = {name: row_of(the(name), the(name)["maps"][0], *PLACE, term) for name in names}
    for name, row in rows.items():
        (inside, points), own = cells_of(name), the_scale(name, row, scale, term)
        steps = own.steps(own.drawn(torch.tensor(row), row.size).numpy())[inside]
        table = over_grey(palette(DIVERGING if term == CENTRED else "viridis", own, veil))
        near = np.stack([table[np.clip(steps + one, 0, 255)] for one in (-1, 0, 1)])  # sums in another order
        found = over_grey(colours(viewer, heat(the(name)), points))
        assert np.abs(found - near).max(2).min(0).max() <= 2
        assert (np.abs(found - near[1]).max(1) <= 2).mean() > 0.9


def the_scale(name: str, row, scale: str, term: str) -> Scale:
    """Each of these maps has a kind of rows of its own."""
    low, high = row.min(), row.max()
    if term == CENTRED:
        return Scale(-max(-low, high), max(-low, high))
    if scale == "times uniform" and name == "dense":
        return Scale.of_times(high * row.size)
    return Scale(low, high) if scale == "per panel" else Scale(min(0, low), max(0, high))


def over_grey(rgba: np.ndarray) -> np.ndarray:
    """As they look: a canvas keeps what is nearly see-through with few digits."""
    return rgba[:, :3] * (rgba[:, 3:] / 255) + 160 * (1 - rgba[:, 3:] / 255)


def test_the_bar_says_how_many_times_an_even_share_with_a_tick_at_one(viewer):
    show(viewer, *NAMES)
    ask(viewer, *PLACE)
    bar, high = viewer.locator(READING), max(2, *(np.log2(times_of(name).max()) for name in NAMES[:4]))
    low, top = bar.locator(".nlviz-number").all_inner_texts()
    assert low == "1/16×" and float(top.removesuffix("×")) == pytest.approx(2 ** high, rel=0.01)
    assert "shared by 4 networks · times uniform, logarithmic" in bar.inner_text()
    assert "linear" in viewer.locator(".nlviz-reading [data-rows=scaled]").inner_text()
    ramp = bar.locator(".nlviz-ramp").bounding_box()
    step = 4 if high >= 4 else 2
    for tick, power in zip(bar.locator(".nlviz-tick").all(), range(LOW + step, 20, step), strict=False):
        box = tick.bounding_box()
        assert tick.inner_text() == (f"{2 ** power}×" if power >= 0 else f"1/{2 ** -power}×")
        at = ramp["x"] + ramp["width"] * (power - LOW) / (high - LOW)
        assert box["x"] + box["width"] / 2 == pytest.approx(at, abs=1) and box["y"] >= ramp["y"] - 1
    drawn = colours(viewer, f"{READING} .nlviz-ramp", [((n + 0.5) / 256, 0.5) for n in range(256)])[:, 3]
    one, four = (256 * (power - LOW) / (high - LOW) for power in (0, 2))
    assert not drawn[:int(one) + 1].any() and (drawn[int(np.ceil(four)):] == 255).all() and (np.diff(drawn) >= 0).all()


def test_the_caption_says_which_share_of_keys_lies_below_the_scale(viewer):
    show(viewer, "criss-cross", "dense")
    for name in ("criss-cross", "dense"):
        ask(viewer, *PLACE)
        found, said = times_of(name), viewer.locator(f"{node(the(name))} .nlviz-live").inner_text()
        below = (found < 1 / 16).mean()
        assert (f"{100 * below:.{0 if below >= 0.1 else 1}f} % of keys below 1/16×" if below else "no keys below 1/16×") in said
        top = float(said.split("×")[0].split()[-1]) if below else float(said.split("×")[1].split()[-1])
        assert top == pytest.approx(found.max(), rel=0.01)


def test_pins_share_a_logarithmic_scale_of_their_own(viewer):
    show(viewer, "dense", "pooled")
    evenly(viewer, "times uniform")
    pin(viewer, (0.2, 0.4), (0.7, 0.6))
    spots = [(one["x"], one["y"]) for one in viewer.evaluate("viewer.state().pins")]
    seen = {(name, at): times_of(name, *spots[at]) for name in ("dense", "pooled") for at in (0, 1)}
    high = max(2, *(np.log2(found.max()) for found in seen.values()))
    for (name, at), found in seen.items():
        cells, points = cells_of(name)
        canvas = f".nlviz-strip .nlviz-heat[data-panel='{the(name)['id']}'][data-pin='{at + 1}']"
        np.testing.assert_allclose(levels(viewer, canvas, points), scaled(logs(found)[cells], LOW, high), atol=1)
    assert "times uniform" in viewer.locator(".nlviz-strip [data-rows=distribution]").inner_text()


def test_a_term_that_is_a_distribution_is_drawn_on_it_and_differences_are_not(viewer):
    show(viewer, "pooled")
    m = the("pooled")["maps"][0]
    cells, points = cells_of("pooled")
    for term, times in ((PAIRWISE, True), (CENTRED, False)):
        evenly(viewer, "times uniform", term=term)
        ask(viewer, *PLACE)
        row = row_of(the("pooled"), m, *PLACE, term)
        high = max(2, np.log2(row.max() * row.size)) if times else np.abs(row).max()
        wanted = scaled(logs(row * row.size), LOW, high) if times else scaled(row, -high, high)
        assert_near(levels(viewer, heat(the("pooled")), points, "viridis" if times else DIVERGING), wanted[cells])
        assert ("times uniform" in viewer.locator(READING).inner_text()) == times


def test_a_matrix_of_channels_is_drawn_on_a_logarithmic_scale_of_its_own_and_covers_no_photo(viewer):
    show(viewer, "channels")
    weights, at = MAPS["channels/0", ""][FULL], [(n + 0.5) / CHANNELS for n in range(CHANNELS)]
    found = levels(viewer, ".nlviz-chooser-values", [(x, y) for y in at for x in at])
    high = max(2, np.log2(weights.max() * CHANNELS))
    assert_near(found, scaled(logs(weights * CHANNELS), LOW, high).flatten())
    assert "own scale · times uniform" in viewer.locator(".nlviz-matrix-bar").inner_text()


@pytest.mark.parametrize("backdrop, filter", [("grey", "grayscale(1)"), ("colour", "none")])
def test_the_photo_under_the_colours_is_grey_or_in_colour_and_beside_them_always_in_colour(viewer, backdrop, filter):
    show(viewer, "dense")
    choose(viewer, "backdrop", backdrop)
    photos = viewer.locator(".nlviz-panels .nlviz-photo").evaluate_all("all => all.map(node => getComputedStyle(node).filter)")
    assert photos == ["none", filter]
