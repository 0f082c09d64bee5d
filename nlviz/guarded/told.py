"""What is told of a checkpoint that was read: plain JSON, since it comes from a process that nobody trusts."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

CLEAN = "clean.safetensors"  # in the folder of a file that was read
TRIED = (64, 128)  # pixels of the long side on which a network is tried
LONGEST, MOST = 500, 60  # characters of a sentence, and sentences

Words = Annotated[str, Field(max_length=LONGEST)]
Sentences = Annotated[list[Words], Field(max_length=MOST)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class Asked(_Strict):
    """A question: its name, what is asked, the answers, each with what it means, and the usual one."""

    name: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    sentence: Words
    options: Annotated[list[tuple[Words, Words]], Field(min_length=1, max_length=12)]
    usual: Words


class Attention(_Strict):
    """Where attention is: the module, what it is called, and how many maps it has."""

    layer: Words
    block: Words
    maps: Annotated[int, Field(ge=1)]


class Told(_Strict):
    """A checkpoint of a kind that is known.

    Attributes:
        file: its name.
        title, arch: of the kind.
        tensors, numbers: how many there are.
        precision: of most of them, as ``float32``.
        questions: what the weights cannot tell.
        attention: where it is, in the order computed, with the usual answers.
        notes: what of the file is left out, missing, untrained or otherwise to be known.
        says: what it gives, in a phrase.
        classes: their names, where the file has them.
        clips: it takes clips alone, of ``frames`` frames.
        operations: of a pass on squares of the sides TRIED.
    """

    file: Words
    title: Words
    arch: Words
    tensors: Annotated[int, Field(ge=1)]
    numbers: Annotated[int, Field(ge=0)]
    precision: Words
    questions: Annotated[list[Asked], Field(max_length=12)]
    attention: Annotated[list[Attention], Field(max_length=400)]
    notes: Sentences
    says: Words
    classes: Annotated[list[Words], Field(max_length=30_000)] | None
    clips: bool
    frames: Annotated[int, Field(ge=0)]
    operations: tuple[int, int]


def operations(told: Told, resolution: int, frames: int = 1) -> float:
    """How many operations a pass takes on a square of that side: convolutions grow with its pixels, maps with their square."""
    small, large = told.operations
    first, second = (side**2 for side in TRIED)
    squares = max(0.0, (large - small * second / first) / (second**2 - first * second))
    pixels = resolution**2 * (frames / told.frames if told.clips and told.frames else frames)
    return max(0.0, small / first - squares * first) * pixels + squares * pixels * (pixels if told.clips else resolution**2)


def shortened(text: object) -> str:
    """A sentence that fits."""
    words = str(text)
    return words if len(words) <= LONGEST else f"{words[:LONGEST - 4]} ..."
