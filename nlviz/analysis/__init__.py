"""One picture through one network, once: the maps of its attention, each at its place in the picture.

May import capture, models and what is below them.
"""

from .analysis import Analysis, NetworkError, analyse, analyse_here, as_input, as_model, maps_of, one_at_a_time
from .difference import difference
from .frame_by_frame import joined
from .given import analysis_of_map
from .placed import PlacedMap, places_of

__all__ = ["Analysis", "NetworkError", "PlacedMap", "analyse", "analyse_here", "analysis_of_map", "as_input", "as_model",
           "difference", "joined", "maps_of", "one_at_a_time", "places_of"]
