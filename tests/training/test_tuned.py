"""Networks whose backbone is trained too: what learns, where the blocks stand, and that a killed run goes on."""

import pytest
import torch
from safetensors.torch import load_file

from nlviz.capture import capture_maps
from nlviz.models import build, get_spec, load_model
from nlviz.training import trainer
from tests.training.killed import killed_in_the_third

NAMES = ["msrc_embedded_gaussian_tuned", "msrc_none_tuned"]


def test_its_blocks_stand_at_strides_8_and_16_and_add_nothing_at_first():
    net, without = (build(get_spec(name)).eval() for name in NAMES)
    without.tail.load_state_dict(net.tail.state_dict())
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad(), capture_maps(net) as maps:
        z = net(x)
    assert [(one.layer, one.query_grid) for one in maps] == [("blocks.0", (8, 12)), ("blocks.1", (4, 6))]
    assert z.shape == (1, 23, 4, 6)
    torch.testing.assert_close(z, without(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_convolutions_learn_the_statistics_stay_and_the_checkpoint_holds_all(name, stripes, tmp_path):
    card = trainer.train(name, stripes, tmp_path, tmp_path / "runs", epochs=1)
    before, after = build(get_spec(name)).state_dict(), load_file(tmp_path / f"{name}.safetensors")
    assert before.keys() == after.keys()
    stem = [key for key in after if key.startswith("stem.")]
    assert all(torch.equal(before[key], after[key]) for key in stem if "running" in key)
    assert not any(torch.equal(before[key], after[key]) for key in stem if key.endswith("weight"))
    assert get_spec(name).without == "msrc_none_tuned" and 0 <= card["score"] <= 1
    if name == "msrc_none_tuned":
        assert load_model(name, tmp_path).classes[0] == "building"


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(stripes, tmp_path, monkeypatch):
    name = NAMES[0]
    whole = trainer.train(name, stripes, tmp_path / "whole", tmp_path / "runs", epochs=3)
    killed_in_the_third(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(name, stripes, tmp_path / "killed", tmp_path / "again", epochs=3)
    resumed = trainer.train(name, stripes, tmp_path / "killed", tmp_path / "again", epochs=3)
    assert resumed["sha256"] == whole["sha256"]
