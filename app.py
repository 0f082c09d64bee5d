"""Serve the page: python app.py [--host H] [--port P] is nlviz serve from a checkout."""

import sys

from nlviz.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
