"""The tracked object of a clip, for the gallery: docs/gallery/filmstrip.png, and as a query that moves filmstrip.gif.

The clip is made from two photos that gradio ships, so no recipe beside it finds it again; both files carry theirs all the same.
"""

from pathlib import Path

import gradio as gr

from nlviz.analysis import analyse
from nlviz.export import make_recipe, write
from nlviz.models import load_model
from nlviz.pictures import Chosen, moving_object_clip
from nlviz.recipes import Recipe

OUT = Path(__file__).resolve().parent.parent / "docs/gallery"
NETWORKS = ("clips_embedded_gaussian", "clips_embedded_gaussian_framewise")
QUERY = (0.25, 0.732, 0)  # on the object: of its cells the one whose row stays most with it
WAY = (QUERY, (0.583, 0.339, 4), (0.9, 0.72, 7))  # with it


def main() -> None:
    clip = moving_object_clip(gr.get_image("tower.jpg"), gr.get_image("lion.jpg"), chosen=Chosen(0, 8, 2))
    analyses = [analyse(load_model(name), clip, 448) for name in NETWORKS]
    write(analyses, make_recipe(analyses, Recipe({}, (), (QUERY,), layout="filmstrip", dpi=150)), OUT / "filmstrip.png")
    moving = Recipe({}, (), WAY, layout="filmstrip", dpi=80)
    write(analyses[:1], make_recipe(analyses[:1], moving), OUT / "filmstrip.gif")


if __name__ == "__main__":
    main()
