"""What a figure says: headings, labels of its colour bars and the lines under it."""

from collections.abc import Iterable, Sequence

from ..analysis import Analysis
from ..measures import AMONG, PATCHES
from ..numbers import number, percent
from ..pictures import Clip, Picture
from .captions import kind_of
from .clip_words import by_frame, clip_words, grid_words, input_words, is_clip, name_words
from .columns import Column
from .lines import NBSP
from .scales import Scale, times
from .sheet import Paragraphs
from .style import TIMES, Style

ROWS = {"distribution": f"rows{NBSP}sum{NBSP}to{NBSP}1", "scaled": f"rows scaled by{NBSP}1/N′", "raw": "raw"}
PARITY = {"holds": "what the block added follows from its maps", "differs": "what the block added does NOT follow from its maps",
          "nothing added": "the block adds nothing: not trained, or its last layer is zero",
          "undecided": "a map as given, with no network to compare it with"}
PRODUCT_PARITY = {"holds": "these are the maps that the network multiplied with its values",
                  "differs": "these are NOT the maps that the network multiplied with its values"}
LN_2 = "ln 2 = 0.69".replace(" ", NBSP)
TERMS_MEAN = {
    "pairwise only": "the softmax of (q − mean q) · (k − mean k), what is left of a map without its unary term",
    "unary only": "the softmax of mean q · (k − mean k), the part of a map that does not depend on the query",
    "row minus the mean row": "every weight minus its mean over all queries, red above zero and blue below; a map that does "
                              "not depend on the query is white",
    "input similarity": "the cosine similarity of the block's input at the query to that at every position; GCNet's distance is "
                        "(1 − it)/2",
    "output similarity": "the cosine similarity of what the block adds at the query to what it adds at every position; GCNet's "
                         "distance is (1 − it)/2",
}
RISES = {"times": "at 1× and below, full from 4× on",
         "linear": "at the value nearest to zero, full from a quarter of the scale on"}


def headings_of(columns: Sequence[Column]) -> list[Paragraphs]:
    """For each column the network, its data and layer, and which of the block's maps it is."""
    return [[(f"({column.letter}) {column.analysis.model.title}", 3), (_source(column), 2), (_map(column), 2)]
            for column in columns]


def _source(column: Column) -> str:
    layer = column.whole.nl_map.layer if len(column.analysis.calls) > 1 else ""
    card = column.analysis.model.card
    random = card["source"] if card.get("source", "").startswith("random") else ""
    return ", ".join(filter(None, [card.get("data") or random, layer and f"at {layer}"]))


def _map(column: Column) -> str:
    part = column.whole.nl_map.part if column.several else ""
    same = "same for every query" if column.same_for_all and not column.note else ""
    return ", ".join(filter(None, [part, same]))


def bar_label(kind: str, scale: Scale, panels: int, style: Style) -> str:
    """What the colours of a kind of heatmap stand for."""
    rows = ROWS.get(kind, kind)
    if scale.times:
        return (f"times uniform, weight{NBSP}×{NBSP}N′ ({rows}), logarithmic: 1× is an even share; 1/16× and less to "
                f"{times(2 ** scale.high)}, {shared_by(panels)}")
    if kind == "similarity":
        return f"cosine similarity of the block's {style.term.split()[0]}, linear, −1 to 1, {shared_by(panels)}"
    if kind == "difference":
        return (f"difference of weights, red where the first is larger, {number(scale.low)} to {number(scale.high)}, "
                f"{shared_by(panels)}")
    what = "gate" if kind == "gate" else f"difference from the mean row ({rows})" if style.centred else f"weight ({rows})"
    linear = ", linear" if style.scale == TIMES else ""  # beside a logarithmic one
    return f"{what}{linear}, {number(scale.low)} to {number(scale.high)}, {shared_by(panels)}"


def shared_by(panels: int) -> str:
    return f"shared by {panels}{NBSP}panel{'s' * (panels != 1)}"


