"""The card beside every bundled checkpoint, and the table of them all in checkpoints/README.md."""

import json
from pathlib import Path

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"
DATA_TERMS = {
    "caltech101": "Caltech-101 (CC BY 4.0), at most 64 photos a class: 30 a class to train (train.txt), the other 2,445 to test",
    "msrc": "MSRC object class database v2, cleaned labels (research use): 400 photos to train (train.txt), 141 to test",
    "fashion": "FashionMNIST (MIT): its 60,000 training pictures, its 10,000 test pictures",
}
HEAD = """# Bundled checkpoints

Made by `python -m nlviz train NAME --data DIR` (all of them: `make train DATA=DIR`). Each file holds only what was
trained, as safetensors; the backbone comes by pip. `NAME.json` is the card that nlviz reads: it refuses a file whose
sha256 differs from it. This page is written by the training program from the cards.

Scores are on the held-out split, from one seed, as they came out: a block that does not help is listed too. The
standard error of an accuracy of 92 % is 0.5 % on 2,445 pictures and 0.3 % on 10,000: smaller differences say nothing.

"""


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says what was expected and what came."""


def read_card(name: str, folder: Path = CHECKPOINTS) -> dict:
    """The card of a bundled checkpoint.

    Raises:
        CheckpointError: there is none, it is not JSON, or it lacks its sha256, score or metric.
    """
    path = folder / f"{name}.json"
    try:
        card = json.loads(path.read_text())
    except OSError:
        raise CheckpointError(f"{path.name} is missing: {name} was not trained. "
                              f"Make it with: python -m nlviz train {name} --data DIR") from None
    except ValueError as error:
        raise CheckpointError(f"{path.name} is not a card ({error}). Restore it from the repository.") from None
    kinds = {"name": str, "sha256": str, "metric": str, "score": float}
    wrong = [key for key, kind in kinds.items() if not isinstance(card, dict) or not isinstance(card.get(key), kind)]
    if wrong:
        raise CheckpointError(f"{path.name} is not a card (no {', '.join(wrong)}). Restore it from the repository.")
    return card


def render_readme(cards: list[dict]) -> str:
    """The text of checkpoints/README.md."""
    scores = {card["name"]: card["score"] for card in cards}
    parts = [HEAD]
    for data, terms in DATA_TERMS.items():
        own = [card for card in cards if card["data"] == data]
        if not own:
            continue
        parts += [f"## {data}\n\n{terms}. Score: {own[0]['metric']}.\n\n",
                  "| network | score | without a block | also | epochs, time | command |\n|---|---|---|---|---|---|\n"]
        for card in own:
            without = scores.get(f"{data}_none")
            parts.append(f"| {card['name']} | {card['score']:.1%} | {f'{without:.1%}' if without else 'n/a'} | {_also(card)} | "
                         f"{card['epochs']}, {card['minutes']} min on {card['device']} | `{card['command']}` |\n")
        parts += ["\n", *(f"- `{card['name']}.safetensors` sha256 `{card['sha256']}`\n" for card in own), "\n"]
    return "".join(parts)


def _also(card: dict) -> str:
    names = {"accuracy_224": "at 224 px", "mean_iou": "mean IoU"}
    return ", ".join(f"{text} {card[key]:.1%}" for key, text in names.items() if key in card) or "-"
