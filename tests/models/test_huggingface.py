"""Networks of transformers out of a folder, as save_pretrained writes it."""

import json
import os

import pytest
import torch

from nlviz.models import CheckpointError, ModelError, load_model, predict
from nlviz.pictures import open_picture
from tests.pictures.drawn import quarters

transformers = pytest.importorskip("transformers")
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "image_size": 32,
         "patch_size": 8}


@pytest.fixture(autouse=True)
def nobody(alone, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path):
    """A tiny ViT that tells two classes apart, with its image processor."""
    config = transformers.ViTConfig(**SMALL, id2label={0: "cat", 1: "dog"}, label2id={"cat": 0, "dog": 1})
    torch.manual_seed(3)
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path / "tiny")
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def test_a_folder_gives_the_classifier_with_its_processor_and_its_names(folder):
    model = load_model(f"hf:{folder}")
    assert (model.name, model.title, model.task, model.classes) == (f"hf:{folder}", "tiny", "classification", ["cat", "dog"])
    assert (model.card["source"], model.card["notes"]) == ("weights of tiny", [])
    x, frame = model.preprocess(open_picture(quarters(60, 40)))
    assert x.shape == (1, 3, 32, 32) and frame.content == (0, 0, 32, 32) and x.min() == -1 and x.max() == 1
    with torch.inference_mode():
        prediction = predict(model, model(x))
    assert {name for name, _ in prediction["top"]} == {"cat", "dog"} and not model.training
    again = transformers.ViTForImageClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        torch.testing.assert_close(model(x).logits, again(x).logits)


def test_a_relative_folder_and_one_with_an_at_in_its_name(folder, tmp_path):
    folder.rename(tmp_path / "tiny@home")
    assert load_model("hf:tiny@home").title == load_model("hf:./tiny@home").title == "tiny@home"


def test_a_network_without_a_head_has_no_prediction(folder):
    transformers.ViTModel(transformers.ViTConfig(**SMALL), add_pooling_layer=False).save_pretrained(folder)
    model = load_model(f"hf:{folder}")
    with torch.inference_mode():
        assert predict(model, model(torch.zeros(1, 3, 32, 32))) is None


def test_numbered_labels_are_no_names(folder):
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}
    (folder / "config.json").write_text(json.dumps(config))
    assert load_model(f"hf:{folder}").classes is None


def test_what_its_weights_lack_is_named_and_the_network_is_called_random(folder):
    transformers.ViTModel(transformers.ViTConfig(**SMALL), add_pooling_layer=False).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["ViTForImageClassification"]}))
    model = load_model(f"hf:{folder}")
    assert model.card["source"].startswith("weights of tiny, 2 of ") and "random: classifier.bias, classifier.weight" in \
        model.card["source"]
    assert "classifier.weight" in model.card["notes"][0] and model.task is None


def test_a_folder_without_weights_is_random_and_the_same_each_time(folder):
    (folder / "model.safetensors").unlink()
    model, again = load_model(f"hf:{folder}"), load_model(f"hf:{folder}")
    assert model.card["source"] == "random weights" and "has no weights" in model.card["notes"][0] and model.task is None
    assert model.card["sha256"] == again.card["sha256"]


def test_weights_of_a_file_go_over_its_own(folder, tmp_path):
    config = transformers.ViTConfig(**SMALL, id2label={0: "cat", 1: "dog"}, label2id={"cat": 0, "dog": 1})
    other = transformers.ViTForImageClassification(config)
    torch.save(other.state_dict(), tmp_path / "other.pth")
    model = load_model(f"hf:{folder}@other.pth")
    assert model.card["source"] == "weights of other.pth" and model.classes == ["cat", "dog"]
    assert torch.equal(model.net.classifier.weight, other.classifier.weight)


def test_without_an_image_processor_the_usual_one_takes_its_place_and_that_is_said(folder):
    (folder / "preprocessor_config.json").unlink()
    model = load_model(f"hf:{folder}")
    assert "no image processor" in model.card["notes"][0]
    assert model.preprocess(open_picture(quarters(60, 40)))[0].shape == (1, 3, 32, 32)


@pytest.mark.parametrize("name, content, words", [
    ("model.safetensors", b"broken", r"the weights in .*tiny cannot be read"),
    ("config.json", b"{", r"has no configuration that can be read"),
    ("config.json", b'{"model_type": "nothing_known"}', r"has no configuration that can be read"),
    ("config.json", b'{"auto_map": {"AutoConfig": "evil.Config"}}', r"has no configuration that can be read")])
def test_a_broken_folder_is_an_error_and_runs_none_of_its_code(folder, name, content, words):
    (folder / "evil.py").write_text("open('hacked', 'w')\nclass Config: pass\n")
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=words):
        load_model(f"hf:{folder}")
    assert not (folder.parent / "hacked").exists()


def test_a_pickle_that_does_something_is_not_run(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_model(f"hf:{folder}")
    assert not (folder.parent / "hacked").exists()


def test_weights_that_are_no_finite_numbers_and_pipes_are_refused(folder):
    net = transformers.ViTForImageClassification.from_pretrained(folder)
    net.classifier.bias.data[0] = float("nan")
    net.save_pretrained(folder)
    with pytest.raises(CheckpointError, match=r"1 of 2 numbers in classifier\.bias are not finite"):
        load_model(f"hf:{folder}")
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"model\.safetensors is no regular file"):
        load_model(f"hf:{folder}")


def test_an_id_that_cannot_be_had_is_an_error_at_once():
    with pytest.raises(ModelError, match=r"hf:somebody/network has no configuration that can be read .*save_pretrained"):
        load_model("hf:somebody/network")


def test_without_transformers_it_says_what_to_install(monkeypatch):
    find = __import__("importlib.util").util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *a: None if name == "transformers" else find(name, *a))
    with pytest.raises(ModelError, match=r"needs transformers, which is not installed here\. Install it: pip install transformers"):
        load_model("hf:somebody/network")
