"""A video's file -> some of its frames, by their exact numbers. Runs in the process that decodes, which alone knows PyAV.

Frames are counted in the order in which they are shown. Where every packet has a time of its own, the sorted times are the frames'
numbers: the file is read through once without decoding, then decoded from the last key frame before each frame that is wanted, and
what is decoded is compared with that list. Where it isn't the same (``Lost``), or there are no times, all is decoded from the
beginning and counted.
"""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import BinaryIO, NoReturn

import av
from av.container import InputContainer
from av.stream import Discard, Disposition
from PIL import Image

from .choosing import Late, Lost, evenly
from .limits import MAX_PIXELS, MAX_VIDEO_FRAMES, PictureError, check_size
from .videoframe import picture_of, size_of

CODECS = {*"av1 libdav1d cfhd cinepak dnxhd dvvideo ffv1 ffvhuff flv h263 h264 hevc huffyuv libvpx libvpx-vp9 magicyuv".split(),
          *"mjpeg mpeg1video mpeg2video mpeg4 msmpeg4 msmpeg4v1 msmpeg4v2 msvideo1 png prores qtrle rawvideo svq1 svq3".split(),
          *"theora utvideo v210 vc1 vp8 vp9 wmv1 wmv2 wmv3".split()}  # FFmpeg's names; no others are run
UNTIMED = ("avi", "mpeg")  # kinds of files whose times are made up, or not those of every frame
BACK = (0, 1, 3)  # so many key frames before the one that is wanted are begun at, one after the other
BUFFER = 2**18  # bytes
Opened = tuple[InputContainer, av.VideoStream]
Decoded = tuple[int, float | None, av.VideoFrame]  # its number, seconds after the first frame, the frame


