"""A folder of snapshots in the page: a network in training, its steps on a slider, its numbers as curves."""

import pytest
import torch

from nlviz.analysis import analyse
from nlviz.cli import main
from nlviz.measures import measure
from nlviz.snapshots import NAME, CannotRead, SnapshotFolder, Snapshots
from nlviz.ui import launch, showing, wiring
from nlviz.ui.offered import in_training
from nlviz.ui.store import Store
from nlviz.viewer import make_panel
from tests.networks import network
from tests.pictures.drawn import quarters
from tests.transformers import transformer

SETTINGS = {"colours": "viridis", "scale": "shared", "view": "cells", "opacity": 0.6, "veil": "even", "backdrop": "grey",
            "direction": "attends to", "term": "full", "token": ""}
STEPS = [0, 10, 20, 26]  # the last is the network after the last update


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    to, net = tmp_path_factory.mktemp("training"), network()
    with Snapshots(net, quarters(96, 64), every=10, to=to, resolution=96) as snapshots:
        for step in range(26):
            snapshots(step)
            with torch.no_grad():
                for weight in net.parameters():
                    weight.mul_(1.02)
    return to


@pytest.fixture
def shown(folder):
    store = Store(in_training(folder)[0])
    return store, list(showing.show(store, str(folder / "picture.png"), [NAME], 96))[-1]["scene"]


def of_step(step):
    """The analysis of the network as it was then."""
    net = network()
    with torch.no_grad():
        for weight in net.parameters():
            for _ in range(step):
                weight.mul_(1.02)
    return analyse(net, quarters(96, 64), 96)


def test_the_page_shows_the_last_step_and_each_other_from_its_file(shown):
    store, scene = shown
    panel, = scene["panels"]
    assert panel["snapshots"]["epochs"] == STEPS and panel["snapshots"]["chosen"] == 3 and panel["snapshots"]["unit"] == "step"
    for at, step in enumerate(STEPS):
        got = wiring.snapshot(store, {"key": scene["key"], "panel": f"{NAME}/0", "epoch": step})["panel"]
        own = make_panel(of_step(step), NAME, 0)
        assert got["maps"] == own["maps"] and got["snapshots"]["chosen"] == at and got["subtitle"] == f"step {step}"
        assert got["parity"] == own["parity"]


def test_curves_are_the_maps_own_numbers_at_every_step(shown):
    curves = shown[1]["panels"][0]["snapshots"]["curves"]
    for at, step in enumerate(STEPS):
        found = measure(of_step(step).maps[0].nl_map)
        share = found.values["jsd_att_nats"] / found.shuffled["jsd_att_nats"]
        assert [curves[name][at] for name in ("share", "entropy_share", "added_share")] == pytest.approx(
            [share, found.entropy_share, found.added_share])


def test_numbers_and_figures_are_those_of_the_step_on_screen(shown):
    store, scene = shown
    wiring.snapshot(store, {"key": scene["key"], "panel": f"{NAME}/0", "epoch": 10})
    of = {"key": scene["key"], "snapshots": {NAME: 10}}
    numbers = wiring.depends(store, of | {"panel": f"{NAME}/0", "map": "", "step": "attention"})["numbers"]
    assert numbers[3]["value"] == pytest.approx(measure(of_step(10).maps[0].nl_map).values["jsd_att_nats"], abs=1e-9)
    answer = wiring.export(store, of | {"format": "png", "queries": [[0.2, 0.3]], "settings": SETTINGS, "parts": {f"{NAME}/0": ""}})
    assert "data" in answer, answer


def test_another_photo_says_whose_maps_there_are(shown, tmp_path):
    quarters(64, 64).save(tmp_path / "other.png")
    answer = list(showing.show(shown[0], str(tmp_path / "other.png"), [NAME], 96))[-1]
    assert answer["error"] and "the snapshots hold the maps of picture alone. Reload the page" in answer["message"]


