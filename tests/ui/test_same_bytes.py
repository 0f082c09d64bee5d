"""One figure from the page, from the command line and from its recipe: the same bytes."""

import base64
from functools import partial

import pytest

from nlviz.cli import main
from nlviz.models import load_model
from nlviz.recipes import Recipe
from nlviz.ui import showing, wiring
from nlviz.ui.examples import EXAMPLES
from nlviz.ui.store import Store


@pytest.mark.parametrize("layout", ["layers x heads", "distance against layer"])
def test_a_transformers_figure_is_the_same_from_page_command_line_and_recipe(tmp_path, layout):
    store = Store({"dinov2_small": partial(load_model, "dinov2_small")})
    *_, shown = showing.show(store, EXAMPLES[0], ["dinov2_small"], 224)
    answer = wiring.export(store, {
        "key": shown["scene"]["key"], "format": "pdf", "layout": layout, "width": "two columns", "dpi": 300,
        "queries": [[0.43, 0.34]], "settings": Recipe({}, (), ()).settings, "parts": {}})
    page, typed, again = (tmp_path / f"{name}.pdf" for name in ("page", "typed", "again"))
    page.write_bytes(base64.b64decode(answer["data"]))
    main(["render", EXAMPLES[0], "--model", "dinov2_small", "--resolution", "224", "--query", "0.43,0.34", "--layout", layout,
          "--out", str(typed)])
    main(["render", "--recipe", str(page), EXAMPLES[0], "--out", str(again)])
    assert page.read_bytes() == typed.read_bytes() == again.read_bytes()
