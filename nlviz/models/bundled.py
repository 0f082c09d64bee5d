"""The bundled networks with their trained weights and cards."""

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import nn

from ..blocks import BLOCKS
from ..files import read_regular
from . import dinov2
from .cards import CHECKPOINTS, RESTORE, read_card
from .classes import CLASSES
from .errors import CheckpointError
from .model import Model
from .specs import MODELS, NETWORKS, Spec, get_spec
from .weights import check_numbers


def trained(folder: Path = CHECKPOINTS) -> dict[str, Spec]:
    """The bundled networks, then those with a card in ``folder`` that were trained beside them."""
    others = {}
    for path in sorted(folder.glob("*.json")):
        try:
            others[path.stem] = get_spec(path.stem)
        except KeyError:
            continue
    return MODELS | others


def build(spec: Spec) -> nn.Module:
    """The network with an ImageNet backbone and fresh weights elsewhere."""
    return NETWORKS[spec.network](spec.block, classes=len(CLASSES[spec.data]), **spec.options)


def check_bundled(name: str) -> None:
    """Raise KeyError where no network has that name."""
    get_spec(name.partition("@")[0])


def load_bundled(name: str, folder: Path = CHECKPOINTS) -> Model:
    """A bundled network with its trained weights, in eval mode; NAME@EPOCH is a snapshot of its training.

    Raises:
        KeyError: no network has that name.
        CheckpointError: the file is missing, its sha256 differs from its card's, or its weights don't fit.
    """
    whole, _, epoch = name.partition("@")
    spec = get_spec(whole)
    card = read_card(whole, folder)
    if epoch:
        card |= _snapshot(card, epoch)
    path = folder / f"{name}.safetensors"
    try:
        content = read_regular(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path.name} is missing. {RESTORE}") from None
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read ({error.strerror}). {RESTORE}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != card["sha256"]:
        raise CheckpointError(f"{path.name} has sha256 {found[:12]}..., its card says {card['sha256'][:12]}...: "
                              f"the file was changed or cut short. {RESTORE}")
    if spec.block:
        beside = folder if (folder / f"{spec.without}.json").exists() else CHECKPOINTS
        card["score_without_block"] = read_card(spec.without, beside)["score"]
    net = build(spec)
    _load_trained(net, content, path.name)
    title = f"{spec.title}, epoch {epoch}" if epoch else spec.title
    return Model(name, net, spec.preprocess, CLASSES[spec.data], spec.task, title, card)


def _snapshot(card: dict, epoch: str) -> dict:
    """What the card says of one snapshot."""
    found = {str(snapshot["epoch"]): snapshot for snapshot in card.get("snapshots", [])}
    if epoch not in found:
        raise KeyError(f"{card['name']} has no snapshot of epoch {epoch!r}; it has: {', '.join(found) or 'none'}")
    return found[epoch]


def _load_trained(net: nn.Module, content: bytes, filename: str) -> None:
    """Load exactly the trained part: nothing missing, nothing left over."""
    try:
        state = load_safetensors(content)
    except SafetensorError as error:
        raise CheckpointError(f"{filename} is not a safetensors file ({error}).") from None
    expected = net.trained_state()
    wrong = sorted({k for k in expected.keys() | state.keys()
                    if k not in expected or k not in state or expected[k].shape != state[k].shape})
    if wrong:
        raise CheckpointError(f"{filename} does not fit this network; missing, left over or of another shape: "
                              f"{', '.join(wrong[:5])}{' ...' if len(wrong) > 5 else ''}")
    check_numbers(state, expected, filename, RESTORE)
    net.load_state_dict(state | {k: v for k, v in net.state_dict().items() if k not in state})


def list_models(folder: Path = CHECKPOINTS) -> list[dict]:
    """What is bundled, one dict a network, from the cards: name, blocks, task, score, score without the block, grids.

    ``grids_at_448`` are the query grids of its blocks for a square picture at 448 px; of channels their number, of a gate nothing.
    ``clips`` says that a network takes clips, ``frames`` how many frames those have that it was trained with.
    Networks whose weights come by pip, without a score, have ``how``: what to type where these are not here, else None.
    """
    specs = trained(folder)
    cards = {name: read_card(name, folder) for name in specs}
    trained_here = [{
        "name": name, "title": spec.title, "block": spec.block, "blocks": spec.blocks, "data": spec.data, "task": spec.task,
        "relates": [BLOCKS[block].relates for block in spec.blocks],
        "metric": cards[name]["metric"], "score": cards[name]["score"], "scores": cards[name].get("scores"),
        "score_without_block": cards[spec.without]["score"] if spec.block else None,
        "grids_at_448": cards[name].get("grids_at_448", []),
        "snapshots": [snapshot["epoch"] for snapshot in cards[name].get("snapshots", [])],
        "clips": spec.clips, "frames": spec.frames,
    } for name, spec in specs.items()]
    return [dinov2.listed(), *({**row, "how": None} for row in trained_here)]
