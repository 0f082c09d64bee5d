"""The house: imports point down only, a room is entered by its door, and each library is known where it belongs."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = """
    cli
    ui notebook
    export
    viewer study snapshots
    figures
    measures guarded
    analysis training
    capture models
    adapters
    blocks pictures
    maps metrics recipes
    files numbers version
"""
FLOOR = {room: -number for number, rooms in enumerate(HOUSE.strip().splitlines()) for room in rooms.split()}
FILES = sorted((ROOT / "nlviz").rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Dotted names of all that a file imports, relative ones made absolute."""
    found = set()
    package = ("nlviz", *path.relative_to(ROOT / "nlviz").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[:len(package) - node.level + 1], node.module or ""]).strip(".") if node.level else node.module
            found |= {base} if node.module else {f"{base}.{alias.name}" for alias in node.names}
    return found


def room(path: Path) -> str:
    return path.relative_to(ROOT / "nlviz").parts[0].removesuffix(".py")


def arrows(path: Path) -> set[str]:
    """Dotted names of what a file imports from other rooms, without ``nlviz.``."""
    found = {name.removeprefix("nlviz.") for name in imports(path) if name.startswith("nlviz.")}
    return {name for name in found if name.split(".")[0] != room(path)}


def rooms_beside(path: Path) -> set[str]:
    return {name.split(".")[0] for name in arrows(path)}


INSIDE = [path for path in FILES if room(path) not in ("__init__", "__main__")]


def test_every_room_has_its_floor():
    assert {room(path) for path in INSIDE} == set(FLOOR)


def test_imports_point_down_only():
    up = [f"{path.relative_to(ROOT)} ({room(path)}) -> {below}" for path in INSIDE for below in sorted(rooms_beside(path))
          if not FLOOR[below] < FLOOR[room(path)]]
    assert not up, "\n".join(["these arrows run up or along a floor:", *up])


def test_a_room_is_entered_by_its_door():
    through = [f"{path.relative_to(ROOT)} -> {name}" for path in INSIDE for name in sorted(arrows(path)) if "." in name]
    assert not through, "\n".join(["take these names from the room's __init__:", *through])


def test_every_door_says_what_lives_there_and_what_it_may_import():
    for path in (path for path in INSIDE if path.name == "__init__.py"):
        lines = ast.get_docstring(ast.parse(path.read_text())).splitlines()
        assert len(lines) <= 5 and any(line.startswith("May import ") for line in lines), path


@pytest.mark.parametrize("library, rooms", [
    ("gradio", {"ui"}), ("matplotlib", {"figures"}), ("PIL", {"pictures", "training", "figures"}),
    ("timm", {"models"}), ("torchvision", {"models"}), ("transformers", {"models"}), ("onnx", {"models"}),
    ("huggingface_hub", {"models"}), ("av", {"pictures", "export"})])
def test_a_library_is_known_only_where_it_belongs(library, rooms):
    knowing = {room(path) for path in FILES if any(name.split(".")[0] == library for name in imports(path))}
    assert knowing <= rooms


def test_the_lower_rooms_know_only_torch():
    lower = [path for path in FILES if room(path) in ("maps", "blocks", "adapters", "capture", "metrics")]
    outside = {name.split(".")[0] for path in lower for name in imports(path)}
    assert outside <= {"torch", "nlviz", "abc", "copy", "contextlib", "dataclasses", "collections", "math",
                       "fractions", "functools", "re", "string", "sys", "threading", "types", "warnings"}


def test_pyplot_is_never_used():
    assert not [path for path in FILES if re.search(r"import.*\bpyplot|matplotlib\.pyplot", path.read_text())]


def test_no_test_file_is_longer_than_400_lines():
    long = [path for path in (ROOT / "tests").rglob("*.py") if len(path.read_text().splitlines()) > 400]
    assert not long
