"""Animated pictures, folders and several pictures as clips; and what moves, by its content."""

import io

import numpy as np
import pytest
from PIL import Image

from nlviz.pictures import Chosen, PictureError, is_clip_name, open_clip, open_picture, opens_as_clip, overview
from tests.pictures.drawn import encoded, quarters
from tests.pictures.filmed import filmed, number_of, numbered
from tests.pictures.test_videos import corners, numbers_shown

KINDS = {"GIF": {}, "WEBP": {"lossless": True}, "PNG": {}, "AVIF": {"quality": 90, "speed": 10}}


def animated(kind: str, count: int = 10, durations=40, **options) -> bytes:
    frames = [numbered(number) for number in range(count)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=durations, **KINDS[kind] | options)


@pytest.mark.parametrize("kind", KINDS)
def test_an_animated_picture_is_a_clip(kind):
    durations = [40, 20, 60, 200, 40, 40, 500, 40, 40, 20]
    clip = open_clip(animated(kind, durations=durations), "moving", Chosen(1, 4, 2))
    assert numbers_shown(clip) == [1, 3, 5, 7] == list(clip.numbers) and clip.total == 10 and clip.notes == ()
    assert clip.seconds == pytest.approx([sum(durations[:number]) / 1000 for number in clip.numbers])


def test_a_gifs_frames_are_laid_over_the_ones_before():
    """Every frame stores only what changed; and each is disposed of as its file says."""
    frames = [Image.new("P", (20, 20), 0) for _ in range(5)]
    for image in frames:
        image.putpalette([255, 255, 255, 255, 0, 0, 0, 0, 255])
    for number, image in enumerate(frames):
        image.paste(1 + number % 2, (4 * number, 0, 4 * number + 4, 20))
    for disposal, seen in ((1, [1, 2, 3, 4, 5]), (2, [1, 1, 1, 1, 1])):
        content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=disposal, transparency=0,
                          optimize=False)
        clip = open_clip(content)
        columns = [sum(frame.getpixel((4 * column + 1, 9)) != (255, 255, 255) for column in range(5)) for frame in clip.frames]
        assert columns == seen and "Transparent parts are shown on white." in clip.notes


def test_browsers_and_nlviz_show_a_frame_without_a_duration_for_a_tenth_of_a_second():
    assert open_clip(animated("GIF", durations=0)).seconds == pytest.approx([number / 10 for number in range(8)])


def test_an_apngs_picture_for_those_without_animation_is_not_a_frame():
    frames = [numbered(number) for number in range(5)]
    content = encoded(quarters(64, 48), "PNG", save_all=True, append_images=frames, default_image=True)
    clip = open_clip(content)
    assert numbers_shown(clip) == [0, 1, 2, 3, 4] and clip.total == 5


def test_an_animated_picture_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = quarters().transpose(Image.Transpose.ROTATE_90)
    content = encoded(turned, "WEBP", save_all=True, append_images=[turned.point(lambda v, k=k: max(0, v - k)) for k in (1, 2, 3)],
                      lossless=True, exif=exif)
    clip = open_clip(content)
    assert clip.size == (40, 24) and corners(clip.image) == corners(quarters())


@pytest.mark.parametrize("kind", KINDS)
def test_a_still_picture_is_no_clip_and_an_animated_one_is_seen_by_its_content(kind, tmp_path):
    still = encoded(quarters(), kind)
    with pytest.raises(PictureError, match=r"it is a single picture\. A clip is a video,"):
        open_clip(still)
    assert not opens_as_clip(still) and opens_as_clip(animated(kind)) and opens_as_clip(animated(kind, 4))
    assert kind == "AVIF" or not opens_as_clip(animated(kind, 3))  # as a photo, then
    (tmp_path / "it.jpg").write_bytes(animated(kind))
    assert opens_as_clip(tmp_path / "it.jpg") and opens_as_clip(str(tmp_path)) and not opens_as_clip(tmp_path / "none.gif")


