"""A photo under a moving camera, and an object over it: the mask goes where the pixels go."""

from math import cos, radians, sin

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from nlviz.training.clip_making import camera
from nlviz.training.moving_pictures import VOID, CutOut, Photo, View, cut_out, points, seen
from tests.training.drawn_photos import CAR, COW, drawn_photos


def numbered(width=12, height=8) -> Photo:
    """Every pixel has a value of its own."""
    values = torch.arange(width * height).view(height, width)
    return Photo(values.float().expand(3, -1, -1), values)


def one(photo: Photo, view: View, frame: tuple[int, int]):
    frames, masks = seen(photo, [view], frame)
    return frames[0, 0], masks[0]


@pytest.mark.parametrize("view, frame, expected", [
    (View(6, 4, 1), (12, 8), lambda v: v),
    (View(5, 3, 1), (4, 4), lambda v: v[1:5, 3:7]),  # a pan by whole pixels
    (View(6, 4, 3), (4, 2), lambda v: v[2::3, 1::3]),  # every third pixel, the middle of what it covers
    (View(6, 4, 1, 90), (8, 12), lambda v: v.rot90()),  # turned clockwise, the photo turns the other way
    (View(6, 4, 1, 180), (12, 8), lambda v: v.flip(0, 1)),
], ids=["whole", "pan", "smaller", "quarter turn", "half turn"])
def test_a_view_of_whole_pixels_shows_these_pixels_and_their_classes(view, frame, expected):
    photo = numbered()
    pixels, mask = one(photo, view, frame)
    torch.testing.assert_close(pixels, expected(photo.pixels[0]), atol=1e-4, rtol=0)
    assert torch.equal(mask, expected(photo.mask))


def test_every_pixel_lies_where_the_loop_over_pixels_says():
    view, frame = View(30.5, 20.25, 0.7, 12), (7, 5)
    found, (c, s) = points(view, frame), (f(radians(12)) for f in (cos, sin))
    for row in range(5):
        for column in range(7):
            right, down = 0.7 * (column + 0.5 - 3.5), 0.7 * (row + 0.5 - 2.5)
            assert found[row, column].tolist() == pytest.approx([30.5 + c * right - s * down, 20.25 + s * right + c * down])


def inner(masks: torch.Tensor) -> torch.Tensor:
    """Pixels whose neighbours to two pixels' distance are in the frame and of their class."""
    around = F.pad(masks.float()[:, None], (2, 2, 2, 2), value=-9)
    highest, lowest = F.max_pool2d(around, 5, 1), -F.max_pool2d(-around, 5, 1)
    return (highest == lowest)[:, 0]


@pytest.mark.parametrize("seed", range(20))
def test_the_mask_follows_every_way_of_the_camera(seed):
    photo = drawn_photos(1)[0]
    frames, masks = seen(photo, camera(photo.size, np.random.default_rng(seed), 8), photo.size)
    here = inner(masks)
    assert here.float().mean() > 0.5 and (masks != VOID).all()  # nothing beyond the photo is seen
    torch.testing.assert_close(frames[:, 0][here], 10.0 * masks[here], atol=1e-3, rtol=0)
    assert len(set(masks.flatten(1).sum(1).tolist())) > 1  # it moves


def test_an_object_covers_what_is_behind_it_and_nothing_else():
    photos = drawn_photos(2)
    photo, cut = photos[0], cut_out(photos[1], np.random.default_rng(0))
    behind, masks = seen(photo, [View(48, 32, 1)] * 3, photo.size)
    frames, covered = behind.clone(), masks.clone()
    cut.over(frames, covered, [(20, 20), (40, 30), (60.5, 40)], 24)
    assert cut.photo.size == (30, 24) and (cut.photo.mask == CAR).all()
    for t, (left, top) in enumerate([(5, 8), (25, 18)]):
        here = torch.zeros_like(covered[t], dtype=torch.bool)
        here[top:top + 24, left:left + 30] = True
        assert (covered[t][here] == CAR).all() and torch.allclose(frames[t][:, here], torch.tensor(110.0))
        assert torch.equal(covered[t][~here], masks[t][~here]) and torch.equal(frames[t][:, ~here], behind[t][:, ~here])


def test_an_object_is_all_of_its_class_and_holes_are_not_of_it():
    mask = torch.full((20, 30), 1)
    mask[4:12, 6:20], mask[6:8, 8:10] = COW, VOID
    cut = cut_out(Photo(torch.zeros(3, 20, 30), mask), np.random.default_rng(0))
    assert cut.photo.size == (14, 8) and (cut.photo.mask == VOID).sum() == 4
    frames, masks = torch.zeros(1, 3, 20, 30), torch.full((1, 20, 30), 6)
    cut.over(frames, masks, [(13, 8)], 8)
    assert torch.equal(masks[0] == COW, mask == COW) and (masks[0][mask != COW] == 6).all()


@pytest.mark.parametrize("rows, found", [(1, False), (2, True), (11, False)])
def test_an_object_takes_4_to_50_percent_of_its_photo(rows, found):
    mask = torch.full((20, 30), 1)
    mask[:rows, :20 if rows < 11 else 30] = COW
    assert isinstance(cut_out(Photo(torch.zeros(3, 20, 30), mask), np.random.default_rng(0)), CutOut) == found


def test_a_photo_of_grass_and_sky_has_no_object():
    mask = torch.full((20, 30), 1)
    mask[:10] = 6
    assert cut_out(Photo(torch.zeros(3, 20, 30), mask), np.random.default_rng(0)) is None