class Video:
    """A video in a file.

    Args:
        file: its bytes, seekable; nothing else is ever opened.
        kind: FFmpeg's name of the kind of file.
        name: for messages.

    Attributes:
        count: how many frames it has; about as many where that is not ``exact``.
        exact: the frames' numbers follow from their times, or all were counted.
        fps: frames a second on average.
        duration: in seconds.
        size: (width, height) as it is shown, once a frame was.
        damaged: something could not be read or decoded.
        notes: what had to be changed, in words for the user.
        until: seconds of the process's computing after which no more is decoded.

    Raises:
        PictureError: no video in it, one in a coding that is not read, or with too many frames.
    """

    def __init__(self, file: BinaryIO, kind: str, name: str) -> None:
        self.file, self.kind, self.name, self.damaged, self.until = file, kind, name, False, float("inf")
        self.notes: list[str] = []
        self.size: tuple[int, int] | None = None
        with self._opened() as (container, stream):
            self._rate = stream.average_rate or stream.guessed_rate
            self._aspect = stream.sample_aspect_ratio or Fraction(1)
            self._unit = stream.time_base
            self._read_times(container, stream)
            length = _length(container, stream)
        self.exact = self._timed = bool(self._keys) and kind not in UNTIMED
        self.fps = float(self._rate) if self._rate else None
        self.duration = self.count / self.fps if self.fps and not self.exact else float(length) if length else None

    def pictures(self, numbers: Iterable[int], side: int) -> Iterator[tuple[int, float | None, Image.Image]]:
        """Those of these frames, ascending, that there are: number, seconds after the first frame, picture with sides of at most
        ``side`` pixels.

        Raises:
            Lost: what came before is wrong: it was told by times that are. Asked again, the frames are counted.
            Late: it is later than ``until``.
        """
        try:
            for number, seconds, frame in (self._by_times if self._timed else self._counted)(numbers):
                self.size = size_of(frame, self._aspect)
                self.damaged |= frame.is_corrupt
                yield number, seconds, picture_of(frame, self._aspect, side, self.name, self.notes)
        except Lost:
            self.exact = self._timed = False
            raise

    def spread(self, count: int) -> list[int]:
        """Numbers of at most so many frames, from all of it: key frames, if they lie near, which need no others."""
        keys = [bisect_left(self._times, at) for at in self._keys] if self._timed else []
        numbers, near = evenly(self.count, count), self.count / (4 * count)
        nearest = [min(keys, key=lambda key: abs(key - number), default=-self.count) for number in numbers]
        return sorted({key if abs(key - number) <= near else number for number, key in zip(numbers, nearest)})

    @contextmanager
    def _opened(self) -> Iterator[Opened]:
        self.file.seek(0)
        options = {"format_whitelist": self.kind, "codec_whitelist": ",".join(CODECS), "protocol_whitelist": "none"}
        with av.open(self.file, "r", format=self.kind, options=options, buffer_size=BUFFER, metadata_errors="replace",
                     io_open=_nothing_else) as container:
            stream = self._video_of(container)
            for other in container.streams:
                if other is not stream:
                    other.discard = Discard.all
            yield container, stream

    def _video_of(self, container: InputContainer) -> av.VideoStream:
        found = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
        if not found:
            raise PictureError(f"{self.name}: it has no video, only sound. Choose a video." if container.streams.audio else
                               f"{self.name}: no video is found in it; it is broken, or holds something else. Choose a video.")
        stream = found[0]
        coding = stream.codec_context and stream.codec_context.name
        if coding not in CODECS:
            raise PictureError(f"{self.name}: its video's coding, {coding or 'unknown'}, is not read. Save it as H.264.")
        if stream.width and stream.height:
            check_size((stream.width, stream.height), self.name)
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        stream.codec_context.thread_count = 2
        stream.codec_context.thread_type = "AUTO"
        return stream

    def _read_times(self, container: InputContainer, stream: av.VideoStream) -> None:
        found, read = [], -1  # the last packet is none
        for packet in self._packets(container, stream):
            read, self.damaged = read + 1, self.damaged or packet.is_corrupt
            if packet.size and not packet.is_discard:
                found.append((packet.pts, packet.is_keyframe))
            if len(found) > MAX_VIDEO_FRAMES:
                raise PictureError(f"{self.name}: more than {MAX_VIDEO_FRAMES:,} frames. Cut out the part that you want first.")
        self.damaged |= read < 0.95 * stream.frames - 1  # fewer than the file's head promises
        self.count, times = len(found), [at for at, _ in found]
        self._keys, self._times = [], []
        if None not in times and len(set(times)) == len(times):
            self._keys = sorted(at for at, key in found if key)
            self._times = sorted(at for at in times if self._keys and at >= self._keys[0])  # none before can be decoded
            self.count = len(self._times) or self.count
        if self._times and not stream.frames:
            self.damaged |= (self._times[-1] - self._times[0]) * self._unit < 0.75 * (_length(container, stream) or 0)

    def _packets(self, container: InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
        try:
            yield from container.demux(stream)
        except MemoryError:
            raise
        except av.FFmpegError:  # the rest of the file
            self.damaged = True

    def _by_times(self, numbers: Iterable[int]) -> Iterator[Decoded]:
        """The frames of these numbers, ascending.

        Raises:
            Lost: they are not where they should be.
        """
        with self._opened() as (container, stream):
            frames, at = iter(()), -1  # number of the frame that comes next
            for number in numbers:
                key = bisect_right(self._keys, self._times[number]) - 1
                first = bisect_left(self._times, self._keys[key])
                if at < first:
                    frames, at = self._from(container, stream, key), first
                while at <= number:
                    frame = next(frames, None)
                    if frame is None or frame.pts != self._times[at]:
                        raise Lost
                    at += 1
                yield number, float((self._times[number] - self._times[0]) * self._unit), frame

    def _from(self, container: InputContainer, stream: av.VideoStream, key: int) -> Iterator[av.VideoFrame]:
        """The frames from a key frame on: a file without an index may be sought through only nearly, so perhaps from one before."""
        for back in BACK:
            frames = self._sought(container, stream, self._keys[max(0, key - back)] if key else None)
            for frame in frames:
                if frame.pts is None or frame.pts > self._keys[key]:
                    break
                if frame.pts == self._keys[key]:
                    yield frame
                    yield from frames
                    return

    def _sought(self, container: InputContainer, stream: av.VideoStream, at: int | None) -> Iterator[av.VideoFrame]:
        try:
            if at is not None:  # else it is open at its beginning
                container.seek(at, stream=stream)
            for packet in container.demux(stream):
                self._in_time()
                yield from packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:
            raise Lost from None

    def _counted(self, numbers: Iterable[int]) -> Iterator[Decoded]:
        """Those of these numbers, ascending, that there are; where the last is not, their ``count`` is exact afterwards."""
        wanted = set(numbers)
        with self._opened() as (container, stream):
            number, first = -1, None
            for number, frame in enumerate(self._all(container, stream)):
                first = frame.pts if number == 0 else first
                if number in wanted:
                    yield number, self._seconds(number, frame, first), frame
                if number == max(wanted):
                    return
        self.count, self.exact = number + 1, True

    def _all(self, container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
        """All frames that can be decoded."""
        for packet in self._packets(container, stream):
            self._in_time()
            try:
                yield from packet.decode()
            except MemoryError:
                raise
            except av.FFmpegError:
                self.damaged = True

    def _in_time(self) -> None:
        if time.process_time() > self.until:
            raise Late

    def _seconds(self, number: int, frame: av.VideoFrame, first: int | None) -> float | None:
        if self.kind not in UNTIMED and None not in (frame.pts, first) and frame.pts >= first:
            return float((frame.pts - first) * self._unit)
        return float(number / self._rate) if self._rate else None


def _length(container: InputContainer, stream: av.VideoStream) -> Fraction | None:
    """Seconds that the file's head promises of the video."""
    if stream.duration:
        return stream.duration * stream.time_base
    return Fraction(container.duration, av.time_base) if container.duration and len(container.streams) == 1 else None


def _nothing_else(url: str, flags: int, options: dict) -> NoReturn:
    raise PermissionError(f"a video names another file, {url!r:.80}, which is not opened")
