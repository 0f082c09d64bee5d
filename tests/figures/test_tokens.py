"""A named token in figures: its row in place of the places', what it takes of a row, and two maps of one network side by side."""

import math
from dataclasses import replace

import pytest
import torch

from nlviz.figures import Style, columns_of, looks_of
from nlviz.figures.captions import named_shares
from nlviz.figures.columns import columns_of_channels
from nlviz.metrics import js_divergence
from nlviz.numbers import percent
from tests.figures.laid_out import assert_laid_out
from tests.figures.looking import look_at, look_at_channels
from tests.figures.reading import panels
from tests.figures.toys import drawn
from tests.transformers import objects, seen


def style(**changes) -> Style:
    return Style(**{"colour_map": "viridis", "scale": "times uniform", "smooth": False, "opacity": 1.0, "direction": "attends to",
                    "term": "full"} | changes)


def looked(query=(0.4, 0.6), **changes):
    (look,), = looks_of(columns_of([seen()], changes.get("term", "full"), {"vit/0": "layer 2, head 3"}), [query], style(**changes))
    return look


def weights():
    """(25, 25) of layer 2, head 3; the class token last."""
    placed, = [placed for placed in seen().maps if placed.nl_map.part == "layer 2, head 3"]
    return torch.stack([placed.nl_map.row(query) for query in range(25)]).double()


def test_the_class_tokens_row_is_drawn_and_no_cell_is_framed():
    look = looked(token="class token")
    torch.testing.assert_close(look.values.flatten(), weights()[24, :24])
    assert look.on_keys and look.cell is None


def test_attended_by_draws_what_every_place_gives_to_the_class_token():
    look = looked(token="class token", direction="attended by")
    torch.testing.assert_close(look.values.flatten(), weights()[:24, 24])
    assert not look.on_keys and look.cell is None and not look.named


def test_without_a_token_the_row_of_the_place_is_drawn_and_the_caption_says_what_the_class_token_takes():
    look, row = looked(), weights()[2 * 6 + 2]
    torch.testing.assert_close(look.values.flatten(), row[:24])
    assert look.cell is not None and look.named == {"class token": pytest.approx(row[24].item())}
    entropy = torch.special.entr(row).sum().item() / math.log(25)
    assert look.text.splitlines()[1:] == [f"entropy {percent(entropy)} of uniform", f"class token {percent(row[24].item())}"]
    assert f"{25 * row[:24].max().item():.3g}×" in look.text  # N' counts the class token


def test_numbered_tokens_are_told_together():
    placed = seen().maps[0]
    several = replace(placed, nl_map=replace(placed.nl_map, key_grid=(3, 7), key_tokens=("class token", "register token 1",
                                                                                          "register token 2", "register token 3")))
    column = replace(columns_of([seen()], "full", {})[0], placed=several)
    row = placed.nl_map.row(0).double()
    assert named_shares(column, row) == {"class token": row[21].item(), "register tokens": pytest.approx(row[22:].sum().item())}


def test_a_map_without_the_token_says_so_and_the_photo_keeps_its_numbers():
    figure = drawn([seen()], token="class token")
    assert len(panels(figure)) == 4
    analysis = look_at("gaussian")
    (look,), = looks_of(columns_of([analysis], "full", {}), [(0.5, 0.5)], style(token="class token"))
    assert look.values is None and look.note == "no class token here"
    assert "no class token here" in {text.get_text() for axes in drawn([analysis], token="class token").axes for text in axes.texts}


