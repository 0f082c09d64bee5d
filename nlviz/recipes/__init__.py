"""What a figure shows: as JSON, in the figure's own file, in the page's address.

May import nothing of nlviz.
"""

from .link import link_of, recipe_of_link
from .metadata import KEYS, recipe_in
from .recipe import CHOICES, LAYOUTS, LONGEST, RESOLUTIONS, SETTINGS, WIDTHS, Recipe, check_choice

__all__ = ["CHOICES", "KEYS", "LAYOUTS", "LONGEST", "RESOLUTIONS", "SETTINGS", "WIDTHS", "Recipe", "check_choice", "link_of",
           "recipe_in", "recipe_of_link"]
