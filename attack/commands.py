"""Hostile recipes given to the command line: nlviz render --recipe; and arguments that are none."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from attack.field import Field
from attack.judging import Answer, Outcome, Wrong, attempt
from attack.recipes import KINDS
from attack.running import command, told
from attack.whole import check_folder

NUMBER = 40
ARGUMENTS = [line.split() for line in """
    render p.png
    render p.png --model none --query 0,0 --out f.png
    render p.png --model msrc_gc --query nan,0 --out f.png
    render p.png --model msrc_gc --query 0,0 --out none/f.png
    render p.png --model msrc_gc --query 0,0 --out f.exe
    render --recipe none.json --out f.png
    render --recipe p.png --out f.png
    render --recipe /dev/zero --out f.png
    measure /dev/zero --model msrc_gc
    measure none.png --model msrc_gc
    measure p.png --model msrc_gc@x
    study none --model msrc_gc --out r
    study . --model msrc_gc --out p.png
    train msrc_gc --data none
    train none --data .
""".strip().splitlines()]


def run(field: Field) -> Iterator[Outcome]:
    for make in field.chosen(KINDS, NUMBER):
        text = make(field.random).encode("utf-8", "surrogatepass")
        yield attempt(f"render --recipe, {make.__name__}: {str(text[17:70])[2:-1]}",
                      lambda t=text: tried(field, ["render", "--recipe", "r.json", "--out", "f.png"], t))
    for arguments in field.chosen(ARGUMENTS, len(ARGUMENTS)):
        yield attempt(f"arguments: {' '.join(arguments)}", lambda a=arguments: tried(field, a))


def tried(field: Field, arguments: list[str], recipe: bytes = b"") -> Answer:
    folder = field.place("command")
    (folder / "r.json").write_bytes(recipe)
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(folder / "p.png")
    answer = told(field.held(command(arguments, folder)))
    check_folder(folder)
    if answer.shown and "--out" in arguments and not (folder / arguments[-1]).exists():
        raise Wrong("exit code 0 and no file")
    return answer
