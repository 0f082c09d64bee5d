"""A browser for all tests, and four small pictures."""

import os
import shutil
from collections.abc import Iterator

# Before numpy and torch are imported, here and in the processes that tests start: where tensors are small, threads that wait for
# each other take several times as long as one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import WAIT

QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium: an installed one, else playwright's own."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stripes(tmp_path_factory):
    """Four pictures of two classes of stripes, with their masks, in msrc's layout."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "msrc").mkdir()
    random = np.random.default_rng(0)
    for number in range(4):
        mask = np.zeros((64, 96), np.uint8)
        mask[:, :48], mask[:, 48:] = 2, 7  # grass, sky
        mask[:4] = 0
        pixels = np.where(mask[..., None] == 7, [90, 140, 230], [40, 160, 50]) + random.integers(-20, 20, (64, 96, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "msrc" / f"{number}.jpg")
        Image.fromarray(mask).save(folder / "msrc" / f"{number}.png")
    (folder / "msrc" / "train.txt").write_text("0\n1\n2\n")
    (folder / "msrc" / "test.txt").write_text("3\n")
    return folder
