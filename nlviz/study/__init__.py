"""A folder of pictures through some networks, resumable; what came out, with intervals; the report.

May import figures, measures and what is below them.
"""

from .choosing import Frames
from .effects import run_effects
from .effects_report import lines_of_counts
from .folders import masks_in, pictures_in
from .paying import paying
from .report import write_report
from .running import run_study
from .stacks import few
from .study import Study, measure_file
from .summary import label_of, told
from .tables import between, or_not

__all__ = ["Frames", "Study", "between", "few", "label_of", "lines_of_counts", "masks_in", "measure_file", "or_not", "paying",
           "pictures_in", "run_effects", "run_study", "told", "write_report"]
