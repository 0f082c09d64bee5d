"""A picture's file is decoded within limits, whatever it asks for, and beside the program."""

import os
import signal
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from nlviz.pictures import PictureError, open_picture, workers
from nlviz.pictures.worker import receive
from nlviz.pictures.workers import Decoder
from tests.pictures.test_pictures import COLOURS, corners, encoded, quarters

ROOT = Path(__file__).resolve().parents[2]
OPEN = "from nlviz.pictures import open_picture, workers; print(open_picture({photo!r}).size)\n"


@pytest.fixture
def decoder():
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.fixture
def photo(tmp_path) -> str:
    quarters().save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


def slow_jpeg(times: int = 3000) -> bytes:
    """A small progressive JPEG whose last scan comes again and again: every time all blocks are refined."""
    whole = encoded(Image.new("L", (3000, 3000)), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * times + whole[-2:]


def long_tiff(directories: int = 340_000) -> bytes:
    """A TIFF with a chain of directories behind the first, each with one entry and nothing to show."""
    first = bytearray(encoded(quarters(), "TIFF"))
    begin = int.from_bytes(first[4:8], "little")
    link = begin + 2 + 12 * int.from_bytes(first[begin:begin + 2], "little")
    first[link:link + 4] = len(first).to_bytes(4, "little")
    starts = range(len(first) + 18, len(first) + 18 * directories, 18)
    return bytes(first) + b"".join(struct.pack("<HHHIII", 1, 256, 4, 1, 40, start) for start in [*starts, 0])


def worker_of(decoder: Decoder) -> subprocess.Popen:
    """The process that decoded last."""
    decoder.decode(encoded(quarters()), "photo.png")
    return decoder._free[-1].process


def run(*command, **options) -> str:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=300, env=with_nlviz(), **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_nlviz() -> dict:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def test_a_jpeg_that_takes_minutes_is_stopped_and_its_worker_is_replaced(decoder):
    first, slow = worker_of(decoder), slow_jpeg()
    decoder.seconds = 0.3
    with pytest.raises(PictureError, match=r"^slow\.jpg: decoding it takes longer than 0\.3 s.* Save it again"):
        decoder.decode(slow, "slow.jpg")
    decoder.seconds = 30
    assert len(slow) < 1_000_000 and first.poll() is not None
    assert worker_of(decoder).pid != first.pid


def test_a_worker_that_does_not_answer_is_ended_by_the_clock(decoder, monkeypatch):
    process = worker_of(decoder)
    os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(workers, "PATIENCE", 0.01)
    with pytest.raises(PictureError, match="longer than 10 s"):
        decoder.decode(encoded(quarters()), "photo.png")
    assert process.poll() is not None


def test_a_tiffs_directories_are_not_counted():
    picture = open_picture(long_tiff(), "long.tif")
    assert corners(picture) == COLOURS and picture.notes == ("long.tif has several frames; the first is shown.",)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits address space")
def test_a_picture_that_takes_too_much_memory_says_so_and_the_next_is_opened(decoder):
    decoder.memory = 2**28
    with pytest.raises(PictureError, match=r"^large\.png: decoding it takes more than 0\.25 GB of memory\. Scale it down"):
        decoder.decode(encoded(Image.new("1", (8000, 6000))), "large.png")
    assert worker_of(decoder).poll() is None


def test_a_slow_picture_keeps_nobody_waiting(decoder):
    decoder.seconds = 60
    with ThreadPoolExecutor(1) as beside:
        slow = beside.submit(decoder.decode, slow_jpeg(), "slow.jpg")
        while not decoder._all:
            time.sleep(0.01)
        assert worker_of(decoder).poll() is None and not slow.done()
        decoder.close()
        assert isinstance(slow.exception(), PictureError)


def test_many_at_once_get_each_their_own_picture(decoder):
    colours = [(10 * n, 255 - 10 * n, n) for n in range(24)]
    with ThreadPoolExecutor(12) as pool:
        opened = pool.map(lambda colour: decoder.decode(encoded(Image.new("RGB", (20 + colour[2], 20), colour)), "x")[0], colours)
        assert [(image.getpixel((9, 9)), image.width) for image in opened] == [(c, 20 + c[2]) for c in colours]
    assert len(decoder._all) <= workers.AT_ONCE


def test_a_decoder_that_crashes_is_a_broken_picture(decoder, monkeypatch):
    process = worker_of(decoder)
    os.kill(process.pid, signal.SIGSTOP)  # it takes the picture, and does no more
    monkeypatch.setattr(workers, "receive", lambda pipe: process.kill() or receive(pipe))
    with pytest.raises(PictureError, match="its decoder stopped without a word"):
        decoder.decode(encoded(quarters()), "photo.png")
    monkeypatch.undo()
    assert worker_of(decoder).pid != process.pid


def test_a_worker_that_was_ended_while_idle_is_replaced(decoder):
    first = worker_of(decoder)
    first.kill()
    first.wait()
    assert worker_of(decoder).pid != first.pid


def test_after_an_interruption_nobody_gets_the_picture_before(decoder, monkeypatch):
    def interrupted(pipe):
        raise KeyboardInterrupt

    worker_of(decoder)
    monkeypatch.setattr(workers, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        decoder.decode(encoded(Image.new("RGB", (99, 99))), "before.png")
    monkeypatch.undo()
    assert decoder.decode(encoded(quarters()), "photo.png")[0].size == (40, 24)


def test_a_process_that_cannot_start_is_explained(decoder, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(PictureError, match=r"^photo\.png: the process that decodes pictures does not start \(.*nowhere"):
        decoder.decode(encoded(quarters()), "photo.png")


def test_a_script_without_a_main_guard_runs_once_and_leaves_no_process(photo, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(OPEN.format(photo=photo) + "print(workers.DECODER._free[0].process.pid)")
    size, pid = run(str(script)).splitlines()
    assert size == "(40, 24)"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_the_folder_that_a_program_happens_to_be_in_is_not_imported_from(photo, tmp_path):
    for name in ("json", "numpy", "PIL", "nlviz"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger ran')")
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "script.py").write_text(OPEN.format(photo=photo))
    assert run(str(folder / "script.py"), cwd=tmp_path) == "(40, 24)\n"


def test_a_worker_ends_with_its_program_even_if_that_is_killed(photo):
    code = OPEN.format(photo=photo) + "import os; os.kill(os.getpid(), 9)"
    killed = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=with_nlviz())
    assert killed.communicate(timeout=300) == (None, b"")  # the worker holds its end of stderr until it ends
    assert killed.returncode == -9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_workers_of_its_own(photo):
    code = OPEN.format(photo=photo) + f"""
import os
mine = workers.DECODER._free[0].process.pid
if not os.fork():
    open_picture({photo!r})
    print(workers.DECODER._free[0].process.pid != mine, flush=True)
    os._exit(0)
os.wait()
print(open_picture({photo!r}).size, workers.DECODER._free[0].process.pid == mine)
"""
    assert run("-c", code).splitlines() == ["(40, 24)", "True", "(40, 24) True"]


def test_the_worker_does_without_torch():
    assert run("-c", "import sys, nlviz.pictures.worker; print('torch' in sys.modules, 'PIL' in sys.modules)") == "False True\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_only_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", tmp_path, "/dev/zero"):
        with pytest.raises(PictureError, match="not a file"):
            open_picture(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(3 * 2**30)
    with pytest.raises(PictureError, match=r"huge\.png: 3072 MB; at most 512"):
        open_picture(tmp_path / "huge.png")
