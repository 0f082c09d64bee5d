"""A first look shows something: in every preset, on every example photo, each map its structure and the photo under it."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from nlviz.pictures import open_picture
from nlviz.ui.examples import BEGINNINGS, EXAMPLES
from nlviz.ui.presets import PRESETS
from tests.ui.answers import analysed, cells_in_picture, drawn_levels

MET = 448  # pixels: the resolution that a visitor meets
LEAST = 20  # of the scale's 256 steps, between the 5th and the 95th percentile of the cells
FLAT = 0.99  # of the entropy of a uniform row: flat must look flat
SHARP = 0.9  # of the keys below the scale's lower end, 1/16 of their share: sharp must look sharp
LAID_OVER = """async heat => {
    const photo = heat.parentElement.querySelector(".nlviz-photo"), canvas = document.createElement("canvas");
    await photo.decode();
    Object.assign(canvas, {width: heat.width, height: heat.height});
    const context = canvas.getContext("2d");
    context.filter = getComputedStyle(photo).filter;
    context.drawImage(photo, 0, 0, heat.width, heat.height);
    Object.assign(context, {filter: "none", globalAlpha: Number(getComputedStyle(heat).opacity)});
    context.drawImage(heat, 0, 0);
    return canvas.toDataURL();
}"""
FIRST = next(iter(PRESETS.values())).names
NAMES = [pytest.param(preset.names, id=title.split(":")[0][:24]) for title, preset in PRESETS.items()
         if not preset.clips]


def meet(site, names: list[str], photo: str) -> dict:
    """Come to a preset on an example photo; what the viewer shows there, its query included."""
    site.follow(names, photo, MET)
    site.page.evaluate("query => site.viewer.restore({query})", BEGINNINGS[photo].query)
    return {look["id"]: look for look in site.page.evaluate("site.viewer.state({values: true}).maps")}


def distributions(names: list[str], photo: str, looks: dict):
    """(panel, what it shows, its map) of those whose rows are distributions over positions."""
    for name in names:
        for number, call in enumerate(analysed(name, photo, MET).calls):
            look = looks[f"{name}/{number}"]
            placed = next(placed for placed in call if placed.nl_map.part == look["map"])
            if placed.nl_map.rows == "distribution" and placed.keys is not None and placed.nl_map.relates != "gate":
                yield look["id"], look, placed


def drawn_there(site, panel: str) -> np.ndarray:
    """(height, width): what lies there, the canvas over the photo as the style sheet says, in grey."""
    png = site.panel(panel).evaluate(LAID_OVER).split(",")[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"), float)


def below_share(values: np.ndarray, place, size: tuple[int, int]) -> np.ndarray:
    """(height, width): where in a picture of this size the key gets less than its share; False where no key lies."""
    found = np.zeros(size[::-1], bool)
    for (row, column), times in np.ndenumerate(values * values.size):
        left, top, right, bottom = (float(edge) * size[at % 2] for at, edge in enumerate(place.rectangle(row, column)))
        found[int(np.ceil(top)):int(bottom), int(np.ceil(left)):int(right)] = times < 1
    return found


# Steps are those of the same view under an even veil, where every cell has one that can be read.
def assert_structure(levels: np.ndarray, opacity: np.ndarray, look: dict, where: str) -> None:
    """The cells' steps differ; of a row of few keys these stand out, and cover the photo."""
    low, high = np.percentile(levels, (5, 95))
    if np.mean(np.array(look["values"]) * len(levels) < 1 / 16) > SHARP:
        assert levels.max() - low >= LEAST and opacity[levels.argmax()] == 255, where
    elif look["entropy"] <= FLAT:
        assert high - low >= LEAST, where


@pytest.mark.parametrize("names", NAMES)
def test_every_map_shows_its_structure_and_the_photo(site, names):
    for photo in EXAMPLES if names == FIRST else EXAMPLES[:2]:  # all of them with the networks that a visitor meets
        looks = meet(site, names, photo)
        found = list(distributions(names, photo, looks))
        seen = {panel: drawn_there(site, panel) for panel, _, _ in found}
        opacities = {panel: np.array(site.colours(panel, cells_in_picture(placed.keys)[1]))[:, 3] for panel, _, placed in found}
        site.page.evaluate("site.viewer.restore({settings: {veil: 'even'}})")  # the same steps, opaque
        for panel, look, placed in found:
            where = f"{panel} on {photo}, query {site.page.evaluate('site.viewer.state().query.cell')}"
            levels = drawn_levels(site, panel, placed.keys)
            assert_structure(levels, opacities[panel], look, where)
            drawn = seen[panel]
            bare = below_share(np.reshape(look["values"], placed.keys.grid), placed.keys, drawn.shape[::-1])
            grey = np.asarray(open_picture(photo).image.convert("L").resize(drawn.shape[::-1]), float)
            assert np.corrcoef(drawn[bare], grey[bare])[0, 1] > 0.9, where
        site.page.evaluate("site.viewer.restore({settings: {veil: 'rising'}})")
