"""The page, as a process of its own: watched, and started again when an attack ended it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import httpx
import psutil

from attack.judging import PATIENCE, Answer, Wrong
from attack.visit import Visit

MOST_MB = 4000  # a page that takes more is ended before the machine is, which counts as wrong
ROOT = Path(__file__).resolve().parent.parent
QUIET = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "GRADIO_ANALYTICS_ENABLED": "False"}


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started. Looking for them goes through every process of the machine."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def megabytes(processes: list[psutil.Process]) -> float:
    """What they hold in memory together; those that ended hold nothing."""
    held = 0
    for process in processes:
        try:
            held += process.memory_info().rss
        except psutil.Error:
            continue
    return held / 2**20


class Server:
    """``nlviz serve`` on a free port of this machine, its files in ``folder``."""

    def __init__(self, folder: Path):
        self.folder, self.log = folder, folder / "server.log"
        self.process, self.url, self.peak, self.overfull = None, "", 0.0, False
        self.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        places = {"TMPDIR": str(self.folder), "GRADIO_TEMP_DIR": str(self.folder / "uploads")}
        (self.folder / "uploads").mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nlviz", "serve", "--host", "127.0.0.1", "--port", str(port)], cwd=ROOT, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, env=os.environ | QUIET | places, start_new_session=True)
        self.url, self.overfull = f"http://127.0.0.1:{port}", False
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 60 * PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                httpx.get(f"{self.url}/config", timeout=5).raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.3)
        self.stop()
        raise SystemExit(f"the page does not start; its last words:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def visit(self) -> Visit:
        """A fresh visitor."""
        return Visit(self.url)

    def welcome(self) -> Answer:
        """What a fresh visitor gets: the first photo in one network.

        Raises:
            Wrong: the server ended, or there is no scene.
        """
        if self.process.poll() is not None:
            raise Wrong(f"crash: the server ended ({f'above {MOST_MB} MB' if self.overfull else self.process.returncode})")
        answer = self.visit().arrive("")
        if not answer.shown:
            raise Wrong(f"a fresh visitor sees no map: {answer.said}")
        return answer

    def tracebacks(self) -> int:
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")

    def _watch(self) -> None:
        for number in count():
            if number % 10 == 0:
                known = family(self.process.pid)
            held = megabytes(known)
            self.peak = max(self.peak, held)
            if held > MOST_MB and self.process.poll() is None:
                self.overfull = True
                self.process.kill()
            time.sleep(0.1)
