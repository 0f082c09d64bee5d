"""Layers x heads of every kind of attention in other people's networks: rows of positions in windows or on two grids, rows of
channels, one row for all, rows of named tokens alone. The vision transformer beside each of them goes on."""

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from nlviz.analysis import PlacedMap
from nlviz.numbers import percent
from tests.viewer.kinds import (
    PLACES,
    TIMM,
    assert_same,
    assert_vit_goes_on,
    choose,
    hovered,
    looked,
    over,
    show,
    some,
    words,
    words_of_status,
)
from tests.viewer.pages import PHOTO, colours, levels, pin, point, scaled
from tests.viewer.stacks import CENTRES, boxes, heats, inside

MATRIX = ".nlviz-chooser[data-kind=matrix]"
ONLY_TOKENS = "only named tokens ask here: choose one under Query"
NO_PLACE = "only named tokens ask here, which have no place"

# Every map in both directions, every term, with the pointer and every named token; two pins are there.
EVERYTHING = """([id, names, tokens]) => {
    const queries = [[.2, .3], [.8, .6]];
    for (const direction of ["attends to", "attended by"])
        for (const term of ["full", "pairwise only", "unary only", "row minus the mean row"])
            for (const token of tokens)
                for (const name of names)
                    viewer.restore({parts: {[id]: name}, queries, settings: {direction, term, token, scale: "times uniform"}});
    viewer.restore({queries: [], settings: {direction: "attends to", term: "full", token: "", scale: "per panel"}});
}"""


# ---------------------------------------------------------------------------------------------------- rows of positions

@pytest.mark.parametrize("name", ["davit", "levit", "crossvit", "objects"])
def test_over_every_panel_the_place_under_the_pointer_has_pythons_own_row_and_column(bare, name):
    show(bare, name)
    for placed in some(name, "positions"):
        nl_map = placed.nl_map
        for (x, y), canvas in zip(PLACES, (over(name), PHOTO, over("vit"))):
            choose(bare, name, placed, direction="attends to")
            found = hovered(bare, canvas, x, y)
            assert found[name]["map"] == nl_map.part and found[name]["asked"] == placed.query(x, y)
            assert_same(found[name]["values"], placed.heatmap(x, y))
            assert_vit_goes_on(bare, found, x, y)
            choose(bare, name, placed, direction="attended by")
            row, column = placed.keys.cell(x, y)
            wanted = nl_map.column(row * placed.keys.grid[1] + column)[: np.prod(placed.queries.grid)]
            assert_same(hovered(bare, canvas, x, y)[name]["values"], wanted)


@pytest.mark.parametrize("name", ["xcit", "crossvit"])
def test_a_class_attention_has_the_same_row_wherever_the_pointer_is(bare, name):
    show(bare, name)
    for placed in some(name, "global"):
        choose(bare, name, placed)
        for (x, y), canvas in zip(PLACES, (over(name), PHOTO, over("vit"))):
            found = hovered(bare, canvas, x, y)
            assert_same(found[name]["values"], placed.heatmap(x, y))
            assert_vit_goes_on(bare, found, x, y)
        assert "every query gets the same" in bare.locator(f".nlviz-panel[data-panel='{name}/0'] .nlviz-facts").text_content()


def test_a_named_token_of_one_layer_asks_there_and_is_missed_in_the_other_and_no_cell_is_named(bare):
    show(bare, "crossvit")
    fine, coarse = (next(placed for placed in some("crossvit", "positions") if placed.layer == layer) for layer in (1, 2))
    token = "cls token 1"
    choose(bare, "crossvit", fine, token=token)
    assert hovered(bare, PHOTO, 0.4, 0.6)["crossvit"]["reason"] == f"no {token} here"
    choose(bare, "crossvit", coarse, token=token)
    assert_same(hovered(bare, PHOTO, 0.4, 0.6)["crossvit"]["values"], coarse.heatmap(0, 0, token))
    (row, column), weight = coarse.strongest(0, 0, token)
    said = f"crossvit · {coarse.nl_map.part} ({row}, {column}), {percent(weight)} of the weight"
    assert said in words_of_status(bare) and f"vit · layer 4, mean of 3 heads: n/a: no {token} here" in words_of_status(bare)
    choose(bare, "crossvit", coarse, token=token, direction="attended by")
    given = coarse.nl_map.column(coarse.nl_map.key(token))[:-1]
    assert_same(hovered(bare, PHOTO, 0.4, 0.6)["crossvit"]["values"], given)
    said = f"{coarse.nl_map.part} most by query {divmod(int(given.argmax()), 14)}, {percent(given.max().item())} of its weight"
    assert said in words_of_status(bare)


