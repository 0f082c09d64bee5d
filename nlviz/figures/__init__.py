"""Figures for papers. matplotlib is known to this room alone, and pyplot to none: a server draws here.

May import analysis, measures, recipes and what is below them.
"""

from .animation import gif_bytes, moving_pictures, path_of
from .channel_maps import channels_by_networks
from .checks import check_analyses, check_frames
from .colours import COLOUR_MAPS, DIVERGING, PIN_COLOURS, colour_table
from .columns import columns_of
from .dependence import dependence_by_networks
from .distances import distances_by_networks
from .film import Film
from .filmstrip import filmstrip
from .layer_distances import distance_against_layer
from .layers_heads import layers_by_heads
from .layouts import Figure, draw
from .looks import looks_of, scale_of, shared_scales
from .loss import loss_against_dependence
from .output import figure_bytes, format_of, save_figure
from .panels import Axes, draw_heatmap, draw_photo
from .queries import one_query, queries_by_networks
from .scales import Scale
from .study import distances_by_layer, distribution_by_network
from .study_stacks import heads_against_layer, shares_by_head
from .style import DIRECTIONS, SCALES, Style

__all__ = ["COLOUR_MAPS", "DIRECTIONS", "DIVERGING", "PIN_COLOURS", "SCALES", "Axes", "Figure", "Film", "Scale", "Style",
           "channels_by_networks", "check_analyses", "check_frames", "colour_table", "columns_of", "dependence_by_networks",
           "distance_against_layer", "distances_by_layer", "distances_by_networks", "distribution_by_network", "draw",
           "draw_heatmap", "draw_photo", "figure_bytes", "filmstrip", "format_of", "gif_bytes", "heads_against_layer",
           "layers_by_heads", "looks_of", "loss_against_dependence", "moving_pictures", "one_query", "path_of",
           "queries_by_networks", "save_figure", "scale_of", "shared_scales", "shares_by_head"]
