"""Is a server there? Libraries that download ask again and again for most of a minute; one question is enough."""

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

PATIENCE = 3.0  # seconds, name and connection together


def reachable(url: str) -> bool:
    """Whether the url's host, or the proxy before it, takes a connection within three seconds."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    found = []
    asking = threading.Thread(target=_connect, args=(parts, found), daemon=True)  # looking a name up cannot be stopped
    asking.start()
    asking.join(PATIENCE)
    return bool(found)


def _connect(parts, found: list) -> None:
    try:
        port = parts.port or (80 if parts.scheme == "http" else 443)
        socket.create_connection((parts.hostname, port), PATIENCE).close()
        found.append(True)
    except (OSError, ValueError):
        pass


@contextmanager
def hub_if_reachable() -> Iterator[None]:
    """Inside, Hugging Face's hub is asked only where it is there; else only what was downloaded before is taken.

    Raises:
        OSError: nothing was.
    """
    from huggingface_hub import constants

    was = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = was or not reachable(constants.ENDPOINT)
    try:
        yield
    except OSError as error:
        if not constants.HF_HUB_OFFLINE:
            raise
        why = "HF_HUB_OFFLINE is set" if was else f"{urlsplit(constants.ENDPOINT).hostname} does not answer"
        raise OSError(f"{why}, and it was not downloaded before") from error
    finally:
        constants.HF_HUB_OFFLINE = was
