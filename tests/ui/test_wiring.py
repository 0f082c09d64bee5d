"""What the server answers to each event of the page, without a browser."""

import base64
import io
import json

import pytest
import torch
from PIL import Image

from nlviz.analysis import as_model
from nlviz.blocks import BLOCKS
from nlviz.figures import figure_bytes, queries_by_networks
from nlviz.maps import cells
from nlviz.measures import NAMES, fresh_block, fresh_map, measure
from nlviz.models import CheckpointError, Model
from nlviz.pictures import Preprocess, open_picture
from nlviz.recipes import Recipe, recipe_in
from nlviz.ui import showing, wiring
from nlviz.ui.store import Store
from nlviz.viewer.scene import class_colour, source_of_weights
from tests.networks import network
from tests.pictures.drawn import quarters

SETTINGS = {"colours": "viridis", "scale": "shared", "view": "cells", "opacity": 0.6, "veil": "even",
            "backdrop": "grey", "direction": "attends to", "term": "full"}


def broken():
    raise CheckpointError("mine.safetensors has sha256 aaaa..., its card says bbbb...")


class Raising(torch.nn.Sequential):
    """A user's network whose forward pass fails."""

    def __init__(self):
        super().__init__(*network())

    def forward(self, x):
        raise RuntimeError("mat1 and mat2")


@pytest.fixture
def store():
    loaders = {name: lambda name=name: as_model(network(name), name=name) for name in ("embedded_gaussian", "dot_product", "gc")}
    return Store(loaders | {"broken": broken, "raising": lambda: as_model(Raising())})


@pytest.fixture
def photo(tmp_path):
    quarters(192, 112).save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


def pixels(png):
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return image.size, image.tobytes()


def last(answers):
    return list(answers)[-1]


def floats(text):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32)


def of(sent, part, *shape):
    return floats(sent[part]).view(*shape)


