"""Serve the page: python app.py [--host H] [--port P]."""

import argparse
import sys

from nlviz import launch
from nlviz.models.cards import CheckpointError

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="See who attends to whom in a vision network.")
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="default: the first free one from 7860")
    args = parser.parse_args()
    try:
        launch(host=args.host, port=args.port)
    except (CheckpointError, OSError) as error:
        print(f"nlviz: {error}", file=sys.stderr)
        sys.exit(2)
