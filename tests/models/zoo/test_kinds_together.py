"""Files of every kind of these are recognised as that kind alone, and become models."""

import pytest
import torch
from safetensors.torch import save_file

from nlviz.models import CHECKPOINTS
from nlviz.models.from_file import rebuilt_model
from nlviz.models.reading import read_checkpoint
from nlviz.models.zoo import ARCHES, recognise
from tests.models.zoo.rebuilding import ORACLES
from tests.models.zoo.slowfast_reference import weights_of
from tests.models.zoo.test_published import older
from tests.models.zoo.test_published import published as digits

PIXELS = {"normalisation": "imagenet"}
SCALED = PIXELS | {"mode": "embedded_gaussian", "use_scale": "yes"}
FILES = [
    (ORACLES / "mmdet_r50_gcb_r4.safetensors", "mmdet_gcnet", PIXELS),
    (ORACLES / "mmdet_r50_nonlocal.safetensors", "mmdet_gcnet", SCALED),
    (ORACLES / "mmaction_tsm_gaussian.safetensors", "mmaction_nonlocal", PIXELS),
    (ORACLES / "mmaction_i3d_dot_product.safetensors", "mmaction_nonlocal", SCALED | {"mode": "dot_product"}),
    (CHECKPOINTS / "caltech101_se.safetensors", "nlviz_classifier", {}),
    (CHECKPOINTS / "msrc_dual.safetensors", "nlviz_segmenter", {}), (CHECKPOINTS / "moves_gc.safetensors", "nlviz_motion", {}),
    (CHECKPOINTS / "fashion_embedded_gaussian.safetensors", "published_digits", {"mode": "embedded_gaussian", "data": "fashion"})]
WEIGHTS = [
    (weights_of(["i3d"]), "slowfast_nonlocal", {"mode": "embedded_gaussian", "pool_size": "1x2x2", "time_pool": "yes"}),
    (older(digits("concatenation")), "published_digits_older", {"data": "digits"})]


@pytest.mark.parametrize("path, name, answers", FILES, ids=[path.stem for path, _, _ in FILES])
def test_a_file_is_recognised_and_becomes_a_model_with_nothing_random(path, name, answers):
    recognised = recognise(read_checkpoint(path), ARCHES)
    assert recognised.arch.name == name
    model = rebuilt_model(recognised, answers)
    assert "random" not in model.card["source"]
    size = model.preprocess.fixed or (64, 64)
    x = torch.zeros(1, model.preprocess.channels, *((8,) if model.clips else ()), *size[::-1])
    with torch.no_grad():
        assert model(x).isfinite().all()


@pytest.mark.parametrize("state, name, answers", WEIGHTS, ids=[name for _, name, _ in WEIGHTS])
def test_half_precision_is_as_good_as_any(state, name, answers, tmp_path):
    path = tmp_path / "some.safetensors"
    save_file({f"module.{key}": weights.half() if weights.is_floating_point() else weights for key, weights in state.items()}, path)
    recognised = recognise(read_checkpoint(path), ARCHES)
    assert recognised.arch.name == name
    assert "random" not in rebuilt_model(recognised, answers).card["source"]


def test_kinds_have_names_of_their_own():
    assert len({arch.name for arch in ARCHES}) == len(ARCHES)
