"""How the bundled networks are grouped, and comparisons at one click."""

from collections.abc import Sequence
from typing import NamedTuple

from ..models import MINUS, TELLING, list_models


class Listed(NamedTuple):
    """A network in the list; ``data`` tells it from one of the same title, and ``clips`` says that it takes clips alone. Those of
    its training at ``epochs``, or whatever ``unit`` counts, are called NAME@EPOCH."""

    title: str
    name: str
    score: str = ""
    data: str = ""
    clips: bool = False
    epochs: Sequence[int] = ()
    unit: str = "epoch"

    @property
    def label(self) -> str:
        return f"{self.title}, {self.score}" if self.score else self.title


class Preset(NamedTuple):
    """Networks to compare, and in a line what is seen."""

    names: list[str]
    caption: str
    clips: bool = False  # offered where a clip is on screen


Groups = dict[str, list[Listed]]  # by heading
OWN = "Your network"  # the heading of those that a visitor brought along

DATA_TITLES = {"caltech101": "Classification, 101 classes", "msrc": "Segmentation, 23 classes",
               "camvid": "Streets, 11 classes", "fashion": "28 × 28 grey", "clips": "Clips with erased patches, 23 classes",
               "moves": "Clips of 8 motions"}
OF_CLIPS = [DATA_TITLES["clips"], DATA_TITLES["moves"]]  # how headings of networks that are made for clips begin
PRESETS = {
    "First look": Preset(
        ["dinov2_small", "msrc_embedded_gaussian", "camvid_criss_cross", "msrc_gc"],
        "DINOv2 sees the whole animal, non-local a few keys, criss-cross the cross, GC one map for all."),
    "GCNet’s question: NL vs SNL vs GC": Preset(
        ["caltech101_embedded_gaussian", "caltech101_snl", "caltech101_gc"],
        "Non-local draws a map for each query; its simplification and global context have one for all."),
    "Query-dependence lost: logits × √C′ or as they are": Preset(
        list(TELLING),
        "One block, trained twice: at logits × √C′ its maps end up as one. Move the sliders to see when."),
    "The four pairwise functions": Preset(
        [f"caltech101_{block}" for block in ("gaussian", "embedded_gaussian", "dot_product", "concatenation")],
        "The two with a softmax pick few keys; dot product and concatenation spread over all of them."),
    "Segmentation heads": Preset(
        [f"msrc_{block}" for block in (
            "embedded_gaussian", "disentangled", "dual", "base_oc", "pyramid_oc", "asp_oc", "criss_cross")],
        "Seven heads for one task: few keys or many, nearly one map (dual attention) or one for each query."),
    "Classification or segmentation: the same block, two tasks": Preset(
        [f"{data}_{block}" for block in ("embedded_gaussian", "disentangled", "gc") for data in ("caltech101", "msrc")],
        "Trained to name the photo, a block tells queries further apart than trained to label each place."),
    "Channels and gates": Preset(
        ["msrc_dual", "msrc_rga", "msrc_se", "msrc_gc"],
        "Where rows are channels, point at the matrix or the bars: the channel appears in the photo."),
}


WHAT_TIME_ADDS = "What time adds"
PRESETS[WHAT_TIME_ADDS] = Preset(
    ["clips_embedded_gaussian", "clips_embedded_gaussian_framewise"],
    "Over all frames the block finds again what moves; the same block frame by frame cannot.", clips=True)


def suited(names: list[str], groups: Groups, presets: dict[str, Preset], is_clip: bool, most: int) -> list[str]:
    """The networks for what is on screen now: of a clip at least one that takes clips, of a photo none of those.

    Whoever has chosen none of their own gets the preset for it.
    """
    of_clips = [network.name for networks in groups.values() for network in networks if network.clips]
    first, time = (presets.get(title) for title in (next(iter(PRESETS)), WHAT_TIME_ADDS))
    if is_clip:
        if not of_clips or any(set(name.split(MINUS)) & set(of_clips) for name in names):
            return names
        return time.names if first and time and names == first.names else [of_clips[0], *names][:most]
    left = [name for name in names if not set(name.split(MINUS)) & set(of_clips)]
    return left if (left and not (time and names == time.names)) or not first else first.names


def bundled_groups() -> Groups:
    """The bundled networks that attend, the transformer first, then by data set, each with its score.

    One whose weights are not here is not offered; its heading says what to type.
    """
    groups: Groups = {}
    for row in list_models():
        if not row["data"]:
            heading = f"{row['title']}: {row['how']}" if row["how"] else "Transformer, self-supervised"
            groups[heading] = [] if row["how"] else [Listed(row["title"], row["name"])]
        elif row["block"]:
            heading = f"{DATA_TITLES[row['data']]} (no block: {row['score_without_block']:.1%})"
            listed = Listed(row["title"], row["name"], f"{row['score']:.1%}", row["data"], row["clips"], row["snapshots"])
            groups.setdefault(heading, []).append(listed)
    return groups