# ---------------------------------------------------------------------------------------------------- rows of channels

def related(placed: PlacedMap, channel: int) -> str:
    row = placed.nl_map.row(channel).double().numpy()
    most = ", ".join(f"{other} ({percent(row[other])})" for other in np.argsort(-row, kind="stable")[:3])
    return f"channel {channel} → most related: channel {most}"


@pytest.mark.parametrize("name", ["edgenext", "xcit", "davit"])
def test_rows_of_channels_are_a_matrix_beside_the_photo_and_the_other_panels_follow_the_pointer(bare, name):
    show(bare, name)
    for placed in some(name, "channels", on_picture=False):
        choose(bare, name, placed)
        count = placed.nl_map.shape[-1]
        rows = torch.stack([placed.nl_map.row(channel) for channel in range(count)]).double().numpy()
        middles = [((column + 0.5) / count, (row + 0.5) / count) for row in range(count) for column in range(count)]
        found = levels(bare, f"{MATRIX} .nlviz-chooser-values", middles)
        np.testing.assert_allclose(found, scaled(rows, 0, rows.max()).flatten(), atol=1)
        for (x, y), canvas in zip(PLACES, (over(name), PHOTO, over("vit"))):
            found = hovered(bare, canvas, x, y)
            assert found[name]["map"] == placed.nl_map.part and found[name]["values"] is None and not found[name]["reason"]
            assert_vit_goes_on(bare, found, x, y)
        for channel in (0, 5, count - 1):
            point(bare, f"{MATRIX} .nlviz-chooser-marks", 0.4, (channel + 0.5) / count)
            assert words(bare, name, "here") == related(placed, channel)
        assert not colours(bare, over(name, "heat"), CENTRES).any()  # no feature map is kept of a channel
        assert f"{count} × {count} channels" in bare.locator(f".nlviz-panel[data-panel='{name}/0'] .nlviz-facts").text_content()


def test_channels_whose_layer_comes_later_say_so_until_their_matrix_is_there(bare):
    show(bare, "edgenext", held=True)
    late = next(placed for placed in some("edgenext", "channels", on_picture=False) if placed.layer == 1)
    choose(bare, "edgenext", late)
    found = hovered(bare, over("edgenext"), 0.55, 0.4)
    assert found["edgenext"]["reason"] == "this layer is on its way" and bare.locator(MATRIX).count() == 0
    assert words(bare, "edgenext", "here") == "n/a: this layer is on its way"
    assert_vit_goes_on(bare, found, 0.55, 0.4)
    bare.evaluate("held = false; waiting.forEach(answer => answer())")
    expect(bare.locator(MATRIX)).to_be_visible()
    point(bare, f"{MATRIX} .nlviz-chooser-marks", 0.5, 3.5 / late.nl_map.shape[-1])
    assert words(bare, "edgenext", "here") == related(late, 3)
    assert_vit_goes_on(bare, hovered(bare, over("edgenext"), 0.55, 0.4), 0.55, 0.4)


