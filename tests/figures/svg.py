"""The texts of an SVG."""

import xml.etree.ElementTree as ET

from nlviz.figures.lines import _advance


def svg_texts(content: bytes):
    """(text, left, right, baseline, style) of every text, in points."""
    found = []
    for element in ET.fromstring(content).iter("{http://www.w3.org/2000/svg}text"):
        style = dict(part.split(": ", 1) for part in element.get("style").split("; "))
        x, y, size = float(element.get("x")), float(element.get("y")), float(style["font-size"].removesuffix("px"))
        width = sum(map(_advance, element.text)) * size
        left = x - width * {"middle": 0.5, "end": 1.0}.get(style["text-anchor"], 0.0)
        found.append((element.text, left, left + width, y, style))
    return found
