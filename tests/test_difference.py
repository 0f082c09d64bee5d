"""Two networks compared: their maps' signed difference, on the diverging scale."""

from dataclasses import replace

import pytest
import timm
import torch
from matplotlib.text import Text
from safetensors.torch import save_file
from torch import nn

import nlviz
from nlviz import difference
from nlviz.analysis import analyse
from nlviz.cli import main
from nlviz.export import read_recipe
from nlviz.figures import DIVERGING, Style, columns_of, looks_of, scale_of, shared_scales
from nlviz.figures.looks import look_at_channels
from nlviz.measures import dependence_of_layers, measure, measures_of
from nlviz.models import Minus, ModelError, check_model, load_model
from nlviz.snapshots import Snapshots
from nlviz.ui import showing
from nlviz.ui.store import Store
from tests.networks import bundled, network
from tests.pictures.drawn import quarters
from tests.transformers import transformer

PHOTO = quarters(192, 112)


def seen(factor=1.0, name="embedded_gaussian"):
    net = network(name)
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(factor)
    return analyse(net, PHOTO, 192)


def rows_of(placed):
    return placed.nl_map.weights if placed.nl_map.weights is not None else placed.nl_map.lazy.dense()


@pytest.mark.parametrize("name", ["embedded_gaussian", "gc", "se", "cam", "criss_cross", "rga_spatial"])
def test_a_difference_is_one_map_less_the_other_in_every_form(name):
    first, second = seen(1.5, name), seen(1.0, name)
    found = difference(first, second)
    for placed, one, other in zip(found.maps, first.maps, second.maps, strict=True):
        torch.testing.assert_close(rows_of(placed), rows_of(one) - rows_of(other))
        assert placed.nl_map.rows == "difference" and placed.queries == one.queries and placed.keys == one.keys
    assert isinstance(found, nlviz.Shown) and found.model.title == "Sequential − Sequential"
    assert found.maps[0].parity.outcome == "holds" and found.maps[0].parity.text.count("its map gives what the block added") == 2


def test_rows_and_columns_follow_without_the_dense_map():
    first, second = analyse(transformer(), quarters(96, 64), 96), analyse(transformer("other", 4), quarters(96, 64), 96)
    placed = difference(first, second).maps[3]
    assert placed.heatmap(0.3, 0.6).abs().max() == 0  # the same weights
    net = transformer("other")
    net.net.blocks[0].attn.qkv.weight.data *= 0.5
    found, other = difference(first, analyse(net, quarters(96, 64), 96)), analyse(net, quarters(96, 64), 96)
    for at in (0, 2, 9):
        own, one, two = (analysis.maps[at] for analysis in (found, first, other))
        torch.testing.assert_close(own.heatmap(0.3, 0.6), one.heatmap(0.3, 0.6) - two.heatmap(0.3, 0.6))
        torch.testing.assert_close(own.nl_map.column(5), one.nl_map.column(5) - two.nl_map.column(5))


def test_colours_are_diverging_and_zero_is_their_middle():
    found, style = difference(seen(1.5), seen()), Style("viridis", "times uniform", False, 0.8, "attends to", "full")
    look, = looks_of(columns_of([found], "full", {}), [(0.3, 0.4)], style)[0]
    scale = scale_of(look, style, shared_scales([look], style))
    most = look.values.abs().max().item()
    assert (scale.low, scale.high) == (-most, most) and most > 0 and not scale.times
    assert style.colours_of(look.column.kind) == DIVERGING and style.colours_of("distribution") == style.colour_map
    assert found.figure([(0.3, 0.4)]) and found.figure([(0.3, 0.4)], layout="one query")


def test_a_figure_says_what_is_red_on_it():
    texts = [text.get_text() for text in difference(seen(1.5), seen()).figure([(0.3, 0.4)]).findobj(Text)]
    assert any("red where the first is larger" in " ".join(text.split()) for text in texts)


def test_a_difference_has_no_divergence_and_says_why():
    assert measure(difference(seen(1.5), seen()).maps[0].nl_map).reasons["jsd_att_nats"] == "differences are no distribution"