def test_channels_and_positions_take_turns_in_a_panel(bare):
    show(bare, "davit")
    channels, positions = (some("davit", relates, on_picture=relates == "positions")[-1] for relates in ("channels", "positions"))
    pin(bare, (0.2, 0.3))
    for _ in range(2):
        choose(bare, "davit", channels)
        assert bare.locator(MATRIX).is_visible()
        assert bare.locator(".nlviz-strip-none[data-panel='davit/0']").first.inner_text() == "no row: channels"
        choose(bare, "davit", positions)
        assert bare.locator(MATRIX).count() == 0
        assert_same(hovered(bare, over("davit"), 0.55, 0.4)["davit"]["values"], positions.heatmap(0.55, 0.4))
        assert (colours(bare, over("davit", "heat"), CENTRES)[:, 3] == 255).all()


# ---------------------------------------------------------------------------------------------------- rows of named tokens alone

def test_where_only_named_tokens_ask_no_place_shows_a_row_and_the_panel_says_what_to_do(bare):
    show(bare, "objects")
    for placed in some("objects", "positions", on_picture=False):
        for direction, reason in (("attends to", ONLY_TOKENS), ("attended by", NO_PLACE)):
            choose(bare, "objects", placed, direction=direction, token="")
            for (x, y), canvas in zip(PLACES, (over("objects"), PHOTO, over("vit"))):
                found = hovered(bare, canvas, x, y)
                assert (found["objects"]["values"], found["objects"]["reason"]) == (None, reason)
                assert words(bare, "objects", "here") == f"n/a: {reason}"
                if direction == "attends to":
                    assert_vit_goes_on(bare, found, x, y)
        assert not colours(bare, over("objects", "heat"), CENTRES).any()
        assert "5 named tokens ask, 4 × 6 keys" in bare.locator(".nlviz-panel[data-panel='objects/0'] .nlviz-facts").text_content()


def test_a_named_token_that_is_chosen_has_its_own_row_in_the_panel_and_in_the_thumbnail(bare):
    show(bare, "objects")
    places = boxes(bare, "objects/0")
    for token, placed in zip(("objects 2", "objects 5"), some("objects", "positions", on_picture=False)):
        thumbnail = inside(places[placed.nl_map.part], CENTRES)
        choose(bare, "objects", placed, token="")
        bare.wait_for_function("viewer.state().thumbnails")
        assert not colours(bare, heats("objects/0"), thumbnail).any()
        choose(bare, "objects", placed, token=token)
        row, ((at, column), weight) = placed.heatmap(0, 0, token).flatten(), placed.strongest(0, 0, token)
        for x, y in PLACES:
            found = hovered(bare, over("objects"), x, y)
            assert_same(found["objects"]["values"], row)
            assert found["vit"]["reason"] == f"no {token} here"
        bare.wait_for_function("viewer.state().thumbnails")
        wanted = scaled(row.numpy(), row.min().item(), row.max().item())
        np.testing.assert_allclose(levels(bare, over("objects", "heat"), CENTRES), wanted, atol=1)
        np.testing.assert_allclose(levels(bare, heats("objects/0"), thumbnail), wanted, atol=1)
        said = f"objects · {placed.nl_map.part} ({at}, {column}), {percent(weight)} of the weight"
        assert words_of_status(bare).startswith(f"{token.capitalize()} → strongest key: {said}")
        bare.keyboard.press("Escape")  # back to the pointer
        assert hovered(bare, PHOTO, 0.3, 0.3)["objects"]["reason"] == ONLY_TOKENS


# ---------------------------------------------------------------------------------------------------- whatever is chosen

@pytest.mark.parametrize("name", [*TIMM, "objects"])
def test_whatever_is_chosen_of_a_network_nothing_fails_and_the_panel_beside_goes_on(bare, name):
    show(bare, name)
    tokens = {token for placed in looked(name).maps for token in (*placed.nl_map.query_tokens[:2], *placed.nl_map.key_tokens[:2])}
    bare.evaluate(EVERYTHING, [f"{name}/0", [placed.nl_map.part for placed in looked(name).maps if placed.head in (None, 2)],
                               ["", *sorted(tokens)]])
    for canvas in (over(name), PHOTO, over("vit")):
        assert_vit_goes_on(bare, hovered(bare, canvas, 0.55, 0.4), 0.55, 0.4)
