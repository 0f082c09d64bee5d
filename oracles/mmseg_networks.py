"""mmsegmentation's networks with attention, small and with random weights: what nlviz must rebuild from their checkpoints.

In an environment of its own (oracles/README.md), from the repository's root:

    python oracles/mmseg_networks.py tests/data/oracles

Each network is built from its published configuration with few channels, all its weights and BatchNorm statistics are random
and of half precision, and it runs in eval mode in double precision. Written are a checkpoint of each and
``mmseg_expected.safetensors``: the input, and for each network and each answer to what weights cannot tell the logits and the
maps; and ``mmengine_training.pth``, a small file of the kind that mmengine saves while it trains.
"""

import sys
import types
from pathlib import Path

import torch
from randomising import randomised
from safetensors.torch import save_file
from torch.overrides import TorchFunctionMode

extension = types.ModuleType("mmcv._ext")  # mmcv-lite has no compiled operators, and none of these networks runs one
extension.__getattr__ = lambda name: None
sys.modules["mmcv._ext"] = extension

import mmseg  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.logging import MessageHub  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402
from mmseg.utils import register_all_modules  # noqa: E402

CONFIGS = Path(mmseg.__file__).parent / ".mim" / "configs" / "_base_" / "models"
WIDTH, CHANNELS = 2, 16  # of 64 and 512
ASKING = ("theta", "phi", "conv_mask", "query", "key")  # such that maps are neither flat nor all in one position
USUAL = {"nonlocal": ("nl_block", {"mode": "embedded_gaussian", "use_scale": "yes"}), "gcnet": ("gc_block", {}),
         "danet": ("", {}), "ccnet": ("cca", {"recurrence": "2"}),
         "dnlnet": ("dnl_block", {"use_scale": "yes", "temperature": "0.05"}), "ocrnet": ("", {})}
OTHERS = {"nonlocal": [{"use_scale": "no"}, {"mode": "dot_product"}], "ccnet": [{"recurrence": "1"}, {"recurrence": "3"}],
          "dnlnet": [{"use_scale": "no", "temperature": "1"}]}
D16 = {"strides": (1, 2, 2, 1), "dilations": (1, 1, 1, 2)}


class Softmaxes(TorchFunctionMode):
    """Keeps what every softmax gives."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") == "softmax":
            self.found.append(result.detach().clone())
        return result


def configuration(name: str, stem: str, classes: int, more: dict) -> dict:
    """The published configuration with few channels."""
    file = {"dnlnet": "dnl", "ocrnet": "ocrnet"}.get(name, name)
    text = (CONFIGS / f"{file}_r50-d8.py").read_text().replace("SyncBN", "BN")  # on one machine the same
    model = Config.fromstring(text, ".py")["model"]
    model["pretrained"] = None
    model["backbone"].update(type=stem, base_channels=WIDTH, stem_channels=2 * WIDTH, **more)
    for head in [*(model["decode_head"] if name == "ocrnet" else [model["decode_head"]]), model.get("auxiliary_head")]:
        if head:
            head.update(in_channels=head["in_channels"] * WIDTH // 64, channels=head["channels"] * CHANNELS // 512,
                        num_classes=classes)
    if name == "danet":
        model["decode_head"]["pam_channels"] = 2
    if name == "ocrnet":
        model["decode_head"][1]["ocr_channels"] = CHANNELS // 2
    return model


def values(key: str, like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Random values such that what the layers give stays of size one."""
    normal = torch.randn(like.shape, generator=generator, dtype=torch.float64)
    if key.endswith("running_var"):
        return 0.5 + torch.rand(like.shape, generator=generator, dtype=torch.float64)
    if like.dim() > 1:
        gain = 0.7 if "dnl_block" in key else 2.8 if any(part in key for part in ASKING) else 1.4
        return normal * gain / like[0].numel() ** 0.5
    if key.endswith(("bn3.weight", "downsample.1.weight", "downsample.2.weight")):
        return 0.4 + 0.1 * normal  # the sum of sixteen blocks stays of size one
    return 0.2 * normal + (1 if key.endswith(("weight", "scale")) else 0)


