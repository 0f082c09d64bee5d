"""What the README prints runs as printed."""

import re
from pathlib import Path

import pytest

import nlviz
from nlviz.analysis import analyse
from nlviz.images import open_picture
from tests.test_images import quarters

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
SCRIPTS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_every_script_runs(number, monkeypatch):
    launched = []
    monkeypatch.setattr(nlviz, "launch", lambda models, preprocess: launched.append((models, preprocess)))
    names = {}
    exec(SCRIPTS[number], names)
    assert launched or names["z"].shape == (1, 64, 14, 14)
    for models, preprocess in launched:
        for net in models.values():
            assert analyse(net, open_picture(quarters(300, 200)), 448, preprocess).maps[0].parity.outcome == "nothing added"


def test_the_files_it_points_to_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    assert links and all((ROOT / link).exists() for link in links)


def test_it_gives_the_two_commands_first():
    assert README.index("make run") < README.index("make test") < README.index("## ")


@pytest.mark.parametrize("target", ["run", "test", "bench", "train"])
def test_every_make_target_that_it_names_is_there(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) and f"make {target}" in README
