"""How a figure draws: the choices that hold for all of its panels."""

from dataclasses import dataclass

from ..maps import SIMILARITIES, TERMS
from ..recipes import Recipe, check_choice
from .colours import COLOUR_MAPS, DIVERGING

TIMES = "times uniform"
SCALES = (TIMES, "shared", "per panel")
VEILS, BACKDROPS = ("rising", "even"), ("grey", "colour")
OPACITY = 0.8
DIRECTIONS = ("attends to", "attended by")


@dataclass(frozen=True)
class Style:
    """The arguments of :func:`nlviz.figures.queries_by_networks`, checked.

    A token that a map does not have is said where it is drawn.

    Raises:
        ValueError: unknown colour map, scale, veil, backdrop, direction or term, or an opacity outside 0 to 1.
    """

    colour_map: str
    scale: str
    smooth: bool
    opacity: float
    direction: str
    term: str
    veil: str = "rising"
    backdrop: str = "grey"
    token: str = ""

    def __post_init__(self) -> None:
        check_choice("colour map", self.colour_map, COLOUR_MAPS)
        check_choice("scale", self.scale, SCALES)
        check_choice("veil", self.veil, VEILS)
        check_choice("backdrop", self.backdrop, BACKDROPS)
        check_choice("direction", self.direction, DIRECTIONS)
        check_choice("term", self.term, (*TERMS, *SIMILARITIES))
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"opacity goes from 0 to 1, got {self.opacity}")

    @classmethod
    def of(cls, recipe: Recipe) -> "Style":
        """The style of a recipe."""
        return cls(recipe.colours, recipe.scale, recipe.view == "smooth", recipe.opacity, recipe.direction, recipe.term,
                   recipe.veil, recipe.backdrop, recipe.token)

    @property
    def forward(self) -> bool:
        """Whether the query asks: its row on the key grid, not the column of a key on the query grid."""
        return self.direction == "attends to"

    @property
    def shared(self) -> bool:
        """Whether panels with the same kind of rows have one scale."""
        return self.scale != "per panel"

    @property
    def centred(self) -> bool:
        """Whether values are differences, so that colours are centred at zero."""
        return self.term == "row minus the mean row"

    @property
    def alike(self) -> bool:
        """Whether heatmaps are similarities of features, -1 to 1."""
        return self.term in SIMILARITIES

    def colours_of(self, kind: str) -> str:
        """The colour map of a kind of heatmaps."""
        return DIVERGING if self.centred or self.alike else self.matrix_colours_of(kind)

    def matrix_colours_of(self, kind: str) -> str:
        """That of a kind of matrices of channels, which have no terms."""
        return DIVERGING if kind == "difference" else self.colour_map
