"""GCNet's numbers of a map and of a picture, each beside what it would be without a reason.

May import analysis, metrics and what is below them.
"""

from .dependence import (
    NAMES,
    NO_DISTRIBUTION,
    Dependence,
    dependence_in_words,
    dependence_of_queries,
    fresh_block,
    fresh_map,
    last_scale,
    measure,
    measure_fresh,
    terms_of,
)
from .of_picture import COLUMNS, measures_csv, measures_of

__all__ = ["COLUMNS", "NAMES", "NO_DISTRIBUTION", "Dependence", "dependence_in_words", "dependence_of_queries", "fresh_block",
           "fresh_map", "last_scale", "measure", "measure_fresh", "measures_csv", "measures_of", "terms_of"]
