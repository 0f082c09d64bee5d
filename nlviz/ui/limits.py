"""How much of the page's machine a visitor may ask for at once."""

from dataclasses import dataclass, fields

from ..models import MINUS, ModelError
from ..recipes import FRAMES, MOST_NETWORKS, MOST_QUERIES, RESOLUTION_RANGE

HIGHEST = {"networks": MOST_NETWORKS, "queries": MOST_QUERIES, "resolution": RESOLUTION_RANGE[1],
           "frames": FRAMES[1]}  # what a recipe can say


@dataclass(frozen=True)
class Limits:
    """What the server keeps to, whatever is asked; its owner may choose other numbers.

    Attributes:
        networks: compared at once, in the page or in a study.
        queries: in a figure.
        resolution: long side of the networks' input in pixels.
        frames: of a clip.
        clip_megapixels: of all frames of a clip as inputs, in millions.
        export_megapixels: of an exported figure, in millions.
        whole_maps_mb: of whole maps in a zip, before they are packed.
        upload_mb: of a file.
        checkpoint_mb: of a visitor's own checkpoint, in the tab Your network.
        pass_gigaflops: of one pass of a visitor's own network, in billions of operations.
        study_pictures: in a study at once; the command line takes any number.
        visits: at work at once; further ones wait.
        waiting: events of one visit in the queue; further ones are refused.
        requests: of one visit's figures and numbers at work at once; further ones are refused.

    Raises:
        ValueError: a limit is below 1, or above what a recipe can say.
    """

    networks: int = MOST_NETWORKS
    queries: int = MOST_QUERIES
    resolution: int = 1024
    frames: int = FRAMES[1]
    clip_megapixels: int = 8
    export_megapixels: int = 100
    whole_maps_mb: int = 256
    upload_mb: int = 40
    checkpoint_mb: int = 500
    pass_gigaflops: int = 2000
    study_pictures: int = 500
    visits: int = 8
    waiting: int = 8
    requests: int = 4

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            value, most = getattr(self, name), HIGHEST.get(name)
            if type(value) is not int or value < 1 or (most and value > most):
                raise ValueError(f"the limit {name} is a whole number from 1{f' to {most}' if most else ''}, got {value}")

    @property
    def in_words(self) -> str:
        """What the page says."""
        clips = f"clips of up to {self.frames} frames ({self.clip_megapixels} million pixels as inputs)"
        return (f"This page compares up to {self.networks} networks at once, with inputs of up to {self.resolution} pixels, "
                f"{self.queries} queries and {clips}; it draws figures of up to {self.export_megapixels} million pixels, takes "
                f"files of up to {self.upload_mb} MB, checkpoints of up to {self.checkpoint_mb} MB with passes of up to "
                f"{self.pass_gigaflops:,} billion operations, and measures up to {self.study_pictures} pictures at a time. "
                "Networks run one at a time, visitors take turns, and your newer request ends your older one. The command line "
                "has no such limits.")

    def check_clip(self, count: int, resolution: int) -> None:
        """Raise ValueError where so many frames, or so many as inputs of that size, are not for visitors."""
        if count > self.frames:
            raise ValueError(f"A clip of {count} frames was asked for; this page shows up to {self.frames}. Choose fewer.")
        if count * resolution**2 > self.clip_megapixels * 1e6:
            most = int(self.clip_megapixels * 1e6 // resolution**2)
            fewer = f"Choose up to {most} frames, or a lower resolution." if most >= FRAMES[0] else "Choose a lower resolution."
            raise ValueError(f"{count} frames as inputs of {resolution} px are more than this page takes at once. {fewer}")

    def check_view(self, names: list[str], resolution: int) -> None:
        """Raise ValueError where so many networks, or so large an input, are not for visitors."""
        run = max(len(names), len({side for name in names for side in name.split(MINUS)}))  # of a difference both sides
        if run > self.networks:
            raise ValueError(f"{run} networks are chosen; this page compares up to {self.networks} at once. Remove some.")
        if resolution > self.resolution:
            raise ValueError(f"An input of {resolution} px was asked for; this page runs networks on up to {self.resolution} px. "
                             "Draw it with: python -m nlviz render --recipe FIGURE")

    def check_pass(self, name: str, operations: float, resolution: int) -> None:
        """Raise ModelError where a pass of a visitor's own network takes more than is for visitors."""
        if operations > self.pass_gigaflops * 1e9:
            raise ModelError(f"{name}: a pass on {resolution} px takes some {operations / 1e9:,.0f} billion operations; this page "
                             f"runs visitors' own networks of up to {self.pass_gigaflops:,}. Choose a lower resolution.")
