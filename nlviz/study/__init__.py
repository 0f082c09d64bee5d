"""A folder of pictures through some networks, resumable; what came out, with intervals; the report.

May import figures, measures and what is below them.
"""

from .report import between, or_not, write_report
from .study import SUFFIXES, Study, measure_file, pictures_in, run_study
from .summary import label_of, told

__all__ = ["SUFFIXES", "Study", "between", "label_of", "measure_file", "or_not", "pictures_in", "run_study", "told",
           "write_report"]
