"""Hostile recipes and links, given to the page: dropped as a file, inside a figure, and in the address."""

import json
from collections.abc import Callable, Iterator
from html import escape
from random import Random
from urllib.parse import urlencode

from PIL import PngImagePlugin

from attack.answers import Refused, seen
from attack.field import Field
from attack.judging import Answer, Outcome, attempt
from attack.odd import crippled, odd_value
from attack.pictures import encoded, photo
from attack.visit import Visit

NUMBER = 94
SHA = "0" * 64  # stands for that of the first photo
GOOD = {"picture": {"name": "lion.jpg", "sha256": SHA}, "networks": [{"name": "msrc_gc", "sha256": None}], "queries": [[0.3, 0.4]],
        "resolution": 224, "layout": "one query", "width": "one column", "dpi": 50, "colours": "viridis",
        "scale": "times uniform", "view": "cells", "opacity": 0.65, "veil": "rising", "backdrop": "grey", "direction": "attends to",
        "term": "full", "parts": {}, "version": 2}
PLACES = ["../../etc/passwd", "/etc/passwd", "**/*", "/dev/zero", "..", ".", "", "*", "a\0b", "~/x", "\\\\host\\x", "lion.jpg/",
          "?ion.jpg"]
NETWORKS = ["python:os:system", "file:/etc/passwd", "msrc_gc@999", "msrc_gc@../../x", "../msrc_gc", "", "hf:x/y", "timm:resnet50"]
VERSIONS = ["1", 3, 1.5, True, None, [1], {"a": 1}, -1, 10**30]
VALUES = ["x=y", ";" * 10**5, "msrc_gc," * 10**5, "0.1,0.1;" * 10**5, "nan,nan", "1e999,0", "2048", "320", "%", "٣"]


def text_of(recipe: object) -> str:
    return json.dumps({"nlviz_recipe": recipe})


def crippled_recipe(random: Random) -> str:
    return text_of(crippled(random, GOOD))


def too_much(random: Random) -> str:
    """More than anybody needs: queries, networks, pixels, dots, names, parts."""
    much = {"queries": [[0.5, 0.5]] * 10**6, "networks": GOOD["networks"] * 10**5, "resolution": random.choice([320, 2048, 10**9]),
            "dpi": random.choice([10**6, 1201]), "parts": {f"msrc_gc/{number}": "A" for number in range(10**5)},
            "picture": {"name": "x" * 10**6, "sha256": SHA}}
    name = random.choice(list(much))
    return text_of(GOOD | {name: much[name]})


def no_json(random: Random) -> str:
    start = '{"nlviz_recipe": '
    return random.choice(["[" * 200_000, start + "[" * 200_000, start, start + "NaN}", start + "1" * 5000 + "}", start + "null}",
                          "{}", start + "{}}", "\0", "", start + '{"version": 1e999}}', text_of(GOOD)[:random.randrange(20, 300)]])


def another_version(random: Random) -> str:
    return text_of(GOOD | {"version": random.choice(VERSIONS)})


def another_place(random: Random) -> str:
    return text_of(GOOD | {"picture": {"name": random.choice(PLACES), "sha256": SHA}})


def unknown_network(random: Random) -> str:
    return text_of(GOOD | {"networks": [{"name": random.choice(NETWORKS), "sha256": None}]})


KINDS: list[Callable[[Random], str]] = [crippled_recipe, crippled_recipe, crippled_recipe, too_much, no_json, another_version,
                                        another_place, unknown_network]


def as_file(visit: Visit, text: str, random: Random) -> Answer:
    return dropped(visit, "recipe.json", text.encode("utf-8", "surrogatepass"))


def in_svg(visit: Visit, text: str, random: Random) -> Answer:
    head = f"<svg><metadata><dc:description>{escape(text)}</dc:description></metadata></svg>"
    return dropped(visit, "figure.svg", head.encode("utf-8", "surrogatepass"))


def in_pdf(visit: Visit, text: str, random: Random) -> Answer:
    return dropped(visit, "figure.pdf", b"%PDF-1.4 /Keywords (" + text.encode("utf-8", "surrogatepass") + b")")


def dropped(visit: Visit, name: str, content: bytes) -> Answer:
    try:
        return seen(*visit.call(visit.event("figure", "upload"), [visit.upload(name, content)]))
    except Refused as refused:
        return Answer(str(refused))


def in_png(visit: Visit, text: str, random: Random) -> Answer:
    """What it carries must not go unmentioned: the photo of a figure that cannot be read is no photo."""
    info = PngImagePlugin.PngInfo()
    info.add_text("nlviz_recipe", text.encode("latin-1", "replace").decode("latin-1")[:2**22])
    return visit.show("figure.png", encoded(photo(random), "PNG", pnginfo=info))


WAYS = [as_file, in_svg, in_pdf, in_png]


def link(random: Random) -> str:
    """A hostile address: one entry odd, or twice, or far too long."""
    entries = {"photo": "lion.jpg", "sha256": SHA, "networks": "msrc_gc", "resolution": "224", "queries": "0.3,0.4"}
    name = random.choice([*entries, "parts", "opacity", "colours", "scale", "view", "direction", "term", "unknown"])
    value = random.choice([str(odd_value(random)), *VALUES])
    return "#" + urlencode(entries | {name: value}, errors="surrogatepass")


def run(field: Field) -> Iterator[Outcome]:
    sha256 = field.server.visit().first_photo()["picture"]  # else it would ask for the photo, and nothing more
    for number, make in enumerate(field.chosen(KINDS, NUMBER * 2 // 3)):
        way, text, visit = WAYS[number % len(WAYS)], make(field.random).replace(SHA, sha256), field.server.visit()
        yield attempt(f"{make.__name__} {way.__name__}: {text[17:70]}", lambda w=way, v=visit, t=text: w(v, t, field.random))
    for _ in range(field.usual(NUMBER // 3)):
        address = link(field.random).replace(SHA, sha256)
        yield attempt(f"link: {address[:12]} ... {address[100:180]}", lambda a=address: field.server.visit().arrive(a))
