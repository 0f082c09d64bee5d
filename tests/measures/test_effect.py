"""What replacing maps does to an output: the numbers against SciPy's and plain loops, the sentences, heads one by one."""

import threading

import numpy as np
import pytest
import timm
import torch
from scipy.special import softmax
from scipy.stats import entropy
from torch import nn

from nlviz import replaced_maps
from nlviz.analysis import analyse, one_at_a_time
from nlviz.blocks import BLOCKS
from nlviz.measures import EFFECTS, WITH, effect_in_words, effects, head_effects
from nlviz.models import Model, load_model
from nlviz.pictures import Frame, PictureError
from tests.pictures.drawn import quarters


def random(net: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for weights in net.parameters():
        nn.init.normal_(weights, std=0.3)
    return net.eval()


def patched(task: str | None, *tail: nn.Module) -> Model:
    net = random(nn.Sequential(nn.Conv2d(3, 8, 16, stride=16), BLOCKS["pam"](8), *tail))
    return Model("mine", net, classes=["a", "b", "c"], task=task)


CLASSIFIER = nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)
X = torch.randn(1, 3, 96, 64, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def both(model: Model, how: str, **options) -> tuple[np.ndarray, np.ndarray]:
    own = model(X)
    with replaced_maps(model, how, **options):
        return own.double().numpy(), model(X).double().numpy()


@pytest.mark.parametrize("how", WITH)
def test_a_classifier_is_told_by_its_probabilities(how):
    model = patched("classification", *CLASSIFIER)
    found, = effects(model, X, [how])
    p, q = (softmax(logits[0]) for logits in both(model, how))
    assert found["kl_nats"] == pytest.approx(entropy(p, q), rel=1e-5) and entropy(p, q) > 1e-8
    assert found["top_probability"] == pytest.approx(p.max()) and found["top_change"] == pytest.approx(q[p.argmax()] - p.max())
    assert found["pixels_changed_share"] is None and found["reason"] == ""


@pytest.mark.parametrize("how", WITH)
def test_a_segmentation_is_told_by_its_pixels_as_predicted(how):
    model = patched("segmentation", nn.Conv2d(8, 3, 1))
    found, = effects(model, X, [how])
    labels = [nn.functional.interpolate(torch.tensor(z), scale_factor=4, mode="bilinear")[0].argmax(0) for z in both(model, how)]
    assert labels[0].shape == (24, 16)
    assert found["pixels_changed_share"] == pytest.approx((labels[0] != labels[1]).sum().item() / (24 * 16))
    assert found["kl_nats"] is None


@pytest.mark.parametrize("wrap", [lambda z: z, lambda z: {"mask": None, "features": z}, lambda z: (z, z + 1)],
                         ids=["tensor", "dict", "tuple"])
def test_any_other_output_is_told_by_how_far_it_moves(wrap):
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = patched(None).net

        def forward(self, x):
            return wrap(self.net(x))

    found, = effects(Wrapped().eval(), X, ["mean row"])
    z, other = (t.ravel() for t in both(patched(None), "mean row"))
    assert found["relative_change"] == pytest.approx(np.linalg.norm(other - z) / np.linalg.norm(z))
    assert found["cosine"] == pytest.approx(z @ other / np.linalg.norm(z) / np.linalg.norm(other))
    assert {name for name in EFFECTS if found[name] is not None} == {"relative_change", "cosine"}


def test_an_output_without_a_tensor_is_refused():
    class Nothing(nn.Sequential):
        def forward(self, x):
            super().forward(x)
            return "done"

    with pytest.raises(ValueError, match="no tensor whose change could be measured, it is a str"):
        effects(Nothing(*patched(None).net), X, ["mean row"])


def test_each_replacement_stands_beside_the_others_and_itself_is_none():
    model = load_model("msrc_embedded_gaussian")
    rows = effects(model, quarters(300, 200), resolution=224)
    assert [row["how"] for row in rows] == list(WITH) and {row["model"] for row in rows} == {"msrc_embedded_gaussian"}
    itself, = effects(model, quarters(300, 200), ["itself"], 224)
    assert itself["pixels_changed_share"] == 0 and itself["relative_change"] < 1e-5
    assert min(row["relative_change"] for row in rows) > 1e-3


def test_a_global_map_is_its_own_mean_row_and_gates_have_a_reason():
    rows = {row["how"]: row for row in effects(load_model("msrc_gc"), quarters(300, 200), resolution=224)}
    assert rows["mean row"]["relative_change"] == 0 and rows["nothing"]["relative_change"] > 0
    assert rows["uniform"]["reason"] == "each map is one for all queries, and stays as it is"
    row = effects(load_model("msrc_se"), quarters(300, 200), ["mean row"], 224)[0]
    assert row["reason"].startswith("there are only gates") and row["sentence"].startswith("with one map for all queries: n/a")
    assert not any(row[name] is not None for name in EFFECTS)


@pytest.mark.parametrize("found, words", [
    ({"pixels_changed_share": 0.02}, "with one map for all queries: 2.0 % of pixels change class"),
    ({"kl_nats": 0.012, "top_probability": 0.77, "top_change": -0.02},
     "with one map for all queries: its first class goes from 77 % to 75 %, KL 0.012 nats"),
    ({"relative_change": 0.03, "cosine": 0.98},
     "with one map for all queries: the output changes by 3.0 %, cosine 0.98 to its own"),
])
def test_numbers_in_words(found, words):
    assert effect_in_words("mean row", dict.fromkeys(EFFECTS) | found) == words


def test_heads_one_by_one_are_what_each_head_alone_does():
    net = random(timm.create_model("vit_tiny_patch16_224", img_size=(96, 64), depth=2))
    model, told = Model("vit", net), []
    found = head_effects(model, X, progress=lambda done, of: told.append((done, of)))
    assert [(one["layer"], one["head"]) for one in found] == [(layer, head) for layer in (1, 2) for head in (1, 2, 3)]
    assert told == [(n, 6) for n in range(1, 7)] and {one["name"] for one in found} == {"blocks.0.attn", "blocks.1.attn"}
    for one in found:
        z, other = both(model, "mean row", heads={one["layer"]: [one["head"] - 1]})
        assert one["relative_change"] == pytest.approx(np.linalg.norm(other - z) / np.linalg.norm(z))


def test_layers_and_heads_are_numbered_as_the_placed_maps_are():
    net = random(timm.create_model("vit_tiny_patch16_224", img_size=(96, 64), depth=2))
    model = Model("vit", net, lambda picture, resolution: (X, Frame((64, 96), (0, 0, 64, 96))))
    placed = analyse(model, quarters(64, 96)).maps
    found = head_effects(model, quarters(64, 96))
    assert {(one["layer"], one["head"], one["name"]) for one in found} == {
        (one.layer, one.head, one.nl_map.layer) for one in placed if one.head is not None}


def test_heads_can_be_stopped_and_leave_nothing_behind():
    net = random(timm.create_model("vit_tiny_patch16_224", img_size=(96, 64), depth=2))
    with torch.no_grad():
        z, asked = net(X), []
        found = head_effects(net, X, stop=lambda: asked.append(0) or len(asked) > 4)
        assert len(found) == 4 and torch.equal(net(X), z) and not one_at_a_time.locked()


def test_a_pass_waits_until_no_other_one_is_under_way():
    model, done = patched(None), threading.Event()
    thread = threading.Thread(target=lambda: (effects(model, X, ["mean row"]), done.set()))
    with one_at_a_time:
        thread.start()
        assert not done.wait(0.2)
    thread.join(60)
    assert done.is_set()


def test_what_cannot_be_measured_is_an_error():
    with pytest.raises(ValueError, match="one picture"):
        effects(patched(None), X.expand(2, -1, -1, -1))
    with pytest.raises(PictureError):
        effects(patched(None), b"no picture")
    with pytest.raises(ValueError, match="no map was multiplied"):
        effects(nn.Conv2d(3, 3, 1), X)
