"""The tab Study writes its report into a temporary folder, and leaves none."""

import tempfile
from pathlib import Path

import pytest
from PIL import Image
from torch import nn

from nlviz.analysis import as_model
from nlviz.blocks import BLOCKS
from nlviz.ui import study_tab
from nlviz.ui.store import Store


@pytest.mark.parametrize("to_the_end", [True, False])
def test_a_report_leaves_nothing_in_the_temporary_directory(tmp_path, monkeypatch, to_the_end):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    Image.radial_gradient("L").save(tmp_path / "a.png")
    model = as_model(nn.Sequential(nn.Conv2d(3, 16, 16, stride=16), BLOCKS["pam"](16)), name="net")
    running = study_tab._measure(Store({"net": lambda: model}), None, [str(tmp_path / "a.png")], ["net"], 64)
    said, figure = "", None
    while "1 pictures measured" not in said:
        said, _, figure, report = next(running)
    assert Path(figure["value"]).stat().st_size > 1000 and Path(report["value"]).stat().st_size > 1000  # for gradio to copy
    assert len(list(temporary.iterdir())) == 1
    if to_the_end:
        assert next(running, "nothing more") == "nothing more"
    else:
        running.close()  # Stop, or a visitor who leaves
    assert not list(temporary.iterdir())
