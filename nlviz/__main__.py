"""python -m nlviz is the command nlviz."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
