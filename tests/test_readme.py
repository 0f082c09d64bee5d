"""What README and docs/ print runs as printed, and what they point to is there."""

import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from nlviz.analysis import analyse
from nlviz.blocks import Block
from nlviz.cli import commands, main
from nlviz.export import read_recipe
from nlviz.models import MODELS, check_model, load_model
from nlviz.pictures import open_picture
from nlviz.recipes import Recipe
from tests.pictures.drawn import quarters
from tests.test_architecture import HOUSE

ROOT = Path(__file__).resolve().parent.parent
WRITTEN, MADE = ([str(path.relative_to(ROOT)) for pattern in patterns for path in sorted(ROOT.glob(pattern))]
                 for patterns in (["README.md", "docs/*.md"], ["checkpoints/*.md", "docs/*/*/*.md"]))  # by hand, and by programs
PAGES = {page: (ROOT / page).read_text() for page in [*WRITTEN, *MADE]}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROSE = {page: FENCE.sub("", text) for page, text in PAGES.items()}
EXAMPLE = "docs/adding-a-block.md"  # it has a test of its own
SLOW = ("train", "DIR")  # training, and what needs the data sets: read as the program reads it, but not run


def fenced(language: str) -> list:
    """(page, code) of every block of a language."""
    found = [(page, code) for page in WRITTEN if page != EXAMPLE for kind, code in FENCE.findall(PAGES[page]) if kind == language]
    assert found
    return [pytest.param(page, code, id=f"{page}: {code.splitlines()[0]}") for page, code in found]


@pytest.fixture
def served(monkeypatch) -> list[dict]:
    """What was to be served, instead of serving it."""
    found = []
    monkeypatch.setattr("nlviz.ui.launch", lambda models=None, preprocess=None, **more:
                        found.append({"models": models, "preprocess": preprocess, **more}))
    return found


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """Where the commands are typed; $PHOTO is one of two photos."""
    (tmp_path / "photos").mkdir()
    for name, size in {"lion.jpg": (48, 32), "tower.jpg": (32, 48)}.items():
        quarters(*size).save(tmp_path / "photos" / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHOTO", str(tmp_path / "photos/lion.jpg"))
    for module in ("reaching", "from_torchvision"):
        monkeypatch.setattr(f"nlviz.models.{module}.reachable", lambda url: False)
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)  # a study's would outlive it
    return tmp_path


def words_of(line: str) -> list[str]:
    """A command's words as a shell reads it: without comments, what stands for something replaced by it."""
    read = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, text=True, check=True)
    return read.stdout.split("\0")[:-1]


def understood(arguments: list[str], monkeypatch) -> dict:
    """What the real command line takes the arguments for; nothing runs."""
    taken = []
    with monkeypatch.context() as patch:
        for name, function in inspect.getmembers(commands, inspect.isfunction):
            if function.__module__ == commands.__name__ and not name.startswith("_"):
                patch.setattr(commands, name, taken.append)
        assert main(arguments) == 0
    return vars(taken[0])


def names_networks_that_exist(taken: dict) -> bool:
    """Raises KeyError, or ModelError, where it does not."""
    names = [taken["name"]] if "name" in taken else taken.get("model") or []
    for name in names:
        if name not in ("all", *(spec.data for spec in MODELS.values())):
            check_model(name)
    return True


@cache
def made_by(*words: str) -> list[str]:
    """The commands that make would run."""
    dry = subprocess.run(["make", "--dry-run", "--always-make", *words], cwd=ROOT, capture_output=True, text=True)
    assert dry.returncode == 0, dry.stderr
    return re.findall(r"-m nlviz ([^|;\n]+)", dry.stdout)


def check_make(words: list[str], monkeypatch) -> None:
    monkeypatch.setenv("recipe", "made.json")  # the gallery's loop
    for command in made_by(*words):
        assert names_networks_that_exist(understood(words_of(command), monkeypatch))


def check_program(words: list[str], served: list, monkeypatch) -> None:
    starter, arguments = words[:words.index("nlviz")], words[words.index("nlviz") + 1:]
    assert not starter or (starter[0].startswith(".venv/bin/") and Path(sys.executable).with_name(Path(starter[0]).name).exists())
    taken = understood(arguments, monkeypatch)
    assert names_networks_that_exist(taken)
    if any(slow in part for slow in SLOW for part in arguments):
        return
    before = len(served)
    assert main(arguments) == 0
    assert len(served) - before == (arguments[0] in ("open", "serve"))
    if taken.get("out"):
        assert taken["out"].stat().st_size and (taken["out"].is_file() or any(taken["out"].iterdir()))


def check(line: str, served: list, monkeypatch, capsys) -> None:
    """Run a line as a reader would, or read it as the program does where it takes long."""
    if example := re.fullmatch(r'PHOTO=\$\(\.venv/bin/python -c "(.*)"\)', line):
        exec(example[1], {})
        assert open_picture(capsys.readouterr().out.strip())
        return
    words = words_of(line)
    if words[0] == "make":
        check_make(words[1:], monkeypatch)
    elif words[:2] == ["pip", "install"]:
        assert 'nlviz = "nlviz.cli:main"' in (ROOT / words[2] / "pyproject.toml").read_text()
    else:
        check_program(words, served, monkeypatch)


@pytest.mark.parametrize("page, block", fenced("sh"))
def test_every_command_runs(page, block, here, served, monkeypatch, capsys):
    for line in block.replace("\\\n", " ").strip().splitlines():
        check(line, served, monkeypatch, capsys)


