"""GCNet's numbers of a map and of a picture, each beside what it would be without a reason; what replacing a map does.

May import analysis, metrics and what is below them.
"""

from .clips import CLIP_NAMES, DEALT, clip_in_words, measure_clip
from .dependence import (
    AMONG,
    NAMES,
    NEARLY_FLAT,
    NO_DISTRIBUTION,
    PATCHES,
    Dependence,
    added_share,
    dependence_in_words,
    dependence_of_queries,
    entropy_share,
    measure,
    terms_of,
)
from .distance import flat_distance, mean_distance
from .effect import BY_FRAME, EFFECTS, WITH, effect_in_words, effect_of, effects, effects_of, head_effects, replaced_pass
from .fresh import NO_FRESH, fresh_block, fresh_map, last_scale, measure_fresh
from .heads import dependence_of_layers, heads_of, measure_placed, measure_with_reach, numbers_of_map
from .of_picture import CLIP_COLUMNS, COLUMNS, measures_csv, measures_of, numbers_with_baselines
from .reach import REACH, Reach, diagonal, flat_reach, frame_matrix, is_clip, reach_of

__all__ = ["AMONG", "BY_FRAME", "CLIP_COLUMNS", "CLIP_NAMES", "COLUMNS", "DEALT", "EFFECTS", "NAMES", "NEARLY_FLAT",
           "NO_DISTRIBUTION", "NO_FRESH", "PATCHES", "REACH", "WITH", "Dependence", "Reach", "added_share", "clip_in_words",
           "dependence_in_words", "dependence_of_layers", "dependence_of_queries", "diagonal", "effect_in_words", "effect_of",
           "effects", "effects_of", "entropy_share", "flat_distance", "flat_reach", "frame_matrix", "fresh_block", "fresh_map",
           "head_effects", "heads_of", "is_clip", "last_scale", "mean_distance", "measure", "measure_clip", "measure_fresh",
           "measure_placed", "measure_with_reach", "measures_csv", "measures_of", "numbers_of_map", "numbers_with_baselines",
           "reach_of", "replaced_pass", "terms_of"]