def footer_of(columns: Sequence[Column], queries: Sequence[tuple[float, ...]], style: Style, framed: bool,
              brief: bool = False) -> list[str]:
    """Paragraphs under the figure: how to read it, then what each column is.

    Args:
        framed: a panel has the white frame of an asked cell.
        brief: the key facts alone.
    """
    kinds, clip = kinds_of(columns, style), is_clip(columns[0].analysis)
    if brief:
        return key_facts(columns, [veil_words(style, kinds, clip), *term_words(style)])
    reading = [reading_words(style, framed, kinds, clip)] if kinds else []
    return [*reading, *term_words(style), *about(columns, queries)]


def term_words(style: Style) -> list[str]:
    """What is shown in place of the map, if anything is."""
    if style.term == "full":
        return []
    return [f"{'Shown' if style.alike else 'Term'}: {style.term}, {TERMS_MEAN[style.term]}."]


def among_words(columns: Sequence[Column]) -> list[str]:
    """What distances leave out of maps with named tokens."""
    renormalised = any(column.whole.nl_map.rows == "distribution" for column in columns)
    return tokens_left_out((name for column in columns for name in column.whole.nl_map.key_tokens), renormalised)


def tokens_left_out(names: Iterable[str], renormalised: bool = True) -> list[str]:
    """That numbers are without them; those of a clip's frames together. What is no distribution is not renormalised."""
    tokens = dict.fromkeys(kind_of(name) if ", frame " in name else name for name in names)
    return [f"Without {', '.join(tokens)}: {AMONG if renormalised else PATCHES}."] if tokens else []


def about(columns: Sequence[Column], queries: Sequence[tuple[float, ...]]) -> list[str]:
    """What every figure says: of which photo it is, with which dots, and what each column is; what holds for all, once."""
    photo, endings = photo_words(columns[0].analysis.picture, queries), list(map(_ending, columns))
    if len(columns) > 1 and len(set(endings)) == 1:
        return [photo, *(f"{_about(column)}." for column in columns), f"All: {endings[0]}."]
    return [photo, *(f"{_about(column)}; {ending}." for column, ending in zip(columns, endings))]


def key_facts(columns: Sequence[Column], said: Sequence[str] = ()) -> list[str]:
    """One paragraph: the photo, how it is drawn, and of each column score, grid and what is wrong with its parity."""
    analysis = columns[0].analysis
    return ["; ".join([name_words(analysis.picture), input_words(analysis, brief=True), *said, *map(_key_fact, columns)]) + "."]


def _key_fact(column: Column) -> str:
    card, nl_map = column.analysis.model.card, column.whole.nl_map
    score = f"{card.get('metric', 'score')} {100 * card['score']:.1f} %" if "score" in card else card.get("source", "no score")
    wrong = "" if column.whole.parity.outcome == "holds" else f", {PARITY[column.whole.parity.outcome]}"
    what = "keys" if column.whole.keys is not None else "channels"
    alone = ", frame by frame" * by_frame(column.analysis)
    return f"({column.letter}) {score}, {grid_words(nl_map.key_grid)} {what}{alone}{wrong}"


def kinds_of(columns: Sequence[Column], style: Style) -> list[str]:
    """Of the heatmaps' scales: logarithmic, linear or both."""
    drawn = [column.in_times(style) for column in columns if column.form == "heatmap" and not column.note]
    return [kind for kind, has in (("times", True), ("linear", False)) if has in drawn]


def veil_words(style: Style, kinds: Sequence[str], clip: bool = False) -> str:
    """How much of the photo the colours cover."""
    photo = f"the {'grey ' * (style.backdrop == 'grey')}{'frames' if clip else 'photo'}"
    full = percent(style.opacity)
    if style.veil == "even":
        return f"opacity {full} over {photo}"
    where = " (linear scales: ".join(RISES[kind] for kind in kinds) + ")" * (len(kinds) - 1)
    return f"over {photo}, opacity up to {full}: none {where}"