def beside_weights(picture: Path) -> Recipe:
    """What a figure shows, whichever weights a library had: pretrained ones may lie on this machine."""
    recipe = read_recipe(picture)
    return replace(recipe, networks=tuple(network["name"] for network in recipe.networks))


@pytest.mark.parametrize("page, script", fenced("python"))
def test_every_script_runs(page, script, here, served):
    names = {}
    exec(script, names)
    assert served or names.get("maps") or any(getattr(made, "maps", ()) for made in names.values())
    for picture in here.glob("*.png"):
        assert beside_weights(picture) == beside_weights(ROOT / "docs/examples" / picture.name), "make gallery draws it anew"
    assert "nl_map" not in names or (names["z"].shape, names["nl_map"].shape) == ((1, 64, 14, 14), (1, 196, 49))
    for call in served:
        for name, net in call["models"].items():
            preprocess = call["preprocess"][name] if isinstance(call["preprocess"], dict) and name in call["preprocess"] else \
                call["preprocess"]
            model = load_model(net) if isinstance(net, str) else net
            parity = analyse(model, open_picture(quarters(300, 200)), 224, preprocess).maps[0].parity
            assert parity.outcome == ("nothing added" if any(isinstance(m, Block) for m in model.modules()) else "holds")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_in_a_sentence_is_one(page, monkeypatch):
    for code in re.findall(r"`([^`]+)`", PROSE[page]):
        if code.startswith("make "):
            check_make(shlex.split(code)[1:], monkeypatch)
        elif command := re.fullmatch(r"(?:python -m )?nlviz (\w.*)", code):
            understood(shlex.split(command[1]), monkeypatch)


@pytest.mark.parametrize("page", WRITTEN)
def test_every_block_is_of_a_kind_that_is_checked(page):
    fences = FENCE.findall(PAGES[page])
    assert PAGES[page].count("```") == 2 * len(fences) and {kind for kind, _ in fences} <= {"python", "sh", "text"}


def headings(path: Path) -> set[str]:
    """The anchors of a page's headings."""
    lines = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES)
def test_what_it_points_to_is_there(page):
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PROSE[page]) if "://" not in link]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists() and (not anchor or anchor in headings(target)), link
    files = re.findall(r"`((?:nlviz|tests|checkpoints|benchmarks|examples|docs)/[^`*]*|app\.py)`", PROSE[page])
    assert not [name for name in files if not (ROOT / name).exists()]


def test_every_page_is_reached_from_readme():
    assert not [page for page in WRITTEN[1:] if f"]({page})" not in PROSE["README.md"]]


def test_readme_takes_three_minutes_and_gives_the_two_commands_first():
    text = PAGES["README.md"]
    assert text.startswith("---\ntitle: nlviz\n") and text.count("\n") <= 150
    assert text.index("docs/page.png") < text.index("make run") < text.index("make test") < text.index("\n## ")


@pytest.mark.parametrize("page", WRITTEN)
def test_lines_are_no_longer_than_those_of_the_code(page):
    assert not [line for line in PAGES[page].splitlines() if len(line) > 132 and not line.startswith("|")]


def test_the_floors_of_the_house_are_those_that_its_imports_keep():
    house = next(code for kind, code in FENCE.findall(PAGES["docs/rooms.md"]) if kind == "text")
    floors = [[re.match(r"\w+", line)[0] for line in floor.splitlines()] for floor in house.split("\n\n")]
    assert floors == [floor.split() for floor in HOUSE.strip().splitlines()]


SEEN = """
import json, sys
from nlviz.analysis import analyse
from nlviz.blocks import Block
from nlviz.cli import main
from nlviz.models import load_model
from nlviz.ui.presets import bundled_groups

for arguments in json.loads(sys.argv[1]):
    assert main(arguments) == 0, arguments
placed = analyse(load_model("msrc_nearby"), sys.argv[2]).maps[0]
assert placed.parity.outcome == "holds" and placed.strongest(0.5, 0.5)[0] == placed.queries.cell(0.5, 0.5)
assert "msrc_nearby" in [network.name for networks in bundled_groups().values() for network in networks]
"""


def test_a_block_is_added_trained_and_seen_exactly_as_printed(tmp_path, stripes, monkeypatch):
    for folder in ("nlviz", "checkpoints"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (_, code), (_, entry), (_, block) = FENCE.findall(PAGES[EXAMPLE])
    (tmp_path / re.match(r"# (\S+)", code)[1]).write_text(code)
    package, (above, line) = tmp_path / "nlviz/blocks/__init__.py", entry.splitlines()
    package.write_text(package.read_text().replace("\nBLOCKS:", f"\n{above}\n\nBLOCKS:").replace("] = {\n", f"] = {{\n{line}\n"))
    monkeypatch.setenv("PHOTO", photo := str(stripes / "msrc/0.jpg"))
    typed = [words_of(command.replace("DIR", str(stripes)))[3:] for command in block.splitlines() if " -m nlviz " in command]
    typed[0] += ["--epochs", "1"]
    run = subprocess.run([sys.executable, "-c", SEEN, json.dumps(typed), photo], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert [words[0] for words in typed] == ["train", "models", "render"] and "msrc_nearby: pixel accuracy" in run.stdout
    assert re.search(r"msrc_nearby\s+nearby\s+segmentation", run.stdout)
    assert "| msrc_nearby | nearby |" in (tmp_path / "checkpoints/README.md").read_text()
    assert (tmp_path / "nearby.pdf").read_bytes().startswith(b"%PDF")
