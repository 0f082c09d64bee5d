"""The viewer's scripts say at their head what they give and what they take; a linter finds where that is not so."""

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from nlviz.viewer.scripts import SCRIPTS

ROOT = Path(__file__).parents[2]
JOINED = [f"viewer/js/{name}" for name in SCRIPTS]
OTHERS = ["export/offline_page.js", "ui/component.js", "ui/make.js", "ui/subtracting.js", "ui/chooser.js", "ui/clip_strip.js",
          "ui/own_form.js", "ui/own_tab.js"]
TEXTS = {Path(path).name: (ROOT / "nlviz" / path).read_text() for path in [*JOINED, *OTHERS]}
GRADIO = {("Gradio", name) for name in ("element", "props", "server", "trigger", "watch")}  # what js_on_load of gr.HTML finds


def head(text: str, label: str) -> str:
    """What follows ``Gives:`` or ``Takes:`` in the comment at the head of a script, on one line."""
    comment = re.match(r"(?://.*\n)+", text)[0].replace("\n//  ", "")
    return (re.search(rf"^// {label}: (.*)\.$", comment, re.MULTILINE) or ["", ""])[1]


def given(text: str) -> list[str]:
    return re.findall(r"\w+", head(text, "Gives"))


def taken(text: str) -> dict[str, list[str]]:
    """The names taken from each script."""
    return {source: re.findall(r"\w+", names) for source, names in re.findall(r"([\w.]+): ([\w, ]+)", head(text, "Takes"))}


def as_module(text: str) -> str:
    """The head as imports and exports, which a linter understands; every line stays where it is."""
    imports = "".join(f'import {{{", ".join(names)}}} from "./{source}"; ' for source, names in taken(text).items())
    return imports + text + (f"export {{{', '.join(given(text))}}};\n" if given(text) else "")


def problems(folder: Path, texts: dict[str, str]) -> list[str]:
    """What the linter says of scripts with such heads, a line each."""
    for name, text in texts.items():
        (folder / name).write_text(as_module(text))
    oxlint = [Path(sysconfig.get_path("scripts")) / "oxlint", "--config", ROOT / ".oxlintrc.json", "--format", "unix", "."]
    told = subprocess.run(oxlint, cwd=folder, capture_output=True, text=True).stdout
    return re.findall(r"^\S+\.js:.*", told, re.MULTILINE)


def test_a_script_uses_what_it_takes_and_defines_what_it_gives_and_leaves_nothing_unused(tmp_path):
    assert problems(tmp_path, TEXTS) == []


def test_each_script_takes_what_another_gives_and_nobody_gives_what_nobody_takes():
    gifts = {(name, one) for name, text in TEXTS.items() for one in given(text)}
    assert {(source, one) for text in TEXTS.values() for source, names in taken(text).items() for one in names} == gifts | GRADIO


def test_a_script_takes_only_from_those_joined_before_it():
    place = {name: at for at, name in enumerate(["Gradio", *TEXTS])}
    assert [(name, source) for name, text in TEXTS.items() for source in taken(text) if place[source] >= place[name]] == []


def test_every_script_of_the_folder_is_joined():
    assert sorted(SCRIPTS) == sorted(path.name for path in (ROOT / "nlviz/viewer/js").iterdir())


def named(text: str) -> list[str]:
    """What a script defines outside of any function: functions, and each name of a declaration."""
    found = re.findall(r"^(?:async )?function (\w+)", text, re.MULTILINE)
    for declared in re.findall(r"^(?:const|let) (.*)", text, re.MULTILINE):
        flat = re.sub(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}", "", re.sub(r'"[^"]*"|`[^`]*`', "", declared.split("//")[0]))
        found += re.findall(r"(?:^|, )(\w+) =(?![=>])", flat)
    return found


def test_no_two_scripts_define_the_same_name_since_they_share_one_function():
    defined = [(name, script) for script in SCRIPTS for name in named(TEXTS[script])]
    assert len(defined) > 300 and len({name for name, _ in defined}) == len(defined), \
        sorted(one for one in defined if sum(one[0] == other[0] for other in defined) > 1)


@pytest.mark.parametrize("text, names", [
    ("const A = 1, B = [2, 3];\n  const inside = 4;", ["A", "B"]),
    ("async function load(a, b) {}\nfunction keep() {}", ["load", "keep"]),
    ("const isOf = ({a, b}) => a === b, SIZES = {c: 1, d: 2};", ["isOf", "SIZES"]),
    ('const HELP = "x, y = 2", LAST = 3;  // of, z = 4', ["HELP", "LAST"]),
])
def test_the_names_of_a_script_are_found(text, names):
    assert named(text) == names


SCRIPT = """// Pins: those that stay.
// Gives: pin,
//   unpin.
// Takes: geometry.js: cellAt,
//   clamp; looks.js: isFlat.

function pin(point) { return isFlat(point) ? clamp(point) : cellAt(point); }
function unpin() { pin(null); }
"""


@pytest.mark.parametrize("old, new, problem", [
    ("", "", None),
    ("return", "nowhere(); return", "'nowhere' is not defined"),
    ("return", "setTimeout(event); return", "'event' is not defined"),                       # a global only by accident
    ("return", "const lost = 1; return", "'lost' is declared but never used"),
    ("function unpin", "function lost() { }\nfunction unpin", "'lost' is declared but never used"),
    ("isFlat(point)", "point", "'isFlat' is imported but never used"),
    ("clamp;", "centreOf;", "'clamp' is not defined"),
    ("; looks.js: isFlat", "", "'isFlat' is not defined"),
    ("unpin.", "lost.", "Export 'lost' is not defined"),
    (",\n//   unpin", "", "'unpin' is declared but never used"),
    ("isFlat(point)", "isFlat == point", "Expected ==="),
    ("return", "var q = 1; return q +", "Unexpected var"),
    ("return", "let q = 1; return q +", "`q` is never reassigned"),
])
def test_the_linter_finds(tmp_path, old, new, problem):
    found = problems(tmp_path, {"pins.js": SCRIPT.replace(old, new, 1)})
    assert any(problem in line for line in found) if problem else found == []
