"""A checkpoint on its way: the request's body goes into a folder of its visit, up to the owner's limit, which photos don't have."""

import asyncio
import shutil
from pathlib import Path

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..models import CHECKPOINT_SUFFIXES
from .brought import File
from .store import Store
from .visiting import Full

ADDRESS = "/gradio_api/own_network"  # ?ticket=...&name=FILE
PATIENCE = 60  # seconds without a byte
PIECE = 2**20  # bytes
ROOM = 2**30  # bytes of the disk that stay free


class Refused(Exception):
    """(HTTP status, what is wrong in words)."""


def receiving(store: Store) -> Route:
    """Where the page sends a visitor's checkpoint: ``{"number"}``, or ``{"detail": what is wrong}``."""
    async def receive(request: Request) -> Response:
        try:
            return JSONResponse({"number": await _receive(store, request)})
        except Refused as refused:
            status, words = refused.args
            return JSONResponse({"detail": words}, status)
    return Route(ADDRESS, receive, methods=["POST"])


async def _receive(store: Store, request: Request) -> str:
    visit = store.seals.visit_of_ticket(request.query_params.get("ticket", ""))
    name = request.query_params.get("name", "")[:300]
    if visit is None:
        raise Refused(403, "This page takes checkpoints of its own visitors alone. Reload it and try again.")
    if Path(name).suffix.lower() not in CHECKPOINT_SUFFIXES:
        raise Refused(415, f"A checkpoint's name ends in {', '.join(CHECKPOINT_SUFFIXES)}.")
    _check_size(int(request.headers.get("content-length") or 0), store.limits.checkpoint_mb)
    try:
        file = store.visiting.incoming(visit, name)
    except Full as full:
        raise Refused(429, str(full)) from None
    try:
        await _write(request, file, store.limits.checkpoint_mb)
    except BaseException:
        store.visiting.drop(visit, file)
        raise
    return file.number


def _check_size(size: int, most: int) -> None:
    if size > most * 2**20:
        raise Refused(413, f"It is larger than {most} MB, the most that this page takes. Save the network's state_dict alone, "
                           "or in half precision.")


async def _write(request: Request, file: File, most: int) -> None:
    """The body, as it comes."""
    waiting, size = bytearray(), 0
    with file.path.open("wb") as out:
        stream = request.stream()
        while True:
            try:
                piece = await asyncio.wait_for(anext(stream, None), PATIENCE)
            except (TimeoutError, asyncio.TimeoutError, ClientDisconnect):
                raise Refused(408, "The upload was cut off. Try again.") from None
            size += len(piece or b"")
            _check_size(size, most)
            waiting += piece or b""
            if waiting and (piece is None or len(waiting) >= PIECE):
                if shutil.disk_usage(file.folder).free < ROOM:
                    raise Refused(507, "This server has no room for the file. Try again later.")
                await anyio.to_thread.run_sync(out.write, bytes(waiting))
                waiting.clear()
            if piece is None:
                break
    if not size:
        raise Refused(400, "The file is empty (0 bytes). Choose another one.")
