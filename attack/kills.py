"""SIGKILL at any moment of a render, a study and a training: nothing is half-written, and the same command goes on."""

import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from attack.field import Field
from attack.judging import Answer, Outcome, Wrong, attempt, short, what_is_wrong
from attack.running import Ran, command, told
from attack.whole import check_folder

NUMBER = 40
MASK = np.where(np.arange(96) < 48, 2, 7)[None].repeat(64, 0).astype(np.uint8)  # (64, 96): grass, sky
RENDER = "render pictures/0.png --model msrc_gc --query 0.4,0.4 --resolution 224 --dpi 150 --overwrite --out f."
COMMANDS = {  # title -> arguments
    **{f"render {kind}": (RENDER + kind).split() for kind in ("png", "zip", "pdf")},
    "study": "study pictures --model msrc_gc --resolution 224 --out out".split(),
    "train": "train msrc_gc --data data --epochs 2 --out out".split()}


def prepared(field: Field, name: str) -> Path:
    """A folder with three pictures, and four more with masks in msrc's layout."""
    folder, random = field.place(name), np.random.default_rng(0)
    (folder / "pictures").mkdir()
    (folder / "data/msrc").mkdir(parents=True)
    for number in range(4):
        pixels = random.integers(0, 255, (64, 96, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "pictures" / f"{number}.png")
        Image.fromarray(pixels).save(folder / "data/msrc" / f"{number}.jpg")
        Image.fromarray(MASK).save(folder / "data/msrc" / f"{number}.png")
    (folder / "data/msrc/train.txt").write_text("0\n1\n2\n")
    (folder / "data/msrc/test.txt").write_text("3\n")
    return folder


def results(folder: Path) -> dict[str, str]:
    """What the command made, by name: the hash of its bytes; times that a card tells are left out."""
    paths = [path for name in ("out", ".") for path in (folder / name).glob("*" if name == "out" else "f.*") if path.is_file()]
    return {str(path.relative_to(folder)): digest(path) for path in paths if not path.name.startswith(".")}


def digest(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix in (".json", ".md"):
        content = b"\n".join(line for line in content.splitlines() if b"minutes" not in line and b"min on" not in line)
    return sha256(content).hexdigest()


class Undisturbed:
    """How long a command takes and what it makes where nothing comes between; each is run once."""

    def __init__(self, field: Field):
        self.field, self.known = field, {}

    def __call__(self, title: str) -> tuple[float, dict[str, str]]:
        if title not in self.known:
            folder = prepared(self.field, "whole")
            ran = self.field.held(command(COMMANDS[title], folder))
            if ran.code != 0:
                raise Wrong(f"fails undisturbed: {ran.fault or short(ran.err)}")
            self.known[title] = ran.seconds, results(folder)
            shutil.rmtree(folder)
        return self.known[title]


def disturbed(field: Field, title: str, undisturbed: Undisturbed, disturb: Callable[[Path, float], Ran]) -> Answer:
    """Disturb a command, look at what is there, run it again, and compare with what it makes undisturbed."""
    folder, (seconds, expected) = prepared(field, "disturbed"), undisturbed(title)
    ran = field.held(disturb(folder, seconds))
    check_folder(folder)
    answer = Answer(shown=True) if ran.code is None and not ran.fault else told(ran)
    if wrong := what_is_wrong(answer):
        raise Wrong(wrong)
    again = field.held(command(COMMANDS[title], folder))
    if again.code != 0:
        raise Wrong(f"does not go on: {again.fault or short(again.err)}")
    found = results(folder)
    if changed := [name for name in expected if found.get(name) != expected[name]]:
        raise Wrong(f"the same command gives another {', '.join(changed)[:100]}")
    shutil.rmtree(folder)
    return answer


def run(field: Field) -> Iterator[Outcome]:
    undisturbed = Undisturbed(field)
    for title in field.chosen(list(COMMANDS), NUMBER):
        when = field.random.random()
        yield attempt(f"{title}: killed at {when:.2f} of its time", lambda t=title, w=when: disturbed(
            field, t, undisturbed, lambda folder, seconds: command(COMMANDS[t], folder, killed_after=w * seconds)))