def test_snapshots_of_training_are_compared_too(tmp_path):
    net = network()
    with Snapshots(net, PHOTO, to=tmp_path, resolution=192) as snapshots:
        for _ in range(2):
            snapshots()
            with torch.no_grad():
                net[1].theta.weight.mul_(3)
    folder = snapshots.folder
    found = difference(folder.analysis(2), folder.analysis(0))
    torch.testing.assert_close(found.heatmap((0.2, 0.2)), folder.analysis(2).maps[0].heatmap(0.2, 0.2)
                               - folder.analysis(0).maps[0].heatmap(0.2, 0.2))
    name = "msrc_embedded_gaussian_times_free"
    bundle = difference(analyse(load_model(name), PHOTO, 128), analyse(load_model(f"{name}@0"), PHOTO, 128))
    assert bundle.maps[0].nl_map.row(3).sum().abs() < 1e-5 and bundle.maps[0].nl_map.row(3).abs().max() > 0.01


def test_two_networks_have_one_name_whose_maps_are_the_differences(tmp_path):
    name = "msrc_embedded_gaussian_times_free"
    model = load_model(f"{name} minus {name}@0")
    found, both = analyse(model, PHOTO, 128), [analyse(load_model(one), PHOTO, 128) for one in (name, f"{name}@0")]
    torch.testing.assert_close(rows_of(found.maps[0]), rows_of(both[0].maps[0]) - rows_of(both[1].maps[0]))
    assert model.name == found.model.name == f"{name} minus {name}@0"
    assert model.title == "Non-local, SGD, logits × √C′ − its epoch 0" and model.card["source"] == "a difference"
    photo = tmp_path / "photo.png"
    PHOTO.save(photo)
    made = tmp_path / "made.png"
    difference(*both).save(made, [(0.3, 0.4)], dpi=60)
    assert main(["render", str(photo), "--recipe", str(made), "--out", str(tmp_path / "again.png")]) == 0  # the recipe names it
    ask = ["--model", model.name, "--query", "0.3,0.4", "--resolution", "224", "--dpi", "60"]
    assert main(["render", str(photo), *ask, "--out", str(tmp_path / "named.png")]) == 0
    recipe = read_recipe(tmp_path / "named.png")
    assert [network["name"] for network in recipe.networks] == [model.name] and recipe.networks[0]["sha256"] == model.card["sha256"]


@pytest.mark.parametrize("arguments, message", [
    (["study", "FOLDER", "--out", "report", "--model", "msrc_gc minus msrc_gc"], "a study measures each of them"),
    (["measure", "PHOTO", "--model", "msrc_gc minus msrc_se"], "do not have the same maps"),
    (["measure", "PHOTO", "--model", "msrc_gc minus nobody"], "no network is called 'nobody'"),
    (["measure", "PHOTO", "--model", "msrc_gc minus msrc_gc minus msrc_gc"], "a difference is of two networks, A minus B"),
    (["measure", "PHOTO", "--model", "msrc_gc minus  "], "a difference is of two networks, A minus B")])
