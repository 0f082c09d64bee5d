"""The command line.

May import every room; what a command needs is imported when it runs, so that --help is quick.
"""

from .parser import main

__all__ = ["main"]
