"""What a figure shows: as JSON, in the figure's own file, in the page's address.

May import nothing of nlviz.
"""

from .link import link_of, recipe_of_link, split_part
from .metadata import KEYS, recipe_in
from .names import plain_name
from .recipe import (
    ARROWS,
    CHOICES,
    FRAMES,
    LAYOUTS,
    LONGEST,
    MOST_NETWORKS,
    MOST_QUERIES,
    RESOLUTION_RANGE,
    RESOLUTIONS,
    SETTINGS,
    WIDTHS,
    Recipe,
    check_choice,
)

__all__ = ["ARROWS", "CHOICES", "FRAMES", "KEYS", "LAYOUTS", "LONGEST", "MOST_NETWORKS", "MOST_QUERIES", "RESOLUTIONS",
           "RESOLUTION_RANGE", "SETTINGS", "WIDTHS", "Recipe", "check_choice", "link_of", "plain_name", "recipe_in",
           "recipe_of_link", "split_part"]
