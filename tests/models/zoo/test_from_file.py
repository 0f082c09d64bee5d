"""A network from its file alone: what it is, what is asked, what is left out, missing, untrained or unknown."""

import json

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from nlviz.analysis import analyse
from nlviz.cli import main
from nlviz.models import ARCHES, CheckpointError, ModelError, Unanswered, check_model, load_model, read_checkpoint, recognise
from nlviz.pictures import open_picture
from tests.models.zoo.rebuilding import ORACLES
from tests.pictures.drawn import quarters

NONLOCAL = ORACLES / "mmseg_nonlocal.safetensors"
ANSWERS = {"mode": "embedded_gaussian", "use_scale": "yes", "output_stride": "8", "normalisation": "imagenet"}
QUERY = "mode=embedded_gaussian&use_scale=yes&output_stride=8&normalisation=imagenet"
FILES = sorted(path for path in ORACLES.glob("mm*_*.[sp]*t*") if "expected" not in path.name and "training" not in path.name)


def changed(path, tmp_path, change):
    """A copy of a file whose tensors were changed."""
    state = load_file(path)
    save_file(change(state) or state, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_official_file_is_recognised_asked_about_and_said_where_it_is_from(path):
    recognised = recognise(read_checkpoint(path), ARCHES)
    assert recognised.arch.name.startswith(path.name.split("_")[0])
    if recognised.questions:
        with pytest.raises(Unanswered) as raised:
            load_model(checkpoint=path)
        assert raised.value.questions == recognised.questions
        for question in recognised.questions:
            assert f"{question.name}={question.usual}" in str(raised.value) and question.usual in question.options
    model = load_model(checkpoint=path, **{question.name: question.usual for question in recognised.questions})
    assert model.card["source"] == f"{recognised.title}, weights of {path.name}" and model.title == path.stem
    again = load_model(model.name)
    assert again.card["sha256"] == model.card["sha256"] and again.name == model.name


def test_a_files_maps_and_prediction_are_shown_like_ours():
    model = load_model(f"file:{NONLOCAL}?{QUERY}")
    shown = analyse(model, quarters(96, 64), 96)
    (placed,) = shown.maps
    found = placed.nl_map.block, placed.nl_map.layer, placed.parity.outcome
    assert found == ("embedded_gaussian", "decode_head.nl_block", "holds")
    assert placed.queries.grid == (8, 12) and shown.prediction["kind"] == "segmentation"
    assert model.classes[0] == "road" and len(model.classes) == 19


@pytest.mark.parametrize("normalisation", ["imagenet", "caffe", "half", "unit"])
def test_pixels_are_prepared_as_the_answer_says(normalisation):
    plain = load_model(checkpoint=NONLOCAL, **ANSWERS)
    model = load_model(checkpoint=NONLOCAL, **ANSWERS | {"normalisation": normalisation})
    x, _ = model.preprocess(open_picture(quarters(96, 64)), 96)
    pixels = np.asarray(quarters(96, 64).convert("RGB"), dtype=np.float32).transpose(2, 0, 1)[None]
    official = {"imagenet": (pixels - [[[123.675]], [[116.28]], [[103.53]]]) / [[[58.395]], [[57.12]], [[57.375]]],
                "caffe": (pixels - [[[123.675]], [[116.28]], [[103.53]]])[:, ::-1].copy(),
                "half": pixels / 127.5 - 1, "unit": pixels / 255}[normalisation]
    with torch.inference_mode():
        expected = plain.net(torch.from_numpy(official).float())
        torch.testing.assert_close(model.net(x), expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


@pytest.mark.parametrize("text, words", [
    (f"file:{NONLOCAL}", "Its weights cannot tell:\n  mode: "),
    (f"file:{NONLOCAL}?mode=dot_product", "use_scale"),
    (f"file:{NONLOCAL}?mode=cubic", "mode must be one of embedded_gaussian, dot_product; got 'cubic'"),
    (f"file:{NONLOCAL}?{QUERY}&colour=red", "asks for no 'colour'; it asks for mode, use_scale"),
    (f"file:{NONLOCAL}?mode", "expected question=answer"),
    (f"file:{NONLOCAL}?mode=dot_product&mode=dot_product", "expected question=answer"),
    (f"file:{NONLOCAL}?{QUERY}&arch=mmseg_nothing", "there is no kind of checkpoint called 'mmseg_nothing'; expected one of"),
    (f"file:{NONLOCAL}?{QUERY}&classes=sky|road", "tells 19 classes apart; 2 names were given"),
    ("file:nowhere.pth", "there is no file nowhere.pth in /"), ("file:", "expected file:CHECKPOINT"),
])
def test_what_cannot_be_is_refused_in_words(text, words):
    with pytest.raises(ModelError) as raised:
        load_model(text)
    assert words in str(raised.value)


def test_classes_are_named_by_their_number_or_as_given():
    names = "|".join(f"thing {number}" for number in range(19))
    assert load_model(checkpoint=NONLOCAL, classes=names, **ANSWERS).classes == names.split("|")


@pytest.mark.parametrize("meta", [
    {"CLASSES": tuple("abcdefghijklmnopqrs")}, {"dataset_meta": {"classes": list("abcdefghijklmnopqrs")}}])
def test_classes_are_called_as_the_file_calls_them(tmp_path, meta):
    torch.save({"meta": meta, "state_dict": load_file(NONLOCAL)}, tmp_path / "net.pth")
    assert load_model(checkpoint=tmp_path / "net.pth", **ANSWERS).classes == list("abcdefghijklmnopqrs")


def test_an_answer_stands_in_the_recipe_and_on_the_command_line(tmp_path, capsys):
    quarters(96, 64).save(tmp_path / "photo.png")
    text = f"file:{NONLOCAL}?{QUERY}"
    options = ["--query", "0.3,0.4", "--resolution", "224", "--dpi", "60"]
    assert main(["render", str(tmp_path / "photo.png"), "--model", text, *options, "--out", str(tmp_path / "a.png")]) in (0, None)
    assert main(["render", "--recipe", str(tmp_path / "a.png"), "--out", str(tmp_path / "b.png")]) in (0, None)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    unanswered = ["--model", f"file:{NONLOCAL}", "--out", str(tmp_path / "c.png")]
    assert main(["render", str(tmp_path / "photo.png"), *unanswered, *options]) == 2
    assert f"Answer with 'file:{NONLOCAL}?{QUERY}'" in capsys.readouterr().err and not (tmp_path / "c.png").exists()


def test_what_is_missing_or_of_another_shape_is_named_and_its_map_called_random(tmp_path):
    def change(state):
        del state["decode_head.nl_block.phi.conv.weight"]
        state["decode_head.conv_seg.bias"] = torch.zeros(3)

    notes = load_model(checkpoint=changed(NONLOCAL, tmp_path, change), **ANSWERS).card["notes"]
    assert any("lacks 1 of" in note and "decode_head.nl_block" in note for note in notes)
    assert any("of another shape" in note and "conv_seg.bias (3,) instead of (19,)" in note for note in notes)
    assert "The map of decode_head.nl_block is random: its weights are not in net.safetensors" in notes


def test_a_block_whose_last_weights_are_zero_is_called_untrained(tmp_path):
    def change(state):
        for name in [name for name in state if "nl_block.conv_out" in name]:
            state[name].zero_()

    notes = load_model(checkpoint=changed(NONLOCAL, tmp_path, change), **ANSWERS).card["notes"]
    assert next(note for note in notes if "untrained" in note).startswith("decode_head.nl_block is untrained")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model."])
def test_precision_and_prefixes_are_no_matter(tmp_path, dtype, prefix):
    def change(state):
        return {prefix + name: weights.to(dtype) if weights.is_floating_point() else weights for name, weights in state.items()}

    model = load_model(checkpoint=changed(NONLOCAL, tmp_path, change), **ANSWERS)
    assert all(weights.dtype == torch.float32 for weights in model.net.parameters()) and not model.card["notes"][0].count("lacks")


@pytest.mark.parametrize("more", [
    lambda state: {f"model.{name}": w for name, w in state.items()} | {"criterion.weight": torch.ones(19)},
    lambda state: {f"module.{name}": w for name, w in state.items()} | {"n_averaged": torch.ones(1)},
    lambda state: {f"{part}.{name}": w * scale for part, scale in (("student", 0), ("teacher", 1)) for name, w in state.items()},
    lambda state: {f"segmentor.{name}": w for name, w in state.items()}])
def test_the_network_is_found_beside_others(tmp_path, more):
    model = load_model(checkpoint=changed(NONLOCAL, tmp_path, more), **ANSWERS)
    plain = load_model(checkpoint=NONLOCAL, **ANSWERS)
    assert model.card["sha256"] == plain.card["sha256"]
    part = next(iter(more({"x": torch.ones(1)}))).partition(".")[0].replace("student", "teacher")
    outside = [note for note in model.card["notes"] if f"all outside of {part}. (" in note]
    assert bool(outside) == (part != "segmentor")


def test_answers_may_be_pythons_own(tmp_path):
    told = ANSWERS | {"use_scale": True, "output_stride": 8, "classes": [f"thing {number}" for number in range(19)]}
    model = load_model(checkpoint=NONLOCAL, **told)
    assert model.classes[18] == "thing 18" and "use_scale=yes" in model.name
    with pytest.raises(TypeError, match="mode: answers belong to checkpoint=FILE"):
        load_model(f"file:{NONLOCAL}", mode="dot_product")


def test_how_to_answer_is_right_also_for_a_name_with_a_question_mark(tmp_path):
    path = tmp_path / "what is=it?.safetensors"
    path.write_bytes(NONLOCAL.read_bytes())
    with pytest.raises(Unanswered) as raised:
        load_model(f"file:{path}")
    text = str(raised.value).partition("Answer with '")[2].partition("'")[0]
    assert load_model(text).card["source"].endswith("what is=it?.safetensors")


@pytest.mark.parametrize("answer, words", [
    ("output_stride=4", "output_stride must be one of 8, 16; got '4'"),
    ("output_stride=1e3", "output_stride must be one of 8, 16; got '1e3'"),
])
def test_only_what_is_offered_is_an_answer(answer, words):
    with pytest.raises(CheckpointError, match=words):
        load_model(f"file:{NONLOCAL}?mode=dot_product&use_scale=no&normalisation=unit&{answer}")


def test_a_temperature_may_be_any_positive_number():
    dnl = ORACLES / "mmseg_dnlnet.safetensors"
    told = {"use_scale": "yes", "output_stride": "8", "normalisation": "imagenet"}
    assert load_model(checkpoint=dnl, temperature=0.00001, **told)
    for wrong in ("0", "-1", "inf", "nan", "warm"):
        with pytest.raises(CheckpointError, match=r"temperature must be one of 0\.05, 1, or a positive number"):
            load_model(checkpoint=dnl, temperature=wrong, **told)


@pytest.mark.parametrize("zero", ["conv_out.bn.weight", "conv_out.conv.weight"])
def test_last_weights_of_zero_are_untrained_whatever_is_added_behind_them(tmp_path, zero):
    def change(state):
        state[f"decode_head.nl_block.{zero}"].zero_()

    notes = load_model(checkpoint=changed(NONLOCAL, tmp_path, change), **ANSWERS).card["notes"]
    assert any(note.startswith("decode_head.nl_block is untrained") for note in notes)
    assert not any("untrained" in note for note in load_model(checkpoint=NONLOCAL, **ANSWERS).card["notes"])


def test_one_channel_tells_no_classes(tmp_path):
    def change(state):
        for name in ("weight", "bias"):
            state[f"decode_head.conv_seg.{name}"] = state[f"decode_head.conv_seg.{name}"][:1].clone()

    model = load_model(checkpoint=changed(NONLOCAL, tmp_path, change), **ANSWERS)
    assert model.task is model.classes is None and any("one output channel" in note for note in model.card["notes"])


def test_shards_and_one_file_are_the_same_network(tmp_path):
    state = load_file(NONLOCAL)
    half = len(state) // 2
    for number, names in enumerate((list(state)[:half], list(state)[half:])):
        save_file({name: state[name] for name in names}, tmp_path / f"{number}.safetensors")
    index = tmp_path / "net.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {name: f"{int(at >= half)}.safetensors" for at, name in enumerate(state)}}))
    one, other = (load_model(checkpoint=path, **ANSWERS) for path in (NONLOCAL, index))
    assert one.card["sha256"] == other.card["sha256"]


@pytest.mark.parametrize("prefix", ["", "backbone.", "module.backbone.", "net."])
def test_a_librarys_network_is_found_whatever_holds_it(tmp_path, prefix):
    torch.manual_seed(0)
    net = timm.create_model("vit_tiny_patch16_224")
    torch.save({"teacher": {prefix + name: weights for name, weights in net.state_dict().items()}}, tmp_path / "vit.pth")
    model = load_model(checkpoint=tmp_path / "vit.pth", arch="timm:vit_tiny_patch16_224")
    assert all(torch.equal(weights, net.state_dict()[name]) for name, weights in model.net.state_dict().items())


def test_a_file_of_which_nothing_fits_is_refused():
    with pytest.raises(CheckpointError, match=r"nothing in mmseg_nonlocal\.safetensors fits vit_tiny_patch16_224"):
        load_model(checkpoint=NONLOCAL, arch="timm:vit_tiny_patch16_224")


def test_what_is_left_out_is_listed(tmp_path):
    torch.save({"state_dict": load_file(NONLOCAL), "optimizer": {"lr": 1.0}, "epoch": 3}, tmp_path / "net.pth")
    notes = load_model(checkpoint=tmp_path / "net.pth", **ANSWERS).card["notes"]
    (left,) = [note for note in notes if "are left out" in note]
    assert "auxiliary head" in left and "optimizer" in left and "epoch" in left


def test_an_unknown_file_is_refused_with_the_nearest_kinds(tmp_path):
    def change(state):
        return {name: weights for name, weights in state.items() if "nl_block" not in name}

    with pytest.raises(CheckpointError, match=r"is of no kind of network that nlviz knows.*The nearest: .*mmsegmentation"):
        load_model(checkpoint=changed(NONLOCAL, tmp_path, change), **ANSWERS)


def test_no_number_and_integers_in_place_of_weights_are_refused(tmp_path):
    for wrong in (torch.full((19,), torch.nan), torch.ones(19, dtype=torch.int64)):
        def change(state, wrong=wrong):
            state["decode_head.conv_seg.bias"] = wrong

        with pytest.raises(CheckpointError, match=r"conv_seg\.bias"):
            load_model(checkpoint=changed(NONLOCAL, tmp_path, change), **ANSWERS)


def test_a_file_is_checked_before_anything_is_loaded():
    check_model(f"file:{NONLOCAL}?{QUERY}")
    with pytest.raises(ModelError, match="there is no file"):
        check_model("file:nowhere.pth?mode=dot_product")
    with pytest.raises(TypeError):
        load_model("msrc_gc", checkpoint=NONLOCAL)