def reading_words(style: Style, framed: bool, kinds: Sequence[str], clip: bool = False) -> str:
    """How heatmaps are read."""
    what = ("features compared with those at the query" if style.alike else
            f"the weights that {f'the {style.token}' if style.token else 'the query'} gives to the keys" if style.forward else
            f"the weight that every query gives to {f'the {style.token}' if style.token else 'the key at the dot'}")
    cells = f"smoothed between cells{' of a frame' * clip}" if style.smooth else "a colour for each cell"
    own = "outline: the cell that asks, its number at or beside it" if clip else "frame: the cell at the dot"
    frame = f"; white {own}" if framed else ""
    limits = "as far below zero as above it" if style.centred else "from the lowest to the highest weight"
    own = "" if style.shared or style.alike else f" Colours run {limits}, for each panel by itself."
    return f"Heatmaps: {what}, {cells}, {veil_words(style, kinds, clip)}{frame}.{own}"


def photo_words(picture: Picture, queries: Sequence[tuple[float, ...]]) -> str:
    """Which photo or clip it is, and where the queries are in it."""
    if isinstance(picture, Clip):
        return clip_words(picture, queries)
    places = ", ".join(f"{index}{NBSP}({x:.3g},{NBSP}{y:.3g})" for index, (x, y) in enumerate(queries, 1))
    dots = f"; dots at fractions of width and height: {places}" if queries else ""
    return (f"Photo: {picture.name}, {picture.size[0]} × {picture.size[1]} px (sizes are width × height, grids rows × columns)"
            f"{dots}.")


def _about(column: Column) -> str:
    nl_map = column.whole.nl_map
    layer, part = f" at {nl_map.layer}" if nl_map.layer else "", f", {nl_map.part}" if column.several else ""
    return (f"({column.letter}) {column.analysis.model.title}, {weights_of(column.analysis)}. "
            f"{'Block ' * (column.whole.layer is None)}{nl_map.block}{layer}{part}; "
            f"{_shape(column)}")


def weights_of(analysis: Analysis) -> str:
    """Where a network's weights come from, and its score."""
    card = analysis.model.card
    source = f"trained on {card['data']}" if "data" in card else f"{card.get('source', 'weights as given')}, no score"
    score = f": {card.get('metric', 'score')} {100 * card['score']:.1f} %" if "score" in card else ""
    return source + score


def _ending(column: Column) -> str:
    """What is often the same for all networks: the input, and whether the maps are what the block used."""
    found = column.whole.parity
    parity = PRODUCT_PARITY.get(found.outcome, found.text) if found.of == "product" else PARITY.get(found.outcome, found.outcome)
    return f"{input_words(column.analysis)}{_framed(column)}; {parity}"


def _framed(column: Column) -> str:
    """What the network does not see of the photo, or sees besides."""
    frame = column.analysis.frame
    if column.form != "heatmap" or frame.content == (0, 0, *frame.size):
        return ""
    cropped = frame.content[0] < 0 or frame.content[1] < 0
    whole = "each frame" if frame.frames > 1 else "the photo"
    return f", the middle of {whole} alone" if cropped else "; cells on the padding are not shown"


def _shape(column: Column) -> str:
    """What a map relates, and what its rows are."""
    nl_map, rows = column.whole.nl_map, ROWS.get(column.whole.nl_map.rows, column.whole.nl_map.rows)
    if column.form == "matrix":
        return f"{grid_words(nl_map.key_grid * 2)} channels, rows are the channels that ask, {rows}"
    if column.form == "bars":
        return f"a value for each of {grid_words(nl_map.key_grid)} channels, the largest first"
    if nl_map.relates == "gate":
        return f"a gate for each of {grid_words(nl_map.key_grid)} positions, the same for every query"
    queries = f"queries {grid_words(nl_map.query_grid)}" if column.whole.queries else f"{len(nl_map.query_tokens)} named tokens ask"
    queries = "one map, the same for every query" if nl_map.relates == "global" else queries
    return f"{queries}, keys {grid_words(nl_map.key_grid)}, {rows}"
