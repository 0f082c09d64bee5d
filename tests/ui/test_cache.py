"""Uploads lie in a folder of this server, which goes with it."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nlviz.ui.cache import NAME, own_folder, sweep

WAIT = 120  # seconds; a slow machine is no failure
SERVE = """
import os, signal, sys
from nlviz.cli.commands import _end_cleanly
from nlviz.ui.cache import own_folder
signal.signal(signal.SIGTERM, _end_cleanly)
folder = own_folder()
(folder / "photo.png").write_bytes(b"x")
print(folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("how", [signal.SIGTERM, None], ids=str)
def test_a_server_that_ends_or_is_asked_to_leaves_no_upload_behind(temporary, how):
    environment = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"} | {"TMPDIR": str(temporary)}
    server = subprocess.Popen([sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    folder = Path(server.stdout.readline().decode().strip())
    assert folder.parent == temporary and (folder / "photo.png").exists()
    server.send_signal(how) if how else server.stdin.close()
    server.wait(WAIT)
    assert not folder.exists()


def test_what_a_killed_server_left_goes_when_the_next_begins_and_nothing_else_does(temporary):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(WAIT)  # nobody has its number now
    left, living, other = (temporary / f"{NAME}{rest}" for rest in (f"{process.pid}_a", f"{os.getpid()}_b", "of_somebody"))
    for folder in (left, living, other):
        folder.mkdir()
    link = temporary / f"{NAME}{process.pid}_link"
    link.symlink_to(other)
    own = own_folder()
    assert own.is_dir() and not left.exists() and living.exists() and other.exists() and own_folder() == own


def test_the_owner_may_name_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "mine"))
    assert own_folder() == tmp_path / "mine"


def test_uploads_that_were_cut_off_are_swept_away(tmp_path):
    (tmp_path / "tmpabc").write_bytes(b"x")
    (tmp_path / "tmpdir").mkdir()
    (tmp_path / "sha").mkdir()
    sweep(tmp_path, os.stat(tmp_path / "tmpabc").st_mtime)
    assert (tmp_path / "tmpabc").exists()  # not yet
    sweep(tmp_path, os.stat(tmp_path / "tmpabc").st_mtime + 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sha", "tmpdir"]


def test_an_upload_without_room_is_told_so(monkeypatch):
    """As gradio's own route meets it: writing fails."""
    import httpx

    from nlviz.ui import launch
    from tests.test_analysis import network

    app, url, _ = launch({"net": network("gc")}, prevent_thread_lock=True, quiet=True, resolution=64)
    try:
        async def full(self):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("gradio.route_utils.GradioMultiPartParser.parse", full)
        answer = httpx.post(f"{url}gradio_api/upload", files={"files": ("a.png", b"x")}, verify=False, timeout=WAIT)
        assert answer.status_code == 507 and "cannot store the file (No space left on device)" in answer.json()["detail"]
    finally:
        app.get_blocks().close()
