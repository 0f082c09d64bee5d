"""Frames of a video: the ones that were asked for, as they are shown, at their times."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nlviz.pictures import Chosen, PictureError, open_clip, open_picture, overview
from tests.pictures.drawn import COLOURS, quarters
from tests.pictures.filmed import filmed, heard_only, number_of, numbered

KINDS = [("mp4", "libx264", {"g": "10"}), ("matroska", "libx264", {"g": "10"}), ("mpegts", "libx264", {"g": "10"}),
         ("avi", "mpeg4", {"g": "10"}), ("avi", "libx264", {"g": "10"}), ("avi", "mjpeg", {"pixels": "yuvj420p"}),
         ("webm", "libvpx-vp9", {"g": "10", "deadline": "realtime", "cpu-used": "8"}), ("mov", "qtrle", {"pixels": "rgb24"}),
         ("mov", "prores_ks", {"pixels": "yuv422p10le"}), ("mpeg", "mpeg2video", {"g": "10"}), ("asf", "wmv2", {"g": "10"}),
         ("flv", "flv", {}),
         ("mp4", "libx265", {"x265-params": "log-level=0:keyint=10"})]  # with 2 frames out of order between others, where it can
FILMED = {kind[:2]: filmed(60, *kind[:2], **kind[2]) for kind in KINDS}


def corners(image: Image.Image) -> list:
    width, height = image.size
    return [[image.getpixel((x, y)) for x in (width // 4, 3 * width // 4)] for y in (height // 4, 3 * height // 4)]


def numbers_shown(clip) -> list[int]:
    return [number_of(frame) for frame in clip.frames]


@pytest.mark.parametrize("kind", FILMED, ids="-".join)
@pytest.mark.parametrize("chosen", [Chosen(), Chosen(23, 8, 3), Chosen(7, 4, 17), Chosen(52)], ids=str)
def test_the_frames_are_those_that_were_asked_for_whatever_the_file(kind, chosen):
    clip = open_clip(FILMED[kind], "drawn", chosen)
    assert numbers_shown(clip) == list(clip.numbers) == list(chosen.numbers) and clip.chosen == chosen
    assert clip.seconds == pytest.approx([number / 25 for number in chosen.numbers], abs=2e-3)
    assert clip.fps == 25 and clip.total in (60, None) and clip.notes == () and clip.size == (64, 48)


@settings(max_examples=40, deadline=None)
@given(start=st.integers(0, 59), count=st.integers(4, 32), stride=st.integers(1, 70), kind=st.sampled_from(sorted(FILMED)))
def test_what_there_is_is_shown_and_less_than_asked_for_is_said(start, count, stride, kind):
    if start > 56:
        with pytest.raises(PictureError, match=rf"at least 4 frames, and of its 60 there are {60 - start} .* Start at 57 or"):
            open_clip(FILMED[kind], "short", Chosen(start, count, stride))
        return
    clip = open_clip(FILMED[kind], "short", Chosen(start, count, stride))
    last = start + (count - 1) * stride
    assert numbers_shown(clip) == list(clip.numbers) == list(clip.chosen.numbers)
    assert clip.notes == () if last < 60 else clip.notes[0].startswith("short ends at number 60")
    assert clip.chosen.stride == stride or (len(clip.frames) >= 4 and start + 3 * (clip.chosen.stride + 1) >= 60)


def test_fewer_than_four_frames_lie_closer_instead():
    clip = open_clip(filmed(10), "short.mp4", Chosen(2, 8, 4))
    assert clip.numbers == (2, 4, 6, 8) and clip.chosen == Chosen(2, 4, 2) and clip.total == 10
    assert clip.notes == ("short.mp4 ends at number 10: 4 of the 8 frames asked for are shown, every 2nd instead of every 4th.",)


def test_a_video_of_three_frames_is_too_short():
    with pytest.raises(PictureError, match=r"^x\.mp4: 3 frames; a clip needs at least 4\.$"):
        open_clip(filmed(3), "x.mp4")


@pytest.mark.parametrize("hflip", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_rotation_and_mirroring_are_applied(rotation, hflip):
    clip = open_clip(filmed([quarters()] * 4, rotation=rotation, hflip=hflip))
    shown = np.array([[row[0], row[1]] for row in COLOURS])
    shown = np.rot90(shown, rotation // 90)  # counterclockwise, as FFmpeg says it
    shown = shown[:, ::-1] if hflip else shown
    assert clip.size == ((24, 40) if rotation % 180 else (40, 24))
    assert np.abs(np.array(corners(clip.image)) - shown).max() <= 12


@pytest.mark.parametrize("aspect, size", [(Fraction(4, 3), (85, 48)), (Fraction(8, 9), (64, 54)), (Fraction(2159, 2160), (64, 48))])
def test_pixels_that_are_not_square_become_so_and_it_is_said(aspect, size):
    clip = open_clip(filmed(8, aspect=aspect))
    assert clip.size == size and numbers_shown(clip) == list(range(8))
    said = (f"Its pixels are not square: frames of 64 x 48 are shown as {size[0]} x {size[1]}.",)
    assert clip.notes == (said if size != (64, 48) else ())


def test_the_aspect_turns_with_the_picture():
    assert open_clip(filmed(4, aspect=Fraction(2), rotation=90)).size == (48, 128)


@pytest.mark.parametrize("kind", ["mp4", "matroska"])
def test_of_a_variable_frame_rate_frames_are_counted_and_seconds_are_the_files(kind):
    times = [0, 10, 15, 40, 41, 100, 300, 301, 302, 400, 450, 470]
    clip = open_clip(filmed(12, kind, times=times, unit=Fraction(1, 1000)), "v", Chosen(2, 4, 2))
    assert numbers_shown(clip) == [2, 4, 6, 8] and clip.seconds == pytest.approx((0.015, 0.041, 0.3, 0.302), abs=1e-3)


def test_seconds_count_from_the_first_frame():
    content = filmed(8, "matroska", times=[5000 + 40 * number for number in range(8)], unit=Fraction(1, 1000))
    assert open_clip(content).seconds == pytest.approx([0.04 * number for number in range(8)])


def test_sound_does_not_matter_and_sound_alone_is_no_video():
    assert numbers_shown(open_clip(filmed(8, sound=True))) == list(range(8))
    with pytest.raises(PictureError, match=r"^x\.m4a: it has no video, only sound"):
        open_clip(heard_only(), "x.m4a")


@pytest.mark.parametrize("codec, pixels", [
    ("libx264", "yuv420p10le"), ("libx264", "yuv444p"), ("libx264", "gray"), ("libx264", "yuvj420p"), ("ffv1", "gray16le"),
    ("ffv1", "bgr0"), ("ffv1", "yuv420p16le"), ("png", "rgb48be")])
def test_deep_and_grey_and_full_range_frames_become_8_bit_rgb(codec, pixels):
    clip = open_clip(filmed(6, "mov" if codec == "png" else "matroska", codec, pixels=pixels))
    assert numbers_shown(clip) == list(range(6)) and clip.image.mode == "RGB"
    assert [high for _, high in clip.frames[3].getextrema()] == pytest.approx([255] * 3, abs=3)
    assert [low for low, _ in clip.frames[3].getextrema()] == pytest.approx([0] * 3, abs=3)


def test_transparent_parts_are_white():
    image = Image.new("RGBA", (64, 48), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 32, 48))
    clip = open_clip(filmed([image] * 4, "mov", "png", pixels="rgba"))
    assert clip.image.getpixel((5, 5)) == (255, 255, 255) and clip.image.getpixel((60, 5)) == (255, 0, 0)
    assert "Transparent parts are shown on white." in clip.notes


@pytest.mark.parametrize("size, options", [
    ((64, 48), {}), ((64, 48), {"colours": 1}), ((960, 720), {"colours": 1, "tagged": False})],
    ids=["as said for small ones", "as it says", "as said for large ones"])
def test_colours_are_what_the_video_says_and_as_television_has_them_where_it_doesnt(size, options):
    clip = open_clip(filmed([quarters(*size)] * 4, "matroska", "ffv1", **options))
    assert np.abs(np.array(corners(clip.image)) - np.array(COLOURS)).max() <= 4


def test_interlaced_and_hdr_frames_are_shown_with_a_word():
    woven = open_clip(filmed(8, "mpegts", "mpeg2video", flags="+ildct+ilme"))
    assert numbers_shown(woven) == list(range(8))
    assert "Its frames are interlaced: every other row is of another moment." in woven.notes
    deep = open_clip(filmed(8, "mp4", "libx265", pixels="yuv420p10le",
                            **{"x265-params": "log-level=0:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"}))
    assert "Its colours are meant as BT.2020 (PQ, HDR); they are shown as sRGB, paler than they are." in deep.notes


def test_large_frames_are_scaled_down_with_a_word():
    clip = open_clip(filmed([numbered(number, (2560, 640)) for number in range(4)], preset="ultrafast"), "large")
    assert clip.size == (2048, 512) and numbers_shown(clip) == [0, 1, 2, 3]
    assert "Its frames of 2560 x 640 pixels are scaled down to 2048 x 512." in clip.notes


@pytest.mark.parametrize("size, message", [((2048, 128), "at most 8 times"), ((640, 8), "at least 16 on each side")])
def test_frames_have_the_limits_of_pictures(size, message):
    with pytest.raises(PictureError, match=message):
        open_clip(filmed([Image.new("RGB", size)] * 4))


def test_frames_that_change_their_size_are_scaled_to_the_firsts():
    larger = filmed([numbered(number, (128, 96)) for number in range(4, 8)], "mpegts")
    clip = open_clip(filmed(4, "mpegts") + larger, "joined.ts")
    assert clip.size == (64, 48) and numbers_shown(clip) == list(range(8))
    assert any("not all of one size; they are scaled to the first's, 64 x 48" in note for note in clip.notes)


def test_a_path_is_opened_as_its_bytes_are_and_pyav_stays_with_the_worker(tmp_path):
    path = tmp_path / "drawn.mp4"
    path.write_bytes(FILMED["mp4", "libx264"])
    clip, same = open_clip(path), open_clip(FILMED["mp4", "libx264"], "other")
    assert clip.name == "drawn.mp4" and clip.sha256 == same.sha256 != open_clip(path, chosen=Chosen(1)).sha256
    with pytest.raises(PictureError, match=r"^drawn\.mp4: this is a video: open it as a clip"):
        open_picture(path)


@pytest.mark.parametrize("kind", FILMED, ids="-".join)
def test_a_look_over_a_video_has_thumbnails_from_all_of_it(kind):
    seen = overview(FILMED[kind], "drawn", 6)
    assert seen.count == 60 and seen.fps == 25 and seen.size == (64, 48) and seen.notes == ()
    assert [number_of(image) for image in seen.thumbnails] == list(seen.numbers) and seen.numbers[0] == 0
    assert len(seen.numbers) == 6 and max(np.diff([*seen.numbers, 60])) <= 18 and seen.duration == pytest.approx(2.4, abs=0.5)


def test_thumbnails_are_small_and_as_many_as_there_are_frames():
    seen = overview(filmed([numbered(number, (640, 320)) for number in range(5)]), "drawn", 12)
    assert seen.numbers == (0, 1, 2, 3, 4) and {image.size for image in seen.thumbnails} == {(160, 80)}
    assert seen.size == (640, 320) and overview(filmed(2)).count == 2
