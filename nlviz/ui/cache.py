"""Where uploads lie: in a folder of this server, which goes when the server ends."""

import atexit
import os
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path

from fastapi import Request
from fastapi.responses import JSONResponse

NAME = "nlviz_uploads_"  # then the server's process
HALF_DONE = 600  # seconds after which an upload that was cut off is no longer waited for


def own_folder() -> Path:
    """A folder for gradio's uploads, unless the owner has named one (GRADIO_TEMP_DIR); those of servers that were killed go."""
    if named := os.environ.get("GRADIO_TEMP_DIR"):
        return Path(named)
    folder = folder_of_server(NAME)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    threading.Thread(target=_sweep, args=(folder,), daemon=True).start()
    return folder


def folder_of_server(name: str) -> Path:
    """A folder that nobody else reads and that goes when this server ends; those of servers that were killed go now."""
    clear_left(name)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}{os.getpid()}_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def clear_left(name: str) -> None:
    """Remove the folders of servers that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{name}*"):
        if not _runs(left.name.removeprefix(name)):
            shutil.rmtree(left, ignore_errors=True)


def disk_full(request: Request, error: Exception) -> JSONResponse:
    """What an upload is told for which there is no room."""
    why = getattr(error, "strerror", error)
    return JSONResponse({"detail": f"This server cannot store the file ({why}). Try again later."}, 507)


def _runs(rest: str) -> bool:
    found = re.match(r"(\d{1,9})_", rest)
    if not found:
        return True  # none of ours
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _sweep(folder: Path) -> None:
    while folder.is_dir():
        sweep(folder, time.time() - HALF_DONE)
        time.sleep(HALF_DONE)


def sweep(folder: Path, before: float) -> None:
    """Remove what was cut off before that time: whole uploads lie in folders of their own."""
    for path in folder.glob("tmp*"):
        try:
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
        except OSError:  # finished or gone meanwhile
            continue
