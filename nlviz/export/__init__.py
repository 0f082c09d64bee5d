"""Files for others: figures without a browser, the zip of all that belongs to one, the offline page.

May import viewer, figures and what is below them. Files are written whole or not at all.
"""

from .bundle import make_recipe
from .offline_page import offline_page_html
from .rendering import file_bytes, find_picture, opened, outputs_for, pictures_named, read_recipe, render_all, write

__all__ = ["file_bytes", "find_picture", "make_recipe", "offline_page_html", "opened", "outputs_for", "pictures_named",
           "read_recipe", "render_all", "write"]