def dense_of(panel, number):
    """The whole map that the viewer is told of, from nothing but the message."""
    nl_map, sent = panel["maps"][number], panel["maps"][number]["weights"]
    queries, keys = cells(tuple(nl_map["query_grid"])), cells(tuple(nl_map["key_grid"]))
    if sent["kind"] == "product":
        return torch.linalg.multi_dot([dense_of(panel, part) for part in sent["of"]])
    if sent["kind"] == "sum":
        return sum(dense_of(panel, part) for part in sent["of"])
    if sent["kind"] == "dense":
        return of(sent, "data", -1, keys)
    if sent["kind"] == "cross":
        (height, width), found = nl_map["key_grid"], torch.zeros(queries, keys)
        for query, row in enumerate(of(sent, "data", queries, height + width)):
            found[query].view(height, width)[:, query % width] += row[:height]
            found[query].view(height, width)[query // width] += row[height:]
        return found
    q, k = (of(sent, part, -1, sent["channels"]) for part in "qk")
    if sent["kind"] == "relu_sum":
        return (q + k.T).relu()
    logits = q @ k.T
    if sent["kind"] == "dot":
        return logits
    if "cells" in sent:
        logits = logits.where(floats(sent["cells"])[:, None] == floats(sent["cells"]), -torch.inf)
    torch.testing.assert_close(logits.logsumexp(1), floats(sent["log_sum"]))
    return logits.softmax(1)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_scene_is_plain_json_from_which_every_map_follows(name, photo):
    store = Store({name: lambda: as_model(network(name), name=name)})
    answers = list(showing.show(store, photo, [name], 192))
    assert [a.get("busy") for a in answers] == ["Running network 1 of 1", None]
    scene = json.loads(json.dumps(answers[-1]["scene"]))
    analysis = store.find(scene["key"]["picture"], "photo.png", name, 192)
    (panel,), call = scene["panels"], analysis.calls[0]
    assert panel["title"] == name and [m["name"] for m in panel["maps"]] == [m.nl_map.part for m in call]
    for number, placed in enumerate(call):
        nl_map, sent = placed.nl_map, panel["maps"][number]
        assert (sent["relates"], sent["rows"]) == (nl_map.relates, nl_map.rows)
        used = nl_map.weights[0].view(-1, cells(nl_map.key_grid))
        torch.testing.assert_close(dense_of(panel, number), used, rtol=1e-4, atol=1e-6)
        if nl_map.relates == "positions":
            torch.testing.assert_close(floats(sent["terms"]["mean_row"]), nl_map.weights[0].mean(0))


@pytest.mark.parametrize("name", ["embedded_gaussian", "gaussian", "pam", "pyramid_oc", "asp_oc"])
def test_the_terms_of_a_softmax_follow_from_the_message(name, photo):
    store = Store({name: lambda: as_model(network(name), name=name)})
    scene = last(showing.show(store, photo, [name], 192))["scene"]
    for sent, placed in zip(scene["panels"][0]["maps"], store.find(scene["key"]["picture"], "", name, 192).maps):
        weights, terms = sent["weights"], sent["terms"]
        q, k = (of(weights, part, -1, weights["channels"]) for part in "qk")
        number = floats(weights["cells"]).long() if "cells" in weights else torch.zeros(len(q), dtype=torch.long)
        mean = of(terms, "q_mean", -1, weights["channels"])[number]
        log_sums = {"pairwise only": floats(terms["pairwise_log_sum"]), "unary only": floats(terms["unary_log_sum"])[number]}
        for term, vectors in {"pairwise only": q - mean, "unary only": mean}.items():
            found = (vectors @ k.T - log_sums[term][:, None]).exp()
            if "cells" in weights:
                found = found.where(number[:, None] == number, 0)
            torch.testing.assert_close(found, placed.nl_map.term(term).lazy.dense()[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("channels, words", [(1, "40 × 20 grey pixels in a 40 × 40 input"),
                                             (3, "40 × 20 pixels in a 40 × 40 input")])
def test_a_letterboxed_photo_is_called_grey_only_where_it_is(tmp_path, channels, words):
    quarters(160, 80).save(tmp_path / "photo.png")
    net = torch.nn.Sequential(torch.nn.Conv2d(channels, 3, 8, stride=8), BLOCKS["gc"](3))
    store = Store({"mine": lambda: as_model(net, Preprocess(stride=8, channels=channels, fixed=(40, 40)), "mine")})
    (panel,) = last(showing.show(store, str(tmp_path / "photo.png"), ["mine"], 224))["scene"]["panels"]
    assert words in panel["notes"][0]


def test_feature_maps_of_channels_are_sent_where_a_map_relates_channels(photo):
    for name in ("cam", "se", "gc", "pam"):
        store = Store({name: lambda name=name: as_model(network(name), name=name)})
        scene = last(showing.show(store, photo, [name], 192))["scene"]
        sent, x = scene["panels"][0]["features"], store.find(scene["key"]["picture"], "", name, 192).maps[0].nl_map.input[0]
        if name == "pam":
            assert sent is None
            continue
        assert (sent["count"], sent["grid"]) == (3, [7, 12])
        low, high = floats(sent["low"]), floats(sent["high"])
        steps = torch.frombuffer(bytearray(base64.b64decode(sent["data"])), dtype=torch.uint8).view(3, 7, 12)
        found = low.view(3, 1, 1) + steps / 255 * (high - low).view(3, 1, 1)
        assert ((found - x).abs() <= (high - low).view(3, 1, 1) / 509).all()


@pytest.mark.parametrize("name, message", [
    ("resnet", "no network is called 'resnet'; there are: embedded_gaussian, dot_product, gc, broken, raising"),
    ("broken", "mine.safetensors has sha256 aaaa..., its card says bbbb..."),
    ("raising", "Raising: its forward pass failed on an input of 448 × 256 pixels (RuntimeError: mat1 and mat2)"),
])
def test_a_network_that_cannot_be_used_is_a_message_and_the_others_are_shown(store, photo, name, message):
    assert last(showing.show(store, photo, [name], 448)) == {"message": message, "error": True}
    answer = last(showing.show(store, photo, ["gc", name, "dot_product"], 448))
    assert answer["message"] == message and answer["error"]
    assert [panel["id"] for panel in answer["scene"]["panels"]] == ["gc/0", "dot_product/0"]


def test_a_photo_that_cannot_be_used_is_a_message_without_a_scene(store, tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    answer = last(showing.show(store, str(tmp_path / "empty.png"), ["gc"], 448))
    assert answer == {"message": "empty.png: the file is empty (0 bytes). Choose another picture.", "error": True}


def test_no_photo_and_no_network_are_invitations(store, photo):
    assert last(showing.show(store, None, ["gc"], 448)) == {"message": "Choose a photo or a clip: drop one, paste one, use the "
                                                           "camera or take an example."}
    assert last(showing.show(store, photo, [], 448)) == {"message": "Choose at least one network."}


def test_an_export_is_the_figure_of_what_was_shown(store, photo):
    key = last(showing.show(store, photo, ["gc"], 448))["scene"]["key"]
    answer = wiring.export(store, {"key": key, "format": "png", "queries": [[0.2, 0.3]], "settings": SETTINGS, "parts": {}})
    assert answer["name"] == "nlviz_photo.png" and base64.b64decode(answer["data"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("change", [{}, {"colours": "inferno"}, {"scale": "per panel"}, {"view": "smooth"}, {"opacity": 0.2},
                                    {"scale": "times uniform", "veil": "rising"}, {"veil": "rising"}, {"backdrop": "colour"},
                                    {"direction": "attended by"},
                                    {"term": "row minus the mean row"}], ids=str)
def test_an_export_has_the_settings_of_the_screen(store, photo, change):
    names, settings = ["embedded_gaussian", "gc"], SETTINGS | change
    key = last(showing.show(store, photo, names, 448))["scene"]["key"]
    answer = wiring.export(store, {"key": key, "format": "png", "queries": [[0.2, 0.3], [0.9, 0.9]], "settings": settings,
                                   "parts": {}})
    analyses = [store.find(key["picture"], "photo.png", name, 448) for name in names]
    figure = queries_by_networks(analyses, [(0.2, 0.3), (0.9, 0.9)], colour_map=settings["colours"], scale=settings["scale"],
                                 smooth=settings["view"] == "smooth", opacity=settings["opacity"], direction=settings["direction"],
                                 term=settings["term"], veil=settings["veil"], backdrop=settings["backdrop"])
    assert pixels(base64.b64decode(answer["data"])) == pixels(figure_bytes(figure, "png"))
    recipe = Recipe.from_json(recipe_in(base64.b64decode(answer["data"])))
    assert recipe.settings == settings | {"token": "", "arrows": 20} and recipe.queries == ((0.2, 0.3), (0.9, 0.9))
    assert recipe.picture["sha256"] == key["picture"]


@pytest.mark.parametrize("change, message", [
    ({"format": "exe"}, "png or pdf"), ({"queries": []}, "1 to 8 queries"), ({"queries": [[2, 0]]}, "0 to 1"), ({"queries": 3}, ""),
    ({"settings": {}}, ""), ({"settings": SETTINGS | {"colours": "jet"}}, "unknown colour map 'jet'"), ({"key": None}, ""),
    ({"key": {"picture": "0" * 64, "name": "x", "networks": ["gc"], "resolution": 448}}, "no longer keeps this photo"),
])
def test_an_impossible_export_is_an_error_in_words(store, photo, change, message):
    key = last(showing.show(store, photo, ["gc"], 448))["scene"]["key"]
    answer = wiring.export(store, {"key": key, "format": "png", "queries": [[0.5, 0.5]], "settings": SETTINGS,
                                   "parts": {}} | change)
    assert set(answer) == {"error"} and message in answer["error"]


def test_the_source_of_weights_stands_beside_the_score_without_the_block():
    card = {"data": "msrc", "metric": "pixel accuracy", "score": 0.8912, "score_without_block": 0.8349}
    assert source_of_weights(card) == "msrc · trained, pixel accuracy 89.1% (without the block 83.5%)"
    assert source_of_weights({}) == "weights as given"


def test_class_colours_differ():
    assert len({class_colour(i) for i in range(23)}) == 23


# ---------------------------------------------------------------------------------------------------- does it depend on the query?

def asked(store, photo, name, **request):
    key = last(showing.show(store, photo, [name], 448))["scene"]["key"]
    return wiring.depends(store, {"key": key, "panel": f"{name}/0", "map": "", "step": "attention", "snapshots": {}} | request)


def test_the_numbers_of_a_map_are_those_of_its_rows_and_its_picture_has_one_for_each_query(store, photo):
    answer = asked(store, photo, "embedded_gaussian")
    placed = store.find(open_picture(photo).sha256, "photo.png", "embedded_gaussian", 448).maps[0]
    found = measure(placed.nl_map)
    assert [number["name"] for number in answer["numbers"]] == list(NAMES)
    assert {n["name"]: (n["value"], n["shuffled"], n["reason"]) for n in answer["numbers"]} == {
        name: (found.values[name], found.shuffled[name], "") for name in NAMES}
    assert answer["sentence"] == found.sentence and answer["note"] == ""
    divergences = floats(answer["picture"]["data"])
    assert list(answer["picture"]["grid"]) == list(placed.queries.grid) and len(divergences) == cells(placed.queries.grid)
    assert divergences.mean().item() == pytest.approx(found.values["jsd_att_nats"], abs=1e-6)
    json.dumps(answer)


def test_fresh_weights_are_measured_on_the_same_input(store, photo):
    answer = asked(store, photo, "embedded_gaussian", step="fresh")
    analysis = store.find(open_picture(photo).sha256, "photo.png", "embedded_gaussian", 448)
    nl_map = analysis.maps[0].nl_map
    expected = measure(fresh_map(fresh_block(analysis.model.net.get_submodule(nl_map.layer)), nl_map)).values
    assert answer == {"fresh": expected, "note": ""} and {"cosine_output", "cosine_att", "jsd_att_nats"} <= expected.keys()


def test_a_map_without_a_divergence_has_a_reason_instead_of_a_picture(store, photo):
    answer = asked(store, photo, "dot_product")
    assert answer["picture"] is None and "not a distribution" in answer["note"]
    assert answer["numbers"][3]["value"] is None and answer["numbers"][3]["reason"] == answer["note"]


def test_a_global_map_has_a_picture_of_zeros(store, photo):
    answer = asked(store, photo, "gc", map="attention")
    assert not floats(answer["picture"]["data"]).any() and answer["sentence"].startswith("One map for all queries")


@pytest.mark.parametrize("change, message", [
    ({"panel": "embedded_gaussian/7"}, "no number"), ({"panel": 3}, "no number"), ({"map": "zebra"}, "no number"),
    ({"snapshots": {"embedded_gaussian": 3}}, "no longer keeps this photo"), ({"key": {}}, "no number"),
    ({"key": None}, "no number")])
def test_what_cannot_be_measured_is_an_error_in_words(store, photo, change, message):
    assert message in asked(store, photo, "embedded_gaussian", **change)["error"]


CARD = {"data": "msrc", "metric": "pixel accuracy", "score": 0.9, "epochs": 8,
        "snapshots": [{"epoch": epoch, "score": 0.1, "sha256": ""} for epoch in (0, 2)]}


def trained(epoch=None):
    card, net = CARD if epoch is None else CARD | {"epoch": epoch, "score": 0.1}, network("embedded_gaussian")
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_((8 if epoch is None else 1 + epoch) / 8)
    return Model("net" if epoch is None else f"net@{epoch}", net, title="Net", card=card)


@pytest.fixture
def snapshots():
    return Store({"net": trained, "net@0": lambda: trained(0), "net@2": lambda: trained(2)})


def test_a_network_with_snapshots_says_which_and_shows_the_last(snapshots, photo):
    panel, = last(showing.show(snapshots, photo, ["net"], 448))["scene"]["panels"]
    assert panel["snapshots"] == {"epochs": [0, 2, 8], "chosen": 2} and "trained" in panel["subtitle"]


@pytest.mark.parametrize("epoch, at", [(0, 0), (2, 1), (8, 2)])
def test_a_snapshot_is_the_networks_panel_at_that_epoch(snapshots, photo, epoch, at):
    scene = last(showing.show(snapshots, photo, ["net"], 448))["scene"]
    panel = wiring.snapshot(snapshots, {"key": scene["key"], "panel": "net/0", "epoch": epoch})["panel"]
    assert panel["id"] == "net/0" and panel["snapshots"]["chosen"] == at
    assert (f"epoch {epoch} of 8" in panel["subtitle"]) == (epoch < 8)
    assert (panel["maps"] == scene["panels"][0]["maps"]) == (epoch == 8)


def test_exports_and_numbers_are_of_the_snapshot_on_screen(snapshots, photo):
    key = last(showing.show(snapshots, photo, ["net"], 448))["scene"]["key"]
    wiring.snapshot(snapshots, {"key": key, "panel": "net/0", "epoch": 2})
    of = {"key": key, "snapshots": {"net": 2}}
    kept = snapshots.find(key["picture"], "photo.png", "net@2", 448)
    numbers = wiring.depends(snapshots, of | {"panel": "net/0", "map": "", "step": "attention"})["numbers"]
    assert numbers[3]["value"] == measure(kept.maps[0].nl_map).values["jsd_att_nats"]
    answer = wiring.export(snapshots, of | {"format": "png", "queries": [[0.2, 0.3]], "settings": SETTINGS, "parts": {"net/0": ""}})
    figure = queries_by_networks([kept], [(0.2, 0.3)], opacity=SETTINGS["opacity"], scale="shared", veil="even")
    assert pixels(base64.b64decode(answer["data"])) == pixels(figure_bytes(figure, "png"))
    assert Recipe.from_json(recipe_in(base64.b64decode(answer["data"]))).networks[0]["name"] == "net@2"


@pytest.mark.parametrize("epoch, message", [(1, "no network is called"), ("x", "no snapshot"), (None, "no snapshot")])
def test_a_snapshot_that_is_not_there_is_an_error_in_words(snapshots, photo, epoch, message):
    key = last(showing.show(snapshots, photo, ["net"], 448))["scene"]["key"]
    assert "error" in wiring.snapshot(snapshots, {"key": key, "panel": "net/0", "epoch": epoch})
