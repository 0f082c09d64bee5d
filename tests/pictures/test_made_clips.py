"""Clips made from photos: always the same, and what moves in them moves as it is said."""

import numpy as np
import pytest
from PIL import Image

from nlviz.pictures import Chosen, PictureError, moving_object_clip, open_picture, pan_clip
from tests.pictures.drawn import quarters


def gradient(width: int, height: int) -> Image.Image:
    """Red grows to the right, green downwards."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = np.linspace(0, 255, width), np.linspace(0, 255, height)[:, None]
    return Image.fromarray(pixels)


def test_a_pan_goes_from_left_to_right_in_even_steps():
    clip = pan_clip(open_picture(gradient(300, 120), "photo.jpg"))
    assert len(clip.frames) == 16 == clip.total and clip.size == (200, 120) and clip.name == "photo.jpg, a pan"
    left = [frame.getpixel((0, 60))[0] for frame in clip.frames]
    assert left[0] == 0 and left[-1] == pytest.approx(85, abs=2) and all(3 <= step <= 8 for step in np.diff(left))
    assert clip.seconds[:3] == (0.0, 0.125, 0.25) and clip.fps == 8


def test_of_a_high_photo_the_pan_goes_down_and_large_photos_are_scaled_down():
    clip = pan_clip(gradient(900, 1800))
    assert clip.size == (480, 640)
    assert clip.frames[0].getpixel((9, 0))[1] == 0 and clip.frames[-1].getpixel((9, 639))[1] == 255


def test_a_cut_out_moves_over_a_photo_that_stays():
    red = Image.new("RGB", (100, 80), "red")
    clip = moving_object_clip(Image.new("RGB", (400, 300), "blue"), red)
    found = []
    for frame in clip.frames:
        rows, columns = np.nonzero(np.array(frame)[..., 0] > 200)
        found.append((columns.mean(), rows.mean()))
        assert np.array(frame)[0].tolist() == [[0, 0, 255]] * 400
        assert frame.getpixel(tuple(map(round, found[-1]))) == (255, 0, 0)
    across, down = zip(*found)
    assert min(np.diff(across)) > 10 and across[0] + across[-1] == pytest.approx(400, abs=4)
    assert down[0] == pytest.approx(down[-1], abs=2) and min(down) < down[0] - 50


def test_they_are_the_same_every_time_and_some_of_their_frames_can_be_chosen():
    photo, thing = gradient(320, 240), quarters(120, 90)
    for made in (lambda **chosen: pan_clip(photo, **chosen), lambda **chosen: moving_object_clip(photo, thing, **chosen)):
        whole, some = made(), made(chosen=Chosen(1, 5, 3))
        assert whole.sha256 == made().sha256 and some.numbers == (1, 4, 7, 10, 13)
        assert [frame.tobytes() for frame in some.frames] == [whole.frames[number].tobytes() for number in some.numbers]
        with pytest.raises(PictureError, match="of its 16 there are 2 from number 15 on"):
            made(chosen=Chosen(14))
