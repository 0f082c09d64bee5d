"""Serve the page: python app.py [--host H] [--port P]."""

import argparse
import time

started = time.perf_counter()

from nlviz import launch  # noqa: E402

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="See who attends to whom in a vision network.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="default: the first free one from 7860")
    args = parser.parse_args()
    launch(host=args.host, port=args.port)
