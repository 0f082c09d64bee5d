"""nlviz as a package: what an import brings in, and a wheel that works away from the checkout."""

import email
import os
import pickle
import re
import socket
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

import nlviz
from tests.pictures.drawn import quarters

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"gradio", "matplotlib", "timm", "torchvision", "safetensors", "PIL"}
CAPTURE = """
import torch, nlviz
with nlviz.capture_maps(nlviz.blocks.BLOCKS["gc"](8)) as maps: pass
"""
HELP = """
from nlviz.cli import main
try: main(["render", "--help"])
except SystemExit: pass
"""


def run(*command, **options) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("code, needless", [("import nlviz", {"torch", "numpy"} | HEAVY), (HELP, {"torch", "numpy"} | HEAVY),
                                            (CAPTURE, HEAVY)], ids=["import nlviz", "--help", "capture_maps"])
def test_what_is_not_needed_is_not_imported(code, needless):
    loaded = run(sys.executable, "-c", f"{code}\nimport sys; print(); print(*sys.modules)", cwd=ROOT).splitlines()[-1].split()
    assert "nlviz" in loaded and not needless & set(loaded)


def test_names_that_are_imported_late_behave_as_all_others():
    names = {}
    exec("from nlviz import *", names)
    assert names["capture_maps"] is nlviz.capture_maps is nlviz.capture.capture_maps
    assert {*nlviz.__all__} <= names.keys() and {*nlviz.__all__} <= {*dir(nlviz)}
    assert all(pickle.loads(pickle.dumps(names[name])) == names[name] for name in nlviz.__all__)
    assert not hasattr(nlviz, "nothing")


def pip(*arguments, python=sys.executable) -> None:
    run(python, "-m", "pip", *arguments, "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check")


def built(source: Path, folder: Path) -> Path:
    """The wheel that pip makes of a checkout or of a source distribution."""
    pip("wheel", source, "--no-build-isolation", "--wheel-dir", folder)
    return next(folder.glob("*.whl"))


def contents(wheel: Path) -> dict[str, int]:
    """The checksum of each file in a wheel."""
    return {info.filename: info.CRC for info in ZipFile(wheel).infolist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """An empty environment with the wheel in it, which borrows all else from the running one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    python = home / "bin/python"
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    pip("install", "--ignore-installed", wheel, python=python)
    return home


def test_the_wheel_holds_every_file_of_the_program_and_every_checkpoint(wheel):
    written = [path for path in (ROOT / "nlviz").rglob("*") if path.is_file() and path.suffix not in (".pyc", ".pyi")]
    expected = {str(path.relative_to(ROOT)) for path in written} | {
        f"nlviz/checkpoints/{path.name}" for path in (ROOT / "checkpoints").iterdir()}
    assert {name for name in contents(wheel) if name.startswith("nlviz/")} == expected


def test_a_source_distribution_builds_the_same_wheel(wheel, tmp_path):
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", tmp_path, cwd=ROOT)
    assert contents(built(next(tmp_path.glob("*.tar.gz")), tmp_path)) == contents(wheel)


def test_the_page_is_served_with_releases_that_the_package_allows(wheel):
    with ZipFile(wheel) as file:
        metadata = email.message_from_bytes(file.read(next(n for n in file.namelist() if n.endswith("/METADATA"))))
    allowed = {found.name: found.specifier for found in map(Requirement, metadata.get_all("Requires-Dist"))}
    served = [Requirement(line) for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert {found.name for found in served} == allowed.keys()
    pins = {found.name: next(iter(found.specifier)).version for found in served if "==" in str(found.specifier)}
    assert len(pins) > 5 and all(allowed[name].contains(version) for name, version in pins.items())
    assert f"sdk_version: {pins['gradio']}\n" in (ROOT / "README.md").read_text()  # what a Space installs


def test_an_installed_nlviz_draws_in_any_folder_with_its_own_checkpoints(installed, tmp_path):
    quarters(120, 80).save(tmp_path / "photo.png")
    code = """
import sys
from nlviz import cli, models
print(models.CHECKPOINTS, models.NEW_CHECKPOINTS.absolute())
sys.exit(cli.main(["models"]) or cli.main(sys.argv[1:]))
"""
    said = run(installed / "bin/python", "-c", code, "render", "photo.png", "--model", "fashion_embedded_gaussian", "--query",
               "0.2,0.3", "--resolution", 224, "--out", "figure.pdf", cwd=tmp_path)
    found, new = map(Path, said.splitlines()[0].split())
    assert found.is_relative_to(installed) and new == tmp_path / "checkpoints"
    assert re.search(r"^msrc_gc\s+gc\s+segmentation", said, re.MULTILINE)
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_an_installed_nlviz_serves_the_page_from_any_folder(installed, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([installed / "bin/nlviz", "serve", "--port", str(port)], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
                          env=os.environ | {"PYTHONUNBUFFERED": "1"}) as server:
        try:
            address = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
            page = urllib.request.urlopen(address).read().decode()
        finally:
            server.terminate()
    assert f":{port}" in address and "See who attends to whom" in page


def test_the_module_is_the_installed_command(installed, tmp_path):
    said = [run(*command, "serve", "--help", cwd=tmp_path) for command in (
        [installed / "bin/nlviz"], [installed / "bin/python", "-m", "nlviz"])]
    assert said[0] == said[1] and said[0].startswith("usage: nlviz serve")
