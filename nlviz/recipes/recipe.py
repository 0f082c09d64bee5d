"""The recipe of a figure: everything that is needed to draw it again, as JSON."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from ..files import printable

LAYOUTS = ("queries by networks", "one query", "dependence", "channels", "distances", "layers x heads", "distance against layer",
           "filmstrip")
RESOLUTIONS = (224, 448, 518, 672)  # offered by the page and the command line
WIDTHS = {"one column": 3.3, "two columns": 6.9, "slide": 13.3}  # inches
SETTINGS = ("colours", "scale", "view", "opacity", "veil", "backdrop", "direction", "term", "token", "arrows")
CHOICES = {"colours": ("viridis", "inferno", "magma", "cividis", "gray"), "scale": ("times uniform", "shared", "per panel"),
           "view": ("cells", "smooth"), "veil": ("rising", "even"), "backdrop": ("grey", "colour"),
           "direction": ("attends to", "attended by"),
           "term": ("full", "pairwise only", "unary only", "row minus the mean row",
                    "input similarity", "output similarity")}  # what there is of those that are words
FRAMES = (4, 32)  # of a clip
ARROWS = (0, 5, 10, 20, 50)  # from a query of a clip to its strongest keys
MOST_NETWORKS = MOST_QUERIES = 8  # in a figure
RESOLUTION_RANGE = (16, 2048)
DPI = (50, 1200)
LONGEST = 64 * 1024  # characters of a recipe as JSON, and of an address
VERSION = 2  # of the recipe's form
USUAL_IN_1 = {"scale": "shared", "opacity": 0.65, "veil": "even", "backdrop": "grey"}  # what version 1 left unsaid


@dataclass(frozen=True)
class Recipe:
    """What a figure shows, of what, and how.

    Attributes:
        picture: ``name`` of the file and ``sha256`` of its pixels; of a clip also ``start``, the number of its first frame in the
            video from 0, how many ``frames``, and the ``stride``: every so many-th of the video.
        networks: each with ``name`` (NAME, or NAME@EPOCH for a snapshot) and ``sha256`` of its checkpoint, None where unknown.
        resolution: long side of the networks' input in pixels.
        queries: (x, y), fractions of the picture's width and height; of a clip (x, y, frame), the frame from 0.
        layout: one of LAYOUTS.
        width: a name of WIDTHS.
        dpi: dots per inch of a PNG.
        colours, scale, view, opacity, veil, backdrop, direction, term: the display settings of the page.
        token: the named token (``class token``) that is asked in place of the queries' places; "" for the places.
        arrows: of a clip, how many of a query's strongest keys an arrow leads to, one of ARROWS.
        parts: ``{network}/{number of the call}`` to the name of the map that is shown, for blocks with several. With ``+1``,
            ``+2``, ... behind it further maps of the call, each a panel of its own beside the first.
        version: of the recipe's form.
    """

    picture: Mapping[str, str | int]
    networks: Sequence[Mapping[str, str | None]]
    queries: Sequence[tuple[float, ...]]
    resolution: int = 448
    layout: str = LAYOUTS[0]
    width: str = "two columns"
    dpi: int = 300
    colours: str = "viridis"
    scale: str = "times uniform"
    view: str = "cells"
    opacity: float = 0.8
    veil: str = "rising"
    backdrop: str = "grey"
    direction: str = "attends to"
    term: str = "full"
    token: str = ""
    arrows: int = 20
    parts: Mapping[str, str] = field(default_factory=dict)
    version: int = VERSION

    def __post_init__(self) -> None:
        check_choice("layout", self.layout, LAYOUTS)
        check_choice("width", self.width, WIDTHS)
        check_dpi(self.dpi)

    @property
    def settings(self) -> dict:
        """What the page calls its settings."""
        return {name: getattr(self, name) for name in SETTINGS}

    def to_json(self) -> str:
        """The recipe as JSON in ASCII, the same for the same recipe; of a picture without what belongs to clips."""
        entries = asdict(self)
        if "frames" not in self.picture:
            del entries["arrows"]
        return json.dumps({"nlviz_recipe": entries}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """The inverse of ``to_json``.

        Raises:
            ValueError: no recipe, one of another version, or one with unknown or missing entries; the message says which.
        """
        if len(text) > LONGEST:
            raise ValueError(f"this recipe is longer than {LONGEST // 1024} KB")
        try:
            found = json.loads(text)["nlviz_recipe"]
        except (ValueError, KeyError, TypeError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ValueError("this is no recipe of nlviz: expected JSON with an entry nlviz_recipe")
        version = found.get("version")
        if type(version) is not int or version not in (1, VERSION):
            raise ValueError(f"this recipe has version {str(version)[:40]}, this nlviz reads versions 1 and {VERSION}"
                             f"{' as numbers' if str(version) in ('1', str(VERSION)) else ''}")
        found = brought_up(found, version)
        known = {f.name for f in fields(cls)}
        if wrong := sorted(found.keys() - known):
            raise ValueError(f"this recipe has unknown entries: {ascii(', '.join(wrong))[1:-1][:200]}")
        if missing := sorted({"picture", "networks", "queries"} - found.keys()):
            raise ValueError(f"this recipe lacks: {', '.join(missing)}")
        try:
            return cls.checked(found)
        except ValueError as error:
            raise ValueError(f"this recipe cannot be read: {error}") from None

    @classmethod
    def checked(cls, found: Mapping) -> "Recipe":
        """The recipe of entries that came from outside.

        Raises:
            ValueError: an entry is not what it should be; the message says which.
        """
        from .schema import Whole, checked

        entries = checked(Whole, found)
        networks = tuple({"sha256": None} | network for network in entries["networks"])
        return cls(**{"picture": {}} | entries | {"networks": networks, "queries": tuple(entries["queries"])})

    def but(self, changes: Mapping) -> "Recipe":
        """The same with other entries, checked as in ``checked``."""
        return self.checked(json.loads(self.to_json())["nlviz_recipe"] | changes)

    def differences(self, picture: Mapping[str, str], networks: Sequence[Mapping[str, str | None]]) -> list[str]:
        """What is not as it was when the recipe was written, in words; empty where the figure will be the same."""
        found = []
        if picture["sha256"] != self.picture["sha256"]:
            found.append(f"another picture: the recipe is of {printable(self.picture['name'])} with sha256 "
                         f"{self.picture['sha256'][:12]}..., this is {printable(picture['name'])} with {picture['sha256'][:12]}...")
        checkpoints = {network["name"]: network["sha256"] for network in networks}
        for network in self.networks:
            if network["name"] not in checkpoints:
                found.append(f"network {network['name']} is not here")
            elif network["sha256"] != checkpoints[network["name"]]:
                found.append(f"another checkpoint of {network['name']}: the recipe's has sha256 {str(network['sha256'])[:12]}..., "
                             f"this one {str(checkpoints[network['name']])[:12]}...")
        return found


def brought_up(found: Mapping, version: int) -> dict:
    """The entries of a recipe or a link of a version, as this one says them: what was drawn then is drawn now."""
    return {**(USUAL_IN_1 if version == 1 else {}), **found, "version": VERSION}


def check_choice(what: str, value: str, allowed: Collection[str]) -> None:
    """Raise ValueError with what is allowed where ``value`` is not."""
    if value not in allowed:
        raise ValueError(f"unknown {what} {value!r:.60}; there are: {', '.join(allowed)}")


def check_dpi(value: int) -> int:
    """The dots per inch of a PNG; raise ValueError where they cannot be drawn."""
    least, most = DPI
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"dpi goes from {least} to {most}, got {said(value)}")
    return value


def said(value: object) -> str:
    """A value that came, short enough for a sentence and on one line."""
    try:
        text = _pair(value) or ("nothing" if value is None else repr(value) if isinstance(value, str) and value.isprintable()
                                else ascii(value))
    except RecursionError:
        text = f"a {type(value).__name__} inside itself many times"
    except ValueError:  # Python writes no integer of more than 4300 digits
        text = "a number of too many digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _pair(value: object) -> str | None:
    """Two numbers as the command line takes them."""
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(type(one) in (int, float) for one in value):
        return ",".join(f"{one:g}" if abs(one) < 1e9 else str(one) for one in value)
    return None