def run(net: torch.nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """(logits, the maps)."""
    with torch.no_grad(), Softmaxes() as softmaxes:
        features = net.extract_feat(x)
        if isinstance(net.decode_head, torch.nn.ModuleList):
            logits = net.decode_head[1](features, net.decode_head[0](features))
        else:
            logits = net.decode_head(features)
    return logits[0] if isinstance(logits, tuple) else logits, softmaxes.found


def answered(net: torch.nn.Module, name: str, answers: dict[str, str]) -> None:
    """Give the block these answers."""
    where = net.decode_head if name == "ccnet" else getattr(net.decode_head, USUAL[name][0], None)
    for question, answer in answers.items():
        kind = {"use_scale": lambda text: text == "yes", "temperature": float, "recurrence": int}.get(question, str)
        setattr(where, question, kind(answer))


def expected(net: torch.nn.Module, name: str, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Logits for every choice of answers, and for the usual ones the maps."""
    found = {}
    for number, other in enumerate([{}, *OTHERS.get(name, [])]):
        answers = USUAL[name][1] | other
        answered(net, name, answers)
        logits, maps = run(net, x)
        key = f"{name}?{'&'.join(f'{question}={answer}' for question, answer in answers.items())}"
        found[f"{key}#logits"] = logits.float()
        found |= {} if number else {f"{key}#map{index}": weights.float() for index, weights in enumerate(maps)}
    return found


def checkpoint(net: torch.nn.Module, half: bool) -> dict[str, torch.Tensor]:
    return {key: value if not value.is_floating_point() else value.half() if half else value.float()
            for key, value in net.state_dict().items()}


def as_mmseg_saves(state: dict[str, torch.Tensor], classes: int) -> dict:
    """A checkpoint of mmsegmentation 0.x."""
    first = next(iter(state.values()))
    return {"meta": {"env_info": "made with random weights", "seed": 0, "epoch": 1, "iter": 2, "mmseg_version": "0.30.0",
                     "CLASSES": [f"class {number}" for number in range(classes)], "PALETTE": None},
            "state_dict": state,
            "optimizer": {"state": {0: {"momentum_buffer": torch.zeros_like(first)}},
                          "param_groups": [{"lr": 0.01, "momentum": 0.9, "params": [0]}]}}


def of_training(path: Path) -> None:
    """What mmengine saves while it trains: beside the weights the history of its losses, which is no tensor."""
    hub = MessageHub.get_instance("oracle")
    hub.update_scalar("train/loss", 0.5)
    torch.save({"meta": {"mmengine_version": "0.10.7", "epoch": 0, "iter": 1},
                "state_dict": {"backbone.conv1.weight": torch.ones(2, 3, 7, 7)}, "message_hub": hub.state_dict()}, path)


def built(name: str, stem: str = "ResNetV1c", classes: int = 19, seed: int = 0, **more: object) -> torch.nn.Module:
    return randomised(MODELS.build(configuration(name, stem, classes, more)), seed, values)


def write(folder: Path) -> None:
    """All committed files."""
    x = torch.randn(1, 3, 48, 80, generator=torch.Generator().manual_seed(1)).half()
    found = {"input": x}
    for seed, name in enumerate(USUAL):
        net = built(name, classes=21 if name == "gcnet" else 19, seed=seed)
        found |= expected(net, name, x.double())
        if name == "danet":
            torch.save(as_mmseg_saves(checkpoint(net, half=False), 19), folder / "mmseg_danet.pth")
        else:
            save_file(checkpoint(net, half=True), folder / f"mmseg_{name}.safetensors")
    save_file({key: value.contiguous() for key, value in found.items()}, folder / "mmseg_expected.safetensors")
    of_training(folder / "mmengine_training.pth")


def write_others(folder: Path) -> None:
    """Other stems and strides, which are not committed: with ``--others`` as the second argument."""
    x = torch.randn(1, 3, 48, 80, generator=torch.Generator().manual_seed(1)).half()
    for label, stem, more in (("v1b_d16", "ResNet", D16), ("v1d_d8", "ResNetV1d", {}), ("v1c_d16", "ResNetV1c", D16),
                              ("v1d_d16", "ResNetV1d", D16), ("r101", "ResNetV1c", {"depth": 101})):
        net = built("gcnet", stem, **more)
        logits, maps = run(net, x.double())
        save_file(checkpoint(net, half=True), folder / f"{label}.safetensors")
        save_file({"input": x, "logits": logits.float().contiguous(), "map": maps[0].float().contiguous()},
                  folder / f"{label}_expected.safetensors")


if __name__ == "__main__":
    register_all_modules()
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    write_others(target) if "--others" in sys.argv else write(target)
