"""What figures of layers x heads say of a network."""

from .clip_words import by_frame, grid_words, input_words
from .stacks import MEAN, Stack
from .words import PARITY, ROWS, weights_of


def heading_of(stack: Stack) -> str:
    """The network, how large it is, and what its weights are where they are random."""
    source = stack.analysis.model.card.get("source", "")
    return ", ".join(filter(None, [f"({stack.letter}) {stack.analysis.model.title}", source.startswith("random") and source,
                                   size_of(stack)]))


def size_of(stack: Stack) -> str:
    """12 layers × 6 heads."""
    layers = len(stack.layers)
    counts = sorted({sum(layer == other and head != MEAN for other, head in stack.maps) for layer in stack.layers})
    heads = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0])
    return f"{layers} layer{'s' * (layers != 1)} × {heads} head{'s' * (heads != '1')}"


def about_stack(stack: Stack, brief: bool = False) -> str:
    """Its weights, its maps, its input, and in which layers its maps are not what it used."""
    maps = list(stack.maps.values())
    grids = " or ".join(dict.fromkeys(grid_words(placed.nl_map.key_grid) for placed in maps))
    if brief:
        source = stack.analysis.model.card.get("source", "")
        alone = "frame by frame" if by_frame(stack.analysis) else ""
        said = [f"({stack.letter}) {size_of(stack)}", source, f"{grids} keys", alone, _parity(stack, brief)]
        return ", ".join(filter(None, said))
    blocks = ", ".join(dict.fromkeys(placed.nl_map.block for placed in maps))
    rows = ", ".join(dict.fromkeys(ROWS.get(placed.nl_map.rows, placed.nl_map.rows) for placed in maps))
    return (f"({stack.letter}) {stack.analysis.model.title}, {weights_of(stack.analysis)}. {size_of(stack)} of {blocks}, "
            f"keys {grids}, {rows}; {input_words(stack.analysis)}; {_parity(stack, brief)}.")


def _parity(stack: Stack, brief: bool) -> str:
    found: dict[str, list[int]] = {}
    for layer in stack.layers:
        outcome = next(placed for (own, _), placed in stack.maps.items() if own == layer).parity.outcome
        found.setdefault(PARITY.get(outcome, outcome), []).append(layer)
    if len(found) == 1:
        return "" if brief and PARITY["holds"] in found else next(iter(found))
    wrong = {words: layers for words, layers in found.items() if words != PARITY["holds"]}
    return "; ".join(f"layer{'s' * (len(layers) > 1)} {', '.join(map(str, layers))}: {words}" for words, layers in wrong.items())
