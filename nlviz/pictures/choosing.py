"""Which frames of a video make a clip, and what is done where there are fewer than that."""

from dataclasses import dataclass

from .limits import MAX_FRAMES, MIN_FRAMES, PictureError


class Lost(Exception):
    """Frames of a video are not where their times say."""


class Late(Exception):
    """There is no time for further frames."""


@dataclass(frozen=True)
class Chosen:
    """Which frames of a video.

    Attributes:
        start: number of the first frame, from 0 in the order in which they are shown.
        count: how many, MIN_FRAMES to MAX_FRAMES.
        stride: every so many-th frame of the video.
    """

    start: int = 0
    count: int = 8
    stride: int = 1

    def __post_init__(self) -> None:
        for what, value, least, most in (("start", self.start, 0, 10**7), ("frames", self.count, MIN_FRAMES, MAX_FRAMES),
                                         ("stride", self.stride, 1, 10**5)):
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{what} of a clip goes from {least} to {most:,}, got {value!r:.40}")

    @property
    def numbers(self) -> range:
        """Of the frames in the video."""
        return range(self.start, self.start + self.count * self.stride, self.stride)


FIRST = Chosen()  # the first 8 frames


def fitted(chosen: Chosen, total: int, name: str, what: str = "frames") -> tuple[Chosen, list[str]]:
    """What of it a video of ``total`` frames has, and what to say of it: fewer frames, or closer ones where that leaves too few.

    Raises:
        PictureError: fewer than MIN_FRAMES frames from the first on.
    """
    left = total - chosen.start
    if total < MIN_FRAMES:
        raise PictureError(f"{name}: {total} {what if total != 1 else what[:-1]}; a clip needs at least {MIN_FRAMES}.")
    if left < MIN_FRAMES:
        raise PictureError(f"{name}: a clip needs at least {MIN_FRAMES} {what}, and of its {total} there are {max(left, 0)} from "
                           f"number {chosen.start + 1} on. Start at {total - MIN_FRAMES + 1} or earlier.")
    stride = min(chosen.stride, (left - 1) // (MIN_FRAMES - 1))
    found = Chosen(chosen.start, min(chosen.count, (left - 1) // stride + 1), stride)
    if found == chosen:
        return found, []
    every = f"every {nth(stride)}" if stride > 1 else "each"
    closer = f", {every} instead of every {nth(chosen.stride)}" if stride < chosen.stride else ""
    return found, [f"{name} ends at number {total}: {found.count} of the {chosen.count} {what} asked for are shown{closer}."]


def nth(number: int) -> str:
    """1st, 2nd, 3rd, 4th..."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"


def evenly(total: int, count: int) -> list[int]:
    """Numbers of at most ``count`` of ``total`` frames, as far from each other as can be, the first and the last among them."""
    count = min(count, total)
    return [round(index * (total - 1) / max(count - 1, 1)) for index in range(count)]
