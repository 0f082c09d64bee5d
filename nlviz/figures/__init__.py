"""Figures for papers. matplotlib is known to this folder alone, and pyplot to none: a server draws here."""

from .colours import COLOUR_MAPS, DIVERGING, PIN_COLOURS, colour_table
from .output import figure_bytes, format_of, save_figure
from .panels import draw_heatmap, draw_photo
from .queries import queries_by_networks
from .study import distances_by_layer, distribution_by_network
from .style import DIRECTIONS, SCALES

__all__ = ["COLOUR_MAPS", "DIRECTIONS", "DIVERGING", "PIN_COLOURS", "SCALES", "colour_table", "distances_by_layer",
           "distribution_by_network", "draw_heatmap", "draw_photo", "figure_bytes", "format_of", "queries_by_networks",
           "save_figure"]
