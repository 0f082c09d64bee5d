"""The bundled networks: checkpoints that fit their cards, and clear refusals."""

import hashlib
import json
import os
import shutil

import pytest
import torch
from safetensors.torch import load_file, save

from nlviz import analyse, capture_maps, load_model
from nlviz.blocks import BLOCKS, Block
from nlviz.models import CHECKPOINTS, MODELS, CheckpointError, list_models, read_card, render_readme
from nlviz.pictures import clip_of, open_picture
from tests.networks import bundled
from tests.pictures.drawn import quarters


@pytest.fixture
def folder(tmp_path):
    """A copy of one network's checkpoint and cards, to be spoiled."""
    for name in ("fashion_embedded_gaussian", "fashion_none"):
        for file in CHECKPOINTS.glob(f"{name}.*"):
            shutil.copy(file, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", MODELS)
def test_every_bundled_checkpoint_is_the_one_on_its_card_and_its_block_was_trained(name):
    model, card = bundled(name), read_card(name)
    assert hashlib.sha256((CHECKPOINTS / f"{name}.safetensors").read_bytes()).hexdigest() == card["sha256"]
    assert not model.training and 0 < card["score"] < 1
    blocks = [m for m in model.modules() if isinstance(m, Block)]
    kinds = MODELS[name].blocks
    assert {type(block) for block in blocks} == {BLOCKS[kind] for kind in kinds}
    for block in blocks:
        x = torch.randn(1, block.in_channels, *getattr(block, "grid", (8,) * block.dimension))
        assert not torch.equal(block(x), x)
        assert all(gamma.abs() > 1e-4 for name, gamma in block.named_parameters() if name == "gamma")


@pytest.mark.parametrize("name", [name for name, spec in MODELS.items() if spec.block and not spec.clips])
def test_every_bundled_network_makes_maps_that_hold_and_a_prediction(name):
    analysis = analyse(bundled(name), open_picture(quarters(300, 200)), 224)
    assert [m.parity.outcome for m in analysis.maps] == ["holds"] * len(analysis.maps)
    assert [call[0].nl_map.block for call in analysis.calls] == MODELS[name].blocks * (2 if "fashion" in name else 1)
    grid = {"fashion_embedded_gaussian": (14, 14), "msrc_rga": (28, 28)}.get(name, (9, 14))
    assert tuple(analysis.maps[0].nl_map.input.shape[2:]) == grid
    if analysis.prediction["kind"] == "classes":
        shares = [p for _, p in analysis.prediction["top"]]
        assert len(shares) == 5 and shares == sorted(shares, reverse=True) and sum(shares) <= 1 + 1e-6
    else:
        assert analysis.prediction["labels"].shape == tuple(4 * side for side in grid)


def test_a_checkpoint_holds_only_what_was_trained():
    for name in MODELS:
        state = load_file(CHECKPOINTS / f"{name}.safetensors")
        assert state.keys() == bundled(name).net.trained_state().keys()
        assert not any(key.startswith("stem.") for key in state)
    assert sum(f.stat().st_size for f in CHECKPOINTS.iterdir()) < 80e6


def test_the_backbone_is_the_untouched_imagenet_network():
    from nlviz.models import backbone
    net, model = backbone.pretrained().eval(), bundled("caltech101_gc")
    x = torch.randn(1, 3, 64, 64)
    stem, _ = backbone.split(net)
    torch.testing.assert_close(model.net.stem(x), stem(x))


def test_the_page_of_cards_is_what_the_cards_say():
    assert (CHECKPOINTS / "README.md").read_text() == render_readme([read_card(name) for name in MODELS])


def test_list_models_has_a_row_for_each_with_both_scores():
    rows = {row["name"]: row for row in list_models()}
    assert rows.keys() == MODELS.keys() | {"dinov2_small"}
    row = rows["msrc_embedded_gaussian"]
    assert row["score_without_block"] == rows["msrc_none"]["score"] and row["grids_at_448"] == [[28, 28]]
    assert row["task"] == "segmentation" and rows["caltech101_none"]["score_without_block"] is None
    for name, spec in MODELS.items():
        if spec.block:
            model = bundled(name)
            picture = open_picture(quarters(64, 64))
            with capture_maps(model.net) as maps, torch.inference_mode():
                model.net(model.preprocess(clip_of([picture.image] * spec.frames) if spec.clips else picture, 448)[0])
            first = [nl_map for nl_map in maps if nl_map.number == 0]  # of each call
            assert [list(nl_map.query_grid) for nl_map in first] == rows[name]["grids_at_448"]
            assert [nl_map.relates for nl_map in first][:len(spec.blocks)] == rows[name]["relates"]


def test_an_unknown_network_names_those_that_exist():
    with pytest.raises(KeyError, match=r"no network is called 'resnet'; there are: caltech101_embedded_gaussian"):
        load_model("resnet")


def test_a_changed_file_is_refused_with_both_hashes(folder):
    path = folder / "fashion_embedded_gaussian.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"has sha256 \w+\.\.\., its card says \w+\.\.\."):
        load_model("fashion_embedded_gaussian", folder)


@pytest.mark.parametrize("content, message", [
    (b"not safetensors at all", "is not a safetensors file"),
    (save({"other.weight": torch.zeros(2)}), "does not fit this network; missing, left over or of another shape: conv_1"),
], ids=["garbage", "other network"])
def test_a_file_of_another_kind_is_refused(folder, content, message):
    (folder / "fashion_embedded_gaussian.safetensors").write_bytes(content)
    card = folder / "fashion_embedded_gaussian.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"sha256": hashlib.sha256(content).hexdigest()}))
    with pytest.raises(CheckpointError, match=message):
        load_model("fashion_embedded_gaussian", folder)


@pytest.mark.parametrize("suffix, message", [("json", "was not trained. Make it with"), ("safetensors", "is missing. Restore")])
def test_a_missing_file_says_what_to_do(folder, suffix, message):
    (folder / f"fashion_embedded_gaussian.{suffix}").unlink()
    with pytest.raises(CheckpointError, match=message):
        load_model("fashion_embedded_gaussian", folder)


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_a_pipe_in_the_place_of_a_file_is_refused_and_never_opened(folder, suffix):
    path = folder / f"fashion_embedded_gaussian.{suffix}"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(CheckpointError, match="not a regular file"):
        load_model("fashion_embedded_gaussian", folder)


@pytest.mark.parametrize("text", ["{", "{}", "[]", "null", '{"sha256": 5, "score": 0.5, "metric": "accuracy", "name": "x"}'])
def test_a_spoiled_card_is_refused(folder, text):
    (folder / "fashion_embedded_gaussian.json").write_text(text)
    with pytest.raises(CheckpointError, match="is not a card"):
        load_model("fashion_embedded_gaussian", folder)


def card(name, scores):
    return {"name": name, "block": None if name.endswith("none") else name.split("_", 1)[1], "data": "msrc", "task": "segmentation",
            "metric": "pixel accuracy", "score": scores[0], "scores": scores, "parameters": 1234567, "multiply_adds": 12_340_000,
            "epochs": 30, "minutes": 1.5, "device": "cpu", "command": "train", "sha256": "0" * 64}


def test_the_page_of_cards_gives_cost_spread_and_the_score_without_a_block():
    text = render_readme([card("msrc_gc", [0.9, 0.88, 0.89]), card("msrc_se", [0.84]), card("msrc_none", [0.83, 0.84, 0.85])])
    assert "| msrc_gc | gc | 1,234,567 | 12.3 M | 90.0% | 89.0 ± 1.0 % | 84.0 ± 1.0 % |" in text
    assert "| 84.0% | 84.0%, one seed |" in text


@pytest.mark.parametrize("scores, verdict", [
    ([0.90, 0.91, 0.92], "clearly better than without: gc"), ([0.70, 0.71, 0.72], "clearly worse than without: gc"),
    ([0.83, 0.85, 0.87], "not to be told from without: gc"), ([0.99], "trained from one seed only, so nothing can be said: gc")])
def test_the_page_of_cards_says_what_its_table_shows(scores, verdict):
    assert verdict in render_readme([card("msrc_gc", scores), card("msrc_none", [0.83, 0.84, 0.85])])
