"""A network with snapshots of its training, and the slider that shows them."""

from itertools import product

import numpy as np

from tests.viewer.pages import centres, colours, drawn, heat, node
from tests.viewer.scenes import dense_map
from tests.viewer.served import answer, attention, fresh, panel

EPOCHS = [0, 1, 4, 48]


def snapshot(name: str, epoch: int, number: int = 0) -> dict:
    """Its rows look at the key whose number is the epoch's place."""
    rows = np.full((30, 30), 0.1 / 29)
    rows[:, EPOCHS.index(epoch)] = 0.9
    prediction = {"kind": "classes", "top": [["lion", 0.5], ["cat", 0.4]]}
    made = panel(name, dense_map(rows, [5, 6]), subtitle=f"after {epoch} epochs", prediction=prediction,
                 snapshots={"epochs": EPOCHS, "chosen": EPOCHS.index(epoch)})
    return made | {"id": f"{name}/{number}", "title": f"{name} {number}" if number else name}


def trained(page, *names: str, numbers=(0,)) -> list[dict]:
    """Panels at their last epoch; the server has the others, and measures all."""
    panels, measured = {}, {}
    for name, number, e in product(names, numbers, EPOCHS):
        panels[f"{name}/{number} {e}"] = {"panel": snapshot(name, e, number)}
        own = f"{name}/{number} {{}}" + ("" if e == EPOCHS[-1] else f" {e}")
        measured |= {own.format("attention"): attention(f"At epoch {e}."), own.format("fresh"): fresh()}
    answer(page, "snapshot", **panels)
    answer(page, **measured)
    return [snapshot(name, EPOCHS[-1], number) for name in names for number in numbers]


def slider(page, p: dict):
    return page.locator(f"input[data-choice=epoch][data-panel='{p['id']}']")


def words_of(page, p: dict):
    return page.locator(f"{node(p)} .nlviz-epoch")


def move(page, p: dict, at: int) -> None:
    """As dragging does: the slider's value, then the event."""
    slider(page, p).evaluate("(input, at) => { input.value = at; input.dispatchEvent(new Event('input', {bubbles: true})); }", at)


def key_shown(page, p: dict) -> int:
    """The one that lies on the photo: the others get less than their share."""
    drawn(page)
    return int(colours(page, heat(p), centres([5, 6])[1])[:, 3].argmax())
