"""What the README prints runs as printed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nlviz
from nlviz.analysis import analyse
from nlviz.pictures import open_picture
from tests.pictures.test_pictures import quarters

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLE = README[README.index("## Adding a block"):README.index("## Measurements")]
SCRIPTS = re.findall(r"```python\n(.*?)```", README.replace(EXAMPLE, ""), re.DOTALL)


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


def test_a_block_is_added_trained_and_seen_exactly_as_printed(tmp_path, stripes):
    shutil.copytree(ROOT / "nlviz", tmp_path / "nlviz", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "checkpoints", tmp_path / "checkpoints")
    code, line, commands = (part for _, part in re.findall(r"```(python)?\n(.*?)```", EXAMPLE, re.DOTALL))
    (tmp_path / re.match(r"# (\S+)", code)[1]).write_text(code)
    package, (above, entry) = tmp_path / "nlviz/blocks/__init__.py", line.splitlines()
    package.write_text(package.read_text().replace("\nBLOCKS:", f"\n{above}\n\nBLOCKS:").replace("] = {\n", f"] = {{\n{entry}\n"))
    photo, (train, models, render) = str(stripes / "msrc/0.jpg"), commands.strip().splitlines()

    def run(command):
        for printed, here in {".venv/bin/python": sys.executable, "DIR": str(stripes), "$PHOTO": photo}.items():
            command = command.replace(printed, here)
        return subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "msrc_nearby: pixel accuracy" in run(train + " --epochs 1")
    assert re.search(r"msrc_nearby\s+nearby\s+segmentation", run(models))
    assert "| msrc_nearby | nearby |" in (tmp_path / "checkpoints/README.md").read_text()
    run(render)
    assert (tmp_path / "nearby.pdf").read_bytes().startswith(b"%PDF")
    check = """
from nlviz.analysis import analyse
from nlviz.models import load_model
from nlviz.ui.presets import bundled_groups
placed = analyse(load_model("msrc_nearby"), "PHOTO").maps[0]
assert placed.parity.outcome == "holds" and placed.strongest(0.5, 0.5)[0] == placed.queries.cell(0.5, 0.5)
assert "msrc_nearby" in [name for choices in bundled_groups().values() for _, name in choices]
"""
    subprocess.run([sys.executable, "-c", check.replace("PHOTO", photo)], cwd=tmp_path, check=True)