def test_layers_and_heads_are_those_of_the_shown_layer(tmp_path):
    with Snapshots(transformer(), quarters(96, 64), to=tmp_path, resolution=96) as snapshots:
        snapshots(0), snapshots(1)
    store = Store(in_training(tmp_path)[0])
    panel, = list(showing.show(store, str(tmp_path / "picture.png"), [NAME], 96))[-1]["scene"]["panels"]
    assert panel["stack"]["layers"] == [{"number": 4, "name": "blocks.3.attn", "heads": 3}] and panel["layers"][0]["number"] == 4
    assert len(panel["snapshots"]["curves"]["share"]) == 2 and panel["snapshots"]["curves"]["added_share"] == [None, None]


def test_the_steps_of_a_training_can_be_subtracted(folder, shown):
    store, _ = shown
    name = f"{NAME} minus {NAME}@0"
    scene = list(showing.show(store, str(folder / "picture.png"), [NAME, name], 96))[-1]["scene"]
    assert [panel["title"] for panel in scene["panels"]] == ["Sequential, in training", "Sequential, in training − its step 0"]
    assert scene["panels"][1]["maps"][0]["rows"] == "difference" and scene["panels"][1]["snapshots"] is None
    listed, = in_training(folder)[1]["In training"]
    assert listed.epochs == STEPS[:-1] and listed.unit == "step"
    of = {"key": scene["key"]}
    numbers = wiring.depends(store, of | {"panel": f"{name}/0", "map": "", "step": "attention"})["numbers"]
    assert numbers[3]["value"] is None and numbers[3]["reason"] == "differences are no distribution"
    answer = wiring.export(store, of | {"format": "png", "queries": [[0.2, 0.3]], "settings": SETTINGS, "parts": {f"{NAME}/0": ""}})
    assert "data" in answer, answer
    told = wiring.what_if(store, of | {"network": name, "how": "mean row"})
    assert told["reason"] == "a difference of two networks has maps and no output"
    told = wiring.what_if(store, of | {"network": NAME, "how": "mean row"})  # the page doesn't ask
    assert told["reason"].startswith("of a network in training there are maps here and no output")
    assert [panel["runs"] for panel in scene["panels"]] == [False, False]


def test_the_page_begins_with_the_snapshots_beside_the_bundled_networks(folder):
    app, *_ = launch(snapshots=folder, prevent_thread_lock=True, quiet=True)
    page = app.get_blocks()
    try:
        values = {block.elem_id: block.value for block in page.blocks.values()
                  if getattr(block, "elem_id", None) in ("networks", "resolution", "study-networks")}
        assert values["networks"] == [NAME] and values["resolution"] == 96 and values["study-networks"] == []
    finally:
        page.close()


def test_a_folder_without_snapshots_is_an_error_in_words(tmp_path, capsys):
    with pytest.raises(CannotRead, match="holds no snapshots"):
        in_training(tmp_path)
    assert main(["serve", "--snapshots", str(tmp_path)]) == 2
    assert "holds no snapshots: nlviz.Snapshots(model, picture, to=FOLDER) makes them" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"no picture"])
def test_a_folder_whose_picture_is_missing_or_broken_is_named(content, tmp_path, capsys):
    Snapshots(network(), quarters(64, 64), to=tmp_path, resolution=64)()
    (tmp_path / "picture.png").unlink()
    if content:
        (tmp_path / "picture.png").write_bytes(content)
    assert main(["serve", "--snapshots", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"{tmp_path} holds snapshots without the picture that they are of: picture.png" in said
    assert "Put that picture there as picture.png, or take the snapshots anew in another folder" in said


def test_the_picture_is_called_as_it_was_whenever_it_is_shown(folder):
    store = Store(in_training(folder)[0])
    scenes = [list(showing.show(store, str(folder / "picture.png"), [NAME], 96))[-1]["scene"] for _ in range(2)]
    assert [(scene["key"]["name"], scene["picture"]["name"]) for scene in scenes] == 2 * [("picture", "picture")]


def test_steps_are_read_in_order_whatever_else_lies_there(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "step_x.safetensors").write_bytes(b"")
    assert SnapshotFolder(tmp_path).steps == STEPS
