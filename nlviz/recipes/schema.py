"""What a recipe may say: types, ranges and counts, checked once, whatever it came from. What is wrong is one sentence.

Imported where a recipe is read: pydantic takes a while.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationError,
    model_validator,
)

from .names import in_name
from .recipe import (
    ARROWS,
    CHOICES,
    FRAMES,
    LAYOUTS,
    MOST_NETWORKS,
    MOST_QUERIES,
    RESOLUTION_RANGE,
    VERSION,
    WIDTHS,
    check_choice,
    check_dpi,
    said,
)

MOST_PARTS = 256
MOST_FRAMES = FRAMES[1]
EXPECTED = {
    "int_type": "a whole number", "int_from_float": "a whole number", "float_type": "a number", "string_type": "text",
    "string_unicode": "text", "bool_type": "true or false", "list_type": "a list", "dict_type": "names with values",
    "model_type": "names with values", "model_attributes_type": "names with values", "finite_number": "a finite number",
    "string_too_long": "at most {max_length} characters", "string_too_short": "some text",
    "too_long": "at most {max_length} entries",
    "greater_than_equal": "{ge} or more", "less_than_equal": "{le} or less",
}


class Strict(BaseModel):
    """No text is taken for a number, no true for 1, and nothing unknown is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def one_of(name: str) -> AfterValidator:
    def check(value: str) -> str:
        check_choice(WORDS.get(name, name), value, OPTIONS[name])
        return value
    return AfterValidator(check)


def between(name: str, least: float, most: float, unit: str = "") -> AfterValidator:
    def check(value: float) -> float:
        if not least <= value <= most:
            raise ValueError(f"{name} goes from {least} to {most}{unit}, got {said(value)}")
        return value
    return AfterValidator(check)


def _file_name(value: object) -> str:
    """A name from a stranger's file leads into no other folder and stays on its line."""
    named = isinstance(value, str) and 0 < len(value) <= 255 and value not in (".", "..")
    if not named or "/" in value or not all(map(in_name, value)):
        raise ValueError(f"a picture has a plain file name such as lion.jpg, got {said(value)}")
    return value


def _sha256(value: object) -> str:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError(f"a sha256 has 64 hexadecimal digits, got {said(value)}")
    return value


def _query(value: object) -> tuple[float, ...]:
    """(x, y) of a picture, (x, y, frame) of a clip."""
    numbers = isinstance(value, (list, tuple)) and len(value) in (2, 3) and all(type(one) in (int, float) for one in value)
    if not numbers or not all(0 <= one <= 1 for one in value[:2]):
        raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {said(value)}")
    if len(value) == 2:
        return float(value[0]), float(value[1])
    if type(value[2]) is not int or not 0 <= value[2] < MOST_FRAMES:
        raise ValueError(f"a query's frame is a whole number from 0 to {MOST_FRAMES - 1}, got {said(value[2])}")
    return float(value[0]), float(value[1]), value[2]


def _arrows(value: int) -> int:
    if value not in ARROWS:
        raise ValueError(f"arrows: {', '.join(map(str, ARROWS))} of them can be drawn, got {said(value)}")
    return value


def _told_apart(networks: list) -> list:
    names = [network.name for network in networks]
    if not 1 <= len(names) <= MOST_NETWORKS:
        raise ValueError(f"1 to {MOST_NETWORKS} networks can be compared, got {len(names)}")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"network {said(twice)} is named twice")
    return networks


def _few(queries: list) -> list:
    if len(queries) > MOST_QUERIES:
        raise ValueError(f"a figure takes at most {MOST_QUERIES} queries, got {len(queries)}")
    return queries


def _panels(parts: dict[str, str]) -> dict[str, str]:
    for panel in parts:
        if not re.fullmatch(r".+/[0-9]{1,4}(\+[1-9][0-9]{0,2})?", panel, re.DOTALL):
            raise ValueError(f"a part is given as NETWORK/CALL=PART such as msrc_criss_cross/0=A1, got {said(panel)}")
    return parts


OPTIONS = CHOICES | {"layout": LAYOUTS, "width": tuple(WIDTHS)}
WORDS = {"colours": "colour map"}
Sha256, FileName, Query = (Annotated[Any, PlainValidator(check)] for check in (_sha256, _file_name, _query))
Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Word = Annotated[str, StringConstraints(max_length=300)]
Parts = Annotated[dict[Word, Word], Field(max_length=MOST_PARTS), AfterValidator(_panels)]
Resolution = Annotated[int, between("resolution", *RESOLUTION_RANGE, " pixels")]
Queries = Annotated[list[Query], AfterValidator(_few)]


class PictureOf(Strict):
    """A picture; with the three last entries a clip."""

    name: FileName
    sha256: Sha256
    start: Annotated[int, between("the number of a clip's first frame", 0, 10**7, ", from 0")] = None
    frames: Annotated[int, between("frames of a clip", *FRAMES)] = None
    stride: Annotated[int, between("the stride of a clip", 1, 10**5)] = None

    @model_validator(mode="after")
    def _whole(self) -> "PictureOf":
        if len({"start", "frames", "stride"} & self.model_fields_set) in (1, 2):
            raise ValueError("a clip has start, frames and stride")
        return self


class Network(Strict):
    name: Name
    sha256: Sha256 | None = None


class Settings(Strict):
    """How a figure looks; what is not given keeps its default."""

    layout: Annotated[Word, one_of("layout")] = None
    width: Annotated[Word, one_of("width")] = None
    dpi: Annotated[int, AfterValidator(check_dpi)] = None
    colours: Annotated[Word, one_of("colours")] = None
    scale: Annotated[Word, one_of("scale")] = None
    view: Annotated[Word, one_of("view")] = None
    opacity: Annotated[float, between("opacity", 0, 1)] = None
    veil: Annotated[Word, one_of("veil")] = None
    backdrop: Annotated[Word, one_of("backdrop")] = None
    direction: Annotated[Word, one_of("direction")] = None
    term: Annotated[Word, one_of("term")] = None
    token: Word = None
    arrows: Annotated[int, AfterValidator(_arrows)] = None
    parts: Parts = None


class Whole(Settings):
    """A recipe; one that the command line begins with has no picture yet."""

    picture: PictureOf = None
    networks: Annotated[list[Network], AfterValidator(_told_apart)]
    queries: Queries
    resolution: Resolution = None
    version: Annotated[int, Field(ge=VERSION, le=VERSION)] = VERSION


def checked(model: type[Strict], found: object) -> dict:
    """What was given of a model's entries, each as the model says.

    Raises:
        ValueError: something else was given; the message is about the first that is wrong.
    """
    try:
        return model.model_validate(found).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise ValueError(_sentence(error.errors(include_url=False)[0])) from None


def _sentence(error: Mapping[str, Any]) -> str:
    where = " of ".join(str(part) if isinstance(part, str) else f"entry {part + 1}" for part in reversed(error["loc"]))
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] in ("missing", "extra_forbidden"):
        return f"{where} {'is missing' if error['type'] == 'missing' else 'is unknown'}"
    expected = EXPECTED.get(error["type"], "something else").format(**error.get("ctx", {}))
    return f"{where or 'it'} should be {expected}, got {said(error['input'])}"
