"""How the bundled networks are grouped, and comparisons at one click."""

from ..models import TELLING, list_models

Groups = dict[str, list[tuple[str, str]]]  # heading -> (label, name) of each network

DATA_TITLES = {"caltech101": "Classification, 101 classes", "msrc": "Segmentation, 23 classes",
               "camvid": "Streets, 11 classes", "fashion": "28 × 28 grey"}
PRESETS = {
    "First look": ["caltech101_embedded_gaussian", "msrc_embedded_gaussian", "msrc_gc"],
    "GCNet’s question: NL vs SNL vs GC": ["caltech101_embedded_gaussian", "caltech101_snl", "caltech101_gc"],
    "Query-dependence lost: logits × √C′ or as they are": list(TELLING),
    "The four pairwise functions": [f"caltech101_{block}"
                                    for block in ("gaussian", "embedded_gaussian", "dot_product", "concatenation")],
    "Segmentation heads": [f"msrc_{block}" for block in (
        "embedded_gaussian", "disentangled", "dual", "base_oc", "pyramid_oc", "asp_oc", "criss_cross")],
    "Classification or segmentation: the same block, two tasks": [
        f"{data}_{block}" for block in ("embedded_gaussian", "disentangled", "gc") for data in ("caltech101", "msrc")],
    "Channels and gates": ["msrc_dual", "msrc_rga", "msrc_se", "msrc_gc"],
}


def bundled_groups() -> Groups:
    """The bundled networks that have a block, by data set, each with its score."""
    groups: Groups = {}
    for row in list_models():
        if row["block"]:
            heading = f"{DATA_TITLES[row['data']]} (no block: {row['score_without_block']:.1%})"
            groups.setdefault(heading, []).append((f"{row['title']}, {row['score']:.1%}", row["name"]))
    return groups