def test_a_gif_without_an_end_is_not_walked_through():
    endless = animated("GIF", 2)[:-1] + b"!\xfe" + b"\x01a" * 3_000_000
    assert not opens_as_clip(endless)


def test_videos_are_known_by_their_content_and_their_name():
    assert opens_as_clip(filmed(4)) and not opens_as_clip(b"") and not opens_as_clip(b"#EXTM3U\n")
    assert is_clip_name("Holidays.MP4") and is_clip_name("a.webm") and not is_clip_name("a.png") and not is_clip_name("mp4")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_animation_is_explained_or_shown(kind):
    content = animated(kind)
    for share in (0.3, 0.6, 0.9):
        try:
            assert open_clip(content[:int(share * len(content))]).image.size == (64, 48)
        except PictureError as error:
            assert "\n" not in str(error)


def test_a_look_over_an_animation():
    seen = overview(animated("GIF"), "moving.gif", 4)
    assert seen.count == 10 and seen.exact and seen.numbers == (0, 3, 6, 9) and seen.size == (64, 48)
    assert seen.duration == pytest.approx(0.4) and [number_of(image) for image in seen.thumbnails] == [0, 3, 6, 9]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "frames"
    (folder / "9 is a folder.png").mkdir(parents=True)
    for number in range(12):
        numbered(number).save(folder / f"frame {number}.{'PNG' if number % 2 else 'bmp'}")
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_text("no picture")
    return folder


def test_a_folder_is_sorted_as_a_person_reads_it(folder):
    clip = open_clip(folder, chosen=Chosen(1, 5, 2))
    assert clip.name == "frames" and numbers_shown(clip) == [1, 3, 5, 7, 9] == list(clip.numbers)
    assert clip.seconds == (None,) * 5 and clip.total == 12 and clip.fps is None and clip.notes == ()
    seen = overview(folder, thumbnails=3)
    assert (seen.count, seen.numbers, seen.duration) == (12, (0, 6, 11), None)
    assert [number_of(image) for image in seen.thumbnails] == [0, 6, 11]


def test_several_pictures_of_any_kind_are_a_clip_and_other_sizes_are_told():
    pictures = [numbered(0), encoded(numbered(1)), encoded(numbered(2, (320, 200)), "WEBP"), numbered(3)]
    clip = open_clip(pictures)
    assert numbers_shown(clip) == [0, 1, 2, 3] and {frame.size for frame in clip.frames} == {(64, 48)}
    assert clip.notes == ("Its frames are not all of one size; they are scaled to the first's, 64 x 48 pixels.",)


@pytest.mark.parametrize("source, message", [
    ([], "pictures: 0 pictures; a clip needs at least 4"), ([numbered(1)] * 3, "pictures: 3 pictures; a clip needs at least 4"),
    ([numbered(1)] * 4 + [b"none"] * 4, "not a picture"), (quarters(), "it is a single picture"),
    ([numbered(1), b""] * 4, "empty")], ids=["none", "three", "broken", "single", "empty"])
def test_pictures_that_make_no_clip_are_explained(source, message):
    with pytest.raises(PictureError, match=message):
        open_clip(source)


def test_a_folder_without_pictures_and_names_of_nothing_are_explained(tmp_path):
    with pytest.raises(PictureError, match="no picture in this folder"):
        open_clip(tmp_path)
    with pytest.raises(PictureError, match=r"none\.mp4: cannot be read \(No such file"):
        open_clip(tmp_path / "none.mp4")


def test_a_clip_is_a_picture_whose_sha256_is_of_all_its_frames():
    clip, other = open_clip(animated("GIF")), open_clip(animated("WEBP"), "renamed")
    assert clip.sha256 == other.sha256 != open_clip(animated("GIF"), chosen=Chosen(0, 7)).sha256
    assert clip.image is clip.frames[0] and clip.sha256 != open_picture(clip.image).sha256
    assert np.array_equal(np.array(clip.image), np.array(Image.open(io.BytesIO(animated("PNG")))))
