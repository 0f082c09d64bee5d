"""Clips made of photos: the same of the same seed, with patches whose places are known and ways that are what the label says."""

from math import atan2, hypot, pi

import numpy as np
import pytest
import torch
from PIL import Image

from nlviz.models import CLASSES, get_spec
from nlviz.pictures import Picture
from nlviz.training import clip_making, move_making
from nlviz.training.clip_making import GREY, PATCH, make_clip, patches
from nlviz.training.move_making import as_input, backwards, make_move, objects_of, path
from nlviz.training.moving_pictures import Photo
from tests.training.drawn_photos import CAR, COW, drawn_photos

SEEDS = range(12)


def test_the_same_seed_gives_the_same_clip_and_another_seed_or_photo_another():
    photos = drawn_photos()
    clips = [make_clip(photos, number, seed) for number, seed in ((0, (0, 0)), (0, (0, 0)), (0, (0, 1)), (2, (0, 0)))]
    assert np.array_equal(clips[0].frames, clips[1].frames)
    assert torch.equal(clips[0].masks, clips[1].masks) and torch.equal(clips[0].erased, clips[1].erased)
    assert not any(np.array_equal(clips[0].frames, other.frames) for other in clips[2:])


def test_a_clip_has_frames_of_the_photos_size_with_a_class_and_a_flag_for_each_pixel():
    clip = make_clip(drawn_photos(), 1, (0, 0), count=5)
    assert clip.frames.shape == (5, 64, 96, 3) and clip.frames.dtype == np.uint8
    assert clip.masks.shape == clip.erased.shape == (5, 64, 96) and clip.erased.dtype == torch.bool


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_erased_is_grey_and_the_rest_is_as_without_erasing(seed, monkeypatch):
    clip = make_clip(drawn_photos(), 0, (seed,))
    monkeypatch.setattr(clip_making, "patches", lambda count, size, random: torch.zeros(count, *size[::-1], dtype=torch.bool))
    whole = make_clip(drawn_photos(), 0, (seed,))
    erased = clip.erased.numpy()
    assert (clip.frames[erased] == GREY).all() and np.array_equal(clip.frames[~erased], whole.frames[~erased])
    assert torch.equal(clip.masks, whole.masks)  # what is under a patch is known


def test_some_frame_has_a_patch_and_some_frame_has_none_and_patches_are_large():
    for seed in range(200):
        erased = patches(4, (96, 64), np.random.default_rng(seed))
        whole = [not frame.any() for frame in erased]
        assert any(whole) and not all(whole)
        for frame in erased[~torch.tensor(whole)]:
            for side, axis in ((64, 1), (96, 0)):
                line = frame.any(axis)
                start, stop = line.nonzero().min().item(), line.nonzero().max().item() + 1
                assert line[start:stop].all() and PATCH[0] * side - 1 <= stop - start <= PATCH[1] * side + 1


def test_most_clips_have_an_object_of_another_photo():
    photos = drawn_photos()
    alone = [Photo(photo.pixels, photo.mask.where(photo.mask != COW, 1)) if number == 0 else photo
             for number, photo in enumerate(photos)]  # the first has none of its own
    there = [bool(((clip := make_clip(alone, 0, (seed,))).masks == CAR).any() or (clip.masks == COW).any()) for seed in range(60)]
    assert 0.5 < np.mean(there) < 0.9


@pytest.mark.parametrize("label", range(8))
def test_an_object_moves_as_its_label_says(label):
    way, speed = CLASSES["moves"][label].split()
    straight = {"left": pi, "right": 0, "up": -pi / 2, "down": pi / 2}[way]  # y points down
    for seed in SEEDS:
        way = path(label, np.random.default_rng(seed))
        steps = np.diff(way, axis=0)
        assert np.allclose(steps, steps[0])
        off = (atan2(steps[0][1], steps[0][0]) - straight + pi) % (2 * pi) - pi
        low, high = {"slowly": (0.5, 1), "fast": (2, 3)}[speed]  # pixels a frame, as the page of checkpoints says
        assert abs(off) <= pi / 12 + 1e-9 and low <= hypot(*steps[0]) <= high


def test_the_middle_of_the_clip_says_nothing_of_the_label():
    middles = {tuple(np.mean(path(label, np.random.default_rng(5))[7:9], axis=0).round(6)) for label in range(8)}
    assert len(middles) == 1


def test_a_move_is_the_same_of_the_same_seed_and_holds_whole_numbers():
    photos = drawn_photos()
    first, again, other = (make_move(photos, objects_of(photos), 3, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.shape == (3, 16, 64, 64) and torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(first, first.round()) and 0 <= first.min() and first.max() <= 255


def test_a_clip_backwards_goes_the_other_way_at_the_same_speed():
    opposite = {"left": "right", "right": "left", "up": "down", "down": "up"}
    for label, name in enumerate(CLASSES["moves"]):
        way, speed = name.split()
        assert CLASSES["moves"][backwards(label)] == f"{opposite[way]} {speed}"
    assert backwards(np.arange(8)).tolist() == [backwards(label) for label in range(8)]


def test_photos_without_an_object_make_no_moves():
    grass = Photo(torch.zeros(3, 64, 96), torch.ones(64, 96, dtype=torch.long))
    assert len(objects_of([grass, *drawn_photos(3)])) == 3
    with pytest.raises(ValueError, match="no object can be cut out of these photos"):
        objects_of([grass])


def test_what_is_learned_from_is_what_the_preprocessing_makes_of_the_frames():
    photos, preprocess = drawn_photos(), get_spec("moves_gc").preprocess
    clip = make_move(photos, objects_of(photos), 0, np.random.default_rng(0))
    x = as_input(clip, preprocess.mean, preprocess.std)
    frames = [Picture(Image.fromarray(frame.permute(1, 2, 0).byte().numpy())) for frame in clip.unbind(1)]
    assert move_making.SIDE == preprocess.fixed[0]
    torch.testing.assert_close(x, torch.cat([preprocess(frame)[0] for frame in frames]).transpose(0, 1), atol=1e-6, rtol=0)