def test_what_a_difference_cannot_do_is_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    quarters(64, 64).save(tmp_path / "photos" / "photo.png")
    given = [{"PHOTO": "photos/photo.png", "FOLDER": "photos"}.get(word, word) for word in arguments]
    assert main([*given, "--resolution", "224"]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_the_effects_of_a_difference_are_said_to_be_none_below_the_numbers_of_its_maps(tmp_path, capsys):
    quarters(64, 64).save(tmp_path / "photo.png")
    name = "msrc_gc minus msrc_gc"
    asked = ["--effects", "--model", name, "--model", "msrc_gc", "--resolution", "224"]
    assert main(["measure", str(tmp_path / "photo.png"), *asked]) == 0
    said = capsys.readouterr().out
    assert f"{name}, effects n/a: a difference of two networks has maps and no output" in said
    assert said.startswith("map ") and "msrc_gc with one map for all queries: " in said


class Twice(nn.Module):
    """One block, called twice."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.pool, self.block = nn.AvgPool2d(16), network()[1]
        for weight in self.block.parameters():
            nn.init.normal_(weight)

    def forward(self, x):
        return self.block(self.block(self.pool(x)))


def test_of_a_block_that_is_called_twice_each_call_is_subtracted_from_its_own():
    first, second, again = (analyse(Twice(seed), PHOTO, 192) for seed in (0, 1, 0))
    for placed, one, other in zip(difference(first, second).maps, first.maps, second.maps, strict=True):
        torch.testing.assert_close(rows_of(placed), rows_of(one) - rows_of(other))
    assert all(rows_of(placed).abs().max() == 0 for placed in difference(first, again).maps)
    assert (rows_of(first.maps[0]) - rows_of(first.maps[1])).abs().max() > 1e-3  # its two calls differ


def test_what_has_to_be_said_of_either_map_is_said_of_their_difference():
    first, second = (replace(one, maps=tuple(replace(placed, nl_map=replace(placed.nl_map, notes=notes)) for placed in one.maps))
                     for one, notes in ((seen(1.5), ("both", "the first")), (seen(), ("both", "the second"))))
    assert difference(first, second).maps[0].nl_map.notes == ("both", "the first", "the second")


def test_networks_of_which_one_has_more_maps_are_not_subtracted_whichever_is_first():
    one, two = (analyse(nn.Sequential(*network(), *blocks), PHOTO, 192) for blocks in ((), network()[1:]))
    for first, second in ((one, two), (two, one)):
        with pytest.raises(ModelError, match="do not have the same maps: 1 of 2 have no counterpart"):
            difference(first, second)


def test_a_difference_is_of_networks_and_of_no_difference():
    with pytest.raises(ModelError, match="one of these is a difference"):
        difference(difference(seen(1.5), seen()), seen())


def test_a_file_may_say_minus_in_its_own_name(tmp_path):
    folder = tmp_path / "before minus after"
    folder.mkdir()
    torch.manual_seed(0)
    net = timm.create_model("vit_tiny_patch16_224")
    save_file(net.state_dict(), folder / "a.safetensors")
    name = f"timm:vit_tiny_patch16_224@{folder}/a.safetensors"
    assert load_model(name).name == name and check_model(name) is None
    copied = tmp_path / "a.safetensors"
    copied.write_bytes((folder / "a.safetensors").read_bytes())
    plain = f"timm:vit_tiny_patch16_224@{copied}"
    assert isinstance(load_model(f"{plain} minus {plain}"), Minus)


def test_random_weights_are_said_of_a_difference_too(tmp_path):
    torch.manual_seed(0)
    save_file(timm.create_model("vit_tiny_patch16_224").state_dict(), tmp_path / "a.safetensors")
    model = load_model(f"timm:vit_tiny_patch16_224@{tmp_path}/a.safetensors minus timm:vit_tiny_patch16_224")
    assert model.title == "vit_tiny_patch16_224, a − vit_tiny_patch16_224, random weights"
    found = nlviz.analyse(model, quarters(64, 64), 224)
    assert dependence_of_layers(found)[0]["reason"] == "differences are no distribution"
    assert all(row["note"] == "patches to patches" for row in measures_of(found, maps=found.maps[:2]))
    with pytest.raises(ValueError, match="no head of these networks has a distance or a divergence: differences are no"):
        found.figure([(0.5, 0.5)], layout="distance against layer")


def test_what_cannot_be_compared_is_said():
    with pytest.raises(ValueError, match="the maps are of two pictures"):
        difference(seen(), analyse(network(), quarters(64, 64), 64))
    with pytest.raises(ValueError, match="do not have the same maps: 2 of 2 have no counterpart"):
        difference(seen(), analyse(bundled("msrc_gc"), PHOTO, 192))


def test_a_matrix_of_channels_is_drawn_around_zero_too():
    found = difference(*(analyse(bundled(name), PHOTO, 128) for name in ("msrc_dual", "camvid_dual")))
    style = Style("viridis", "times uniform", False, 0.8, "attends to", "full")
    look = look_at_channels(next(column for column in columns_of([found], "full", {}) if column.form == "matrix"), style)
    assert look.limits[0] == -look.limits[1] < 0 and style.matrix_colours_of(look.column.kind) == DIVERGING


def test_the_page_says_of_networks_that_do_not_match_that_they_do_not(tmp_path):
    PHOTO.save(tmp_path / "photo.png")
    store = Store({"gc": lambda: bundled("msrc_gc"), "se": lambda: bundled("msrc_se")})
    told = list(showing.show(store, str(tmp_path / "photo.png"), ["gc minus se"], 96))[-1]
    assert told["error"] and told["message"].startswith("msrc_gc and msrc_se do not have the same maps: 2 of 2 have no counterpart")