def test_where_only_named_tokens_ask_a_token_has_its_row_and_a_place_has_none():
    placed, = [placed for placed in objects().maps if placed.nl_map.part == "layer 3, head 2"]
    columns = columns_of([objects()], "full", {"objects/0": "layer 3, head 2"})
    (look,), = looks_of(columns, [(0.4, 0.6)], style(token="objects 3"))
    torch.testing.assert_close(look.values.flatten(), placed.nl_map.row(2).double())
    for changes, note in (({}, "no query here"), ({"direction": "attended by"}, "no key here")):
        (look,), = looks_of(columns, [(0.4, 0.6)], style(**changes))
        assert look.values is None and look.note == note
    figure = drawn([objects()], parts={"objects/0": "layer 3, head 2"}, direction="attended by")
    assert_laid_out(figure)
    assert "5 named tokens ask, keys 4 × 6, rows sum to 1" in " ".join(" ".join(text.get_text() for text in figure.texts).split())


@pytest.mark.parametrize("term", ["pairwise only", "row minus the mean row"])
def test_terms_of_a_tokens_row_are_those_of_the_map(term):
    look, placed = looked(token="class token", term=term), columns_of([seen()], term, {"vit/0": "layer 2, head 3"})[0].placed
    torch.testing.assert_close(look.values.flatten(), placed.nl_map.row(24)[:24].double())


def test_further_parts_of_a_network_stand_behind_its_first_in_order():
    parts = {"vit/0+10": "layer 4, head 1", "vit/0": "layer 1, head 2", "vit/0+2": "layer 3, head 3"}
    columns = columns_of([look_at("gaussian"), seen(), look_at("gc")], "full", parts)
    assert [(c.letter, c.whole.nl_map.part) for c in columns] == [
        ("a", ""), ("b", "layer 1, head 2"), ("c", "layer 3, head 3"), ("d", "layer 4, head 1"), ("e", "attention")]
    with pytest.raises(ValueError, match=r"vit/0\+2 has no map 'layer 9'"):
        columns_of([seen()], "full", {"vit/0+2": "layer 9"})
    with pytest.raises(ValueError, match=r"no call of a block is named 'vit/1\+1'; there are: vit/0"):
        columns_of([seen()], "full", {"vit/1+1": "layer 1, head 2"})


@pytest.mark.parametrize("layout", ["queries by networks", "one query", "dependence", "distances"])
@pytest.mark.parametrize("width", ["one column", "slide"])
def test_layouts_of_two_heads_of_a_network_are_laid_out(layout, width):
    figure = drawn([seen()], layout=layout, width=width, parts={"vit/0": "layer 1, head 2", "vit/0+1": "layer 3, head 3"})
    texts = [name[1] for name in assert_laid_out(figure)]
    assert {"layer 1, head 2", "layer 3, head 3"} <= set(texts)


def test_distances_of_queries_are_between_rows_over_the_patches():
    figure = drawn([seen()], [(0.1, 0.1), (0.9, 0.9)], layout="distances", parts={"vit/0": "layer 2, head 3"})
    rows = weights()[[0, 23], :24]
    found = js_divergence(*(rows / rows.sum(1, keepdim=True))).item()
    assert f"{found:.3f}" in {text.get_text() for axes in figure.axes for text in axes.texts}
    assert "Without class token: patches to patches, rows renormalised." in {t.get_text() for t in figure.texts}


def test_channel_maps_of_other_peoples_networks_are_drawn_where_they_are_chosen():
    analysis = look_at_channels("cam")
    placed = replace(analysis.maps[0], channels=None, layer=1, head=None,
                     nl_map=replace(analysis.maps[0].nl_map, input=None, output=None, part="layer 1"))
    other = replace(placed, layer=2, nl_map=replace(placed.nl_map, part="layer 2", number=1))
    stack = replace(analysis, maps=(placed, other))
    assert [c.whole.nl_map.part for c in columns_of_channels([stack])] == ["layer 1"]
    both = columns_of_channels([stack], {"net/0": "layer 2", "net/0+1": "layer 1"})
    assert [column.whole.nl_map.part for column in both] == ["layer 2", "layer 1"]
    for layout in ("channels", "queries by networks", "dependence", "distances", "layers x heads", "distance against layer"):
        assert_laid_out(drawn([stack], layout=layout, parts={"net/0": "layer 2"}))
