"""What a stranger may give for a video: every file ends in a clip or in one sentence, and no other file is opened for it."""

import io
import os
import socket
import subprocess
import sys
from random import Random

import pytest

from nlviz.pictures import Chosen, PictureError, open_clip, overview, video
from nlviz.pictures.choosing import Lost
from nlviz.pictures.footage import clip as decode_here
from nlviz.pictures.video import Video
from nlviz.pictures.workers import Decoder
from tests.pictures.filmed import filmed, number_of, numbered
from tests.pictures.test_decoding import run, with_nlviz
from tests.pictures.test_videos import numbers_shown

MP4, MKV, TS, AVI = (filmed(60, kind, codec, g="10") for kind, codec in (
    ("mp4", "libx264"), ("matroska", "libx264"), ("mpegts", "libx264"), ("avi", "mpeg4")))
BROKEN = r"^x\.mp4: the file is broken or cut short: nothing in it can be decoded\. Save or download it again\.$"


@pytest.fixture
def decoder():
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.mark.parametrize("content, message", [
    (b"", r"^x\.mp4: the file is empty"), (b"hello", "not a video or animated picture that can be read. Use MP4"),
    (Random(0).randbytes(5000), "not a video"), (MP4[:len(MP4) // 2], BROKEN), (MP4[:40] + Random(0).randbytes(5000), BROKEN),
    (b"\x1a\x45\xdf\xa3" + Random(0).randbytes(5000), BROKEN), (b"\0\0\0\x18ftypisom" + bytes(20000), BROKEN),
    (b"RIFF\xff\xff\xff\x7fAVI LIST" + bytes(999), BROKEN), (b"G" + bytes(187) + b"G" + bytes(187) + b"G" + bytes(5000), "x.mp4: "),
    (b"%PDF-1.7", "a PDF is no video"), (b"ID3" + bytes(99), "only sound")])
def test_what_is_no_video_is_explained_in_one_line(content, message):
    for opened in (open_clip, overview):
        with pytest.raises(PictureError, match=message) as error:
            opened(content, "x.mp4")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("content, share", [(MKV, 0.66), (TS, 0.66), (AVI, 0.83)], ids=["mkv", "ts", "avi"])
def test_of_a_video_cut_short_the_rest_is_shown_with_a_word(content, share):
    clip = open_clip(content[:int(share * len(content))], "x", Chosen(0, 4, 5))
    assert numbers_shown(clip) == [0, 5, 10, 15]
    clip = open_clip(content[:int(share * len(content))], "x", Chosen(4, 32, 2))
    assert 4 <= len(clip.frames) < 32 and any("ends at number" in note for note in clip.notes)
    assert content is TS or any("damaged or cut short" in note for note in clip.notes)  # it says nowhere how long it is


def test_changed_bytes_end_in_a_clip_or_a_sentence():
    random = Random(1)
    for turn in range(60):
        content = bytearray((MP4, MKV, TS, AVI)[turn % 4])
        for _ in range(random.choice((1, 10, 300))):
            content[random.randrange(len(content))] = random.randrange(256)
        try:
            clip = open_clip(bytes(content), "x", Chosen(random.randrange(50), 4, 2))
            assert len(clip.frames) == len(clip.numbers) == len(clip.seconds) == clip.chosen.count >= 4
        except PictureError as error:
            assert "\n" not in str(error) and str(error).startswith("x: ")


@pytest.fixture
def listening():
    """A server of which one asks whether anybody called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{secret}\n#EXTINF:10,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile {secret}\nfile http://127.0.0.1:{port}/a.ts\n",
    "image2": "{secret}", "dash": '<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n"}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "frame%03d.png", "list.ffconcat"])
def test_a_file_that_names_other_files_reaches_none_of_them(kind, name, tmp_path, listening):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(MP4)
    (tmp_path / name).write_text(PLAYLISTS[kind].format(secret=secret, port=listening.getsockname()[1]))
    for opened in (open_clip, overview):
        with pytest.raises(PictureError, match=r"not a video|a playlist names other files, and those are not opened|this is text"):
            opened(tmp_path / name)
    with pytest.raises(Exception) as refused:  # also if it were taken for what it is
        Video(io.BytesIO((tmp_path / name).read_bytes()), kind, name)
    assert not isinstance(refused.value, TimeoutError)
    with pytest.raises(TimeoutError):
        listening.accept()


@pytest.mark.parametrize("path", ["http://127.0.0.1:9/a.mp4", "concat:{path}", "file:{path}", "{path}%03d.mp4",
                                  "subfile,,start,0,end,0,,:{path}"])
def test_a_name_is_a_path_and_never_an_address(path, tmp_path):
    (tmp_path / "v.mp4").write_bytes(MP4)
    with pytest.raises(PictureError, match="cannot be read"):
        open_clip(path.format(path=tmp_path / "v.mp4"))


def test_a_file_with_a_name_like_a_pattern_is_that_file(tmp_path):
    (tmp_path / "v%03d.mp4").write_bytes(MP4)
    assert numbers_shown(open_clip(tmp_path / "v%03d.mp4", chosen=Chosen(3))) == [*range(3, 11)]


def test_a_coding_that_is_not_listed_is_not_run(monkeypatch):
    monkeypatch.setattr(video, "CODECS", {"vp9"})
    with pytest.raises(PictureError, match=r"^x: its video's coding, h264, is not read"):
        Video(io.BytesIO(MP4), "mov", "x")


def test_too_many_frames_are_refused_before_any_is_decoded(monkeypatch):
    monkeypatch.setattr(video, "MAX_VIDEO_FRAMES", 59)
    with pytest.raises(PictureError, match=r"^x: more than 59 frames\. Cut out the part"):
        Video(io.BytesIO(MP4), "mov", "x")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "huge.mp4").open("wb") as file:
        file.truncate(3 * 2**30)
    with pytest.raises(PictureError, match=r"^huge\.mp4: 3072 MB; at most 2048 can be opened"):
        open_clip(tmp_path / "huge.mp4")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_only_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", "/dev/zero"):
        with pytest.raises(PictureError, match="not a file"):
            open_clip(path)


def test_a_video_that_takes_too_long_says_so_and_the_next_is_opened(decoder):
    decoder.clip(MP4, "x.mp4", (0, 8, 1))
    decoder.clip_seconds = 0.03
    with pytest.raises(PictureError, match=r"^x\.mp4: decoding it takes longer than 0\.03 s.*again as MP4.*or start earlier"):
        decoder.clip(filmed(2500, preset="ultrafast", g="9999", sc_threshold="0"), "x.mp4", (2400, 8, 1))
    decoder.clip_seconds = 20
    assert len(decoder.clip(MP4, "x.mp4", (0, 8, 1))[1]) == 8


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits address space")
def test_a_video_that_takes_too_much_memory_says_so(decoder):
    decoder.memory = 2**28
    large = filmed([numbered(number, (2000, 1500)) for number in range(4)], "avi", "mjpeg", pixels="yuvj420p")
    with pytest.raises(PictureError, match=r"^x\.mp4: decoding it takes more than 0\.25 GB of memory\. Scale it down first\.$"):
        decoder.clip(large, "x.mp4", (0, 4, 1))


def test_where_times_lie_the_frames_are_counted_instead(monkeypatch):
    """What is found by seeking is compared with the times: here they say that a frame is missing."""
    def without_one(self, container, stream):
        read_times(self, container, stream)
        del self._times[12]
        self.count -= 1

    read_times = Video._read_times
    monkeypatch.setattr(Video, "_read_times", without_one)
    with pytest.raises(Lost):
        list(Video(io.BytesIO(MP4), "mov", "x").pictures([11, 14], 64))
    said, frames = decode_here(io.BytesIO(MP4), "x", Chosen(10, 4, 2))
    assert [number_of(frame) for frame in frames] == [10, 12, 14, 16] == said["numbers"] and said["total"] is None


def test_pyav_is_imported_by_the_worker_alone(tmp_path):
    (tmp_path / "v.mp4").write_bytes(MP4)
    code = f"""
import sys
from nlviz.pictures import open_clip, overview
assert len(open_clip({str(tmp_path / 'v.mp4')!r}).frames) == 8 and overview({str(tmp_path / 'v.mp4')!r}).count == 60
print('av' in sys.modules, 'torch' in sys.modules)
"""
    assert run("-c", code) == "False False\n"
    assert run("-c", "import sys, nlviz.pictures.worker, nlviz.pictures.video; print('torch' in sys.modules)") == "False\n"


def test_a_broken_video_says_nothing_beside_its_sentence(tmp_path):
    """FFmpeg's own complaints would reach the terminal: the worker has the program's."""
    (tmp_path / "x.mkv").write_bytes(MKV[:1500] + b"".join(MKV[part:part + 100] + b"broken" for part in range(1500, len(MKV), 106)))
    code = f"""
from nlviz.pictures import PictureError, open_clip
try:
    print(open_clip({str(tmp_path / 'x.mkv')!r}).notes[0])
except PictureError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=with_nlviz())
    assert "cut short" in done.stdout and done.stderr == ""
