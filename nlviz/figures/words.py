"""What a figure says: numbers, headings, the captions under it, and lines that fit."""

from collections.abc import Sequence
from functools import lru_cache

from matplotlib import font_manager

from .looks import Column, percent

ROWS = {"distribution": "rows sum to 1", "scaled": "rows scaled by 1/N′"}
PARITY = {"holds": "map times values gives what the block added", "differs": "map times values DIFFERS from what the block added",
          "nothing added": "the block adds nothing: not trained, or its last layer is zero"}


def headings_of(columns: list[Column]) -> list[list[tuple[str, int]]]:
    """For each column paragraphs of (text, lines at most): the network, its data and layer, and where it matters the query."""
    headings = []
    for column in columns:
        layer = column.placed.nl_map.layer if len(column.analysis.maps) > 1 else ""
        second = ", ".join(filter(None, [column.analysis.model.card.get("data"), layer and f"at {layer}"]))
        third = "same for every query" if column.is_global else ""
        headings.append([(f"({column.letter}) {column.analysis.model.title}", 2), (second, 2), (third, 1)])
    return headings


def footer_of(columns: list[Column], queries: Sequence[tuple[float, float]], scale: str, smooth: bool, opacity: float,
            direction: str) -> list[str]:
    """Paragraphs under the figure: how to read it, then what each column is."""
    picture = columns[0].analysis.picture
    what = ("Heatmaps: the weights that the query gives to the keys" if direction == "attends to" else
            "Heatmaps: the weight that every query gives to the key at the dot")
    asked = direction == "attended by" or not all(column.is_global for column in columns)
    framed = "; the white frame is the cell at the dot" if asked else ""
    dots = ", ".join(f"{number} ({x:.3g}, {y:.3g})" for number, (x, y) in enumerate(queries, 1))
    lines = [f"{what}, {'smoothed between cells' if smooth else 'a colour for each cell'}, opacity {percent(opacity)} over the "
             f"photo in grey{framed}."
             + (" Colours run from the lowest to the highest weight of each panel by itself." if scale == "per panel" else ""),
             f"Photo: {picture.name}, {picture.size[0]} × {picture.size[1]} px (sizes are width × height, grids rows × columns); "
             f"dots at fractions of width and height: {dots}."]
    return lines + [_about(column) for column in columns]


def _about(column: Column) -> str:
    card, nl_map, frame = column.analysis.model.card, column.placed.nl_map, column.analysis.frame
    weights = f"trained on {card['data']}" if "data" in card else "weights as given, no score"
    score = f": {card.get('metric', 'score')} {100 * card['score']:.1f} %" if "score" in card else ""
    rows = f"keys {_grid(nl_map.key_grid)}, {ROWS.get(nl_map.rows, nl_map.rows)}"
    queries = "one map, the same for every query" if column.is_global else f"queries {_grid(nl_map.query_grid)}"
    parity = PARITY.get(column.placed.parity.outcome, column.placed.parity.outcome)
    boxed = "; cells on the padding are not shown" if frame.content != (0, 0, *frame.size) else ""
    return (f"({column.letter}) {column.analysis.model.title}, {weights}{score}. Block {nl_map.block}"
            f"{f' at {nl_map.layer}' if nl_map.layer else ''}; {queries}, {rows}; "
            f"input {frame.size[0]} × {frame.size[1]} px{boxed}; {parity}.")


def _grid(grid: tuple[int, ...]) -> str:
    return " × ".join(map(str, grid))


@lru_cache(maxsize=1024)
def _advance(character: str) -> float:
    """Width of a character in ems."""
    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    font.set_size(100, 72)
    return font.load_char(ord(character)).linearHoriAdvance / 65536 / 100


def _fits(text: str, width: float, size: float) -> bool:
    return sum(map(_advance, text)) * size * 1.03 <= width * 72  # 3 %: hinting at low resolution


def wrap(text: str, width: float, size: float, most: int | None = None) -> list[str]:
    """Lines of at most ``width`` inches at ``size`` points; those after the first ``most`` become an ellipsis."""
    lines = [""]
    for word in text.split():
        if lines[-1] and not _fits(f"{lines[-1]} {word}", width, size):
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
        while not _fits(lines[-1], width, size):  # a word longer than a line
            end = max(1, max((n for n in range(len(lines[-1])) if _fits(lines[-1][:n], width, size)), default=1))
            lines[-1:] = [lines[-1][:end], lines[-1][end:]]
    if most is not None and len(lines) > most:
        last = lines[most - 1]
        while last and not _fits(f"{last}…", width, size):
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last}…"]
    return [line for line in lines if line]
