"""Numbers read off rows of weights: of one row, of two, and over all pairs of queries.

May import torch alone.
"""

from .frames import DEALS, FrameDivergences
from .pairs import (
           COARSE,
           Cosines,
           Divergences,
           cosine_dependence,
           cosine_matrix,
           js_dependence,
           js_matrix,
           mean_cosine_distance,
           mean_js_divergence,
           shuffled_cosine_distance,
           shuffled_js_divergence,
)
from .rows import attention_distance, cosine_distance, entropy, frame_shares, js_divergence, place_shares, top_mass

__all__ = ["COARSE", "DEALS", "Cosines", "Divergences", "FrameDivergences", "attention_distance", "cosine_dependence",
           "cosine_distance", "cosine_matrix", "entropy", "frame_shares", "js_dependence", "js_divergence", "js_matrix",
           "mean_cosine_distance", "mean_js_divergence", "place_shares", "shuffled_cosine_distance", "shuffled_js_divergence",
           "top_mass"]
