"""GCNet's numbers of a map and of a picture, each beside what it would be without a reason; what replacing a map does.

May import analysis, metrics and what is below them.
"""

from .dependence import (
    AMONG,
    NAMES,
    NEARLY_FLAT,
    NO_DISTRIBUTION,
    Dependence,
    added_share,
    dependence_in_words,
    dependence_of_queries,
    entropy_share,
    measure,
    terms_of,
)
from .distance import diagonal, flat_distance, mean_distance
from .effect import EFFECTS, WITH, effect_in_words, effect_of, effects, effects_of, head_effects, replaced_pass
from .fresh import NO_FRESH, fresh_block, fresh_map, last_scale, measure_fresh
from .heads import dependence_of_layers, heads_of, measure_placed, numbers_of_map
from .of_picture import COLUMNS, measures_csv, measures_of

__all__ = ["AMONG", "COLUMNS", "EFFECTS", "NAMES", "NEARLY_FLAT", "NO_DISTRIBUTION", "NO_FRESH", "WITH", "Dependence",
           "added_share", "dependence_in_words", "dependence_of_layers", "dependence_of_queries", "diagonal",
           "effect_in_words", "effect_of", "effects", "effects_of", "entropy_share", "flat_distance", "fresh_block",
           "fresh_map", "head_effects", "heads_of", "last_scale", "mean_distance", "measure", "measure_fresh",
           "measure_placed", "measures_csv", "measures_of", "numbers_of_map", "replaced_pass", "terms_of"]
