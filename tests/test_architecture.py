"""The house: imports point down only, and each library is known where it belongs."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEVEL = {name: level for level, names in enumerate([
    ["blocks", "files", "classes", "metrics", "numbers", "recipe", "metadata", "version"],
    ["maps", "images", "backbone", "cards", "schedules", "link"],
    ["capture", "parity", "networks", "data", "dependence"], ["specs"], ["models"], ["analysis", "train", "summary"],
    ["figures", "measures"], ["viewer", "bundle", "report"], ["rendering", "study"], ["notebook", "ui"], ["commands"],
]) for name in names}
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


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down_only(path):
    if room(path) in ("__init__", "__main__"):
        return
    below = {name.split(".")[1] for name in imports(path) if name.startswith("nlviz.")} - {room(path)}
    assert all(LEVEL[name] < LEVEL[room(path)] for name in below), (room(path), below)


@pytest.mark.parametrize("library, rooms", [
    ("gradio", {"ui"}), ("matplotlib", {"figures"}), ("timm", {"backbone"}), ("PIL", {"images", "data", "figures"})])
def test_a_library_is_known_only_where_it_belongs(library, rooms):
    knowing = {room(path) for path in FILES if any(name.split(".")[0] == library for name in imports(path))}
    assert knowing and knowing <= rooms


def test_blocks_and_metrics_know_only_torch():
    outside = {name.split(".")[0] for path in FILES if room(path) in ("blocks", "metrics") for name in imports(path)}
    assert outside <= {"torch", "nlviz", "abc", "dataclasses", "collections", "math"}


def test_pyplot_is_never_used():
    assert not [path for path in FILES if re.search(r"import.*\bpyplot|matplotlib\.pyplot", path.read_text())]
