"""A recipe is JSON and back, and says what differs."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlviz.ui
from nlviz.recipes import ARROWS, CHOICES, LAYOUTS, WIDTHS, Recipe, link_of, recipe_of_link
from nlviz.recipes.recipe import VERSION

PICTURE = {"name": "lion.jpg", "sha256": "a" * 64}
NETWORKS = ({"name": "msrc_gc", "sha256": "b" * 64}, {"name": "mine", "sha256": None})


def recipe(**changes):
    return Recipe(**{"picture": PICTURE, "networks": NETWORKS, "queries": ((0.2, 0.3),)} | changes)


FILE_NAMES = st.characters(exclude_characters="/.", exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from("\udc80\udcff")


@given(st.builds(recipe, queries=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=8).map(tuple),
                 layout=st.sampled_from(LAYOUTS), width=st.sampled_from(sorted(WIDTHS)), dpi=st.integers(50, 1200),
                 opacity=st.floats(0, 1), token=st.text(max_size=300),
                 parts=st.dictionaries(st.sampled_from(["a/0", "a/0+1", "b/c/11", "b/c/11+12"]), st.text(max_size=300)),
                 picture=st.fixed_dictionaries({"name": st.text(FILE_NAMES, min_size=1, max_size=255),
                                                "sha256": st.text("0123456789abcdef", min_size=64, max_size=64)})))
def test_a_recipe_is_itself_after_json_and_the_json_is_ascii(made):
    assert Recipe.from_json(made.to_json()) == made and made.to_json().isascii()


@pytest.mark.parametrize("text, why", [
    ("", "no recipe of nlviz"), ("[1]", "no recipe"), ('{"nlviz_recipe": 3}', "no recipe"),
    (json.dumps({"nlviz_recipe": {"version": 9}}), "has version 9, this nlviz reads versions 1 and 2"),
    (json.dumps({"nlviz_recipe": {"version": 1, "colour": 1}}), "unknown entries: colour"),
    (json.dumps({"nlviz_recipe": {"version": 1, "picture": {}}}), "lacks: networks, queries"),
    (json.dumps({"nlviz_recipe": {"version": 1, "picture": {}, "networks": [1], "queries": []}}), "cannot be read"),
    (recipe().to_json().replace("two columns", "a poster"), "unknown width 'a poster'; there are: one column"),
    (recipe().to_json().replace("300", "3"), "dpi goes from 50 to 1200")])
def test_what_is_no_recipe_says_so(text, why):
    with pytest.raises(ValueError, match=why):
        Recipe.from_json(text)


@pytest.mark.parametrize("picture, networks, words", [
    (PICTURE, NETWORKS, []), (PICTURE | {"name": "renamed.jpg"}, NETWORKS, []),
    (PICTURE | {"sha256": "c" * 64}, NETWORKS, ["another picture: the recipe is of lion.jpg with sha256 aaaaaaaaaaaa"]),
    (PICTURE, NETWORKS[1:], ["network msrc_gc is not here"]),
    (PICTURE, (NETWORKS[0] | {"sha256": "d" * 64}, NETWORKS[1]),
     ["another checkpoint of msrc_gc: the recipe's has sha256 bbbbbbbbbbbb"])])
def test_what_differs_is_said(picture, networks, words):
    found = recipe().differences(picture, networks)
    assert len(found) == len(words) and all(word in text for word, text in zip(words, found))


def test_a_name_that_is_not_utf_8_is_escaped_where_it_is_said():
    said, = recipe(picture=PICTURE | {"name": "b\udcff.jpg"}).differences({"name": "c\udcfe.jpg", "sha256": "c" * 64}, NETWORKS)
    assert r"the recipe is of b\xff.jpg with" in said and r"this is c\xfe.jpg with" in said


FRACTIONS = st.integers(0, 1000).map(lambda n: n / 1000)
NAMES = st.text(st.characters(exclude_characters=";", exclude_categories=["Cs"]), max_size=300)


@given(st.builds(recipe, queries=st.lists(st.tuples(FRACTIONS, FRACTIONS), max_size=8).map(tuple), opacity=FRACTIONS,
                 scale=st.sampled_from(CHOICES["scale"]), veil=st.sampled_from(CHOICES["veil"]),
                 backdrop=st.sampled_from(CHOICES["backdrop"]), colours=st.sampled_from(["viridis", "magma"]),
                 term=st.sampled_from(["full", "unary only"]), token=st.sampled_from(["", "class token", "a&b=c;+%"]),
                 parts=st.dictionaries(st.sampled_from(["a/0", "a/0+2", "b/1"]), NAMES)))
def test_a_view_is_itself_after_the_address(made):
    back = recipe_of_link("#" + link_of(made))
    assert (back.queries, back.settings, back.parts, back.picture, back.resolution) == (
        made.queries, made.settings, made.parts, made.picture, made.resolution)
    assert [network["name"] for network in back.networks] == [network["name"] for network in made.networks]


@given(st.lists(st.tuples(FRACTIONS, FRACTIONS, st.integers(0, 31)), max_size=8).map(tuple), st.integers(0, 999),
       st.integers(4, 32), st.integers(1, 50), st.sampled_from(ARROWS))
def test_a_clip_is_itself_after_the_address_and_after_json(queries, start, frames, stride, arrows):
    made = recipe(picture=PICTURE | {"start": start, "frames": frames, "stride": stride}, queries=queries, arrows=arrows)
    for back in (recipe_of_link("#" + link_of(made)), Recipe.from_json(made.to_json())):
        assert (back.picture, back.queries, back.arrows) == (made.picture, made.queries, arrows)


def test_a_recipe_of_a_picture_says_nothing_of_clips():
    assert "arrows" not in recipe(arrows=5).to_json() and "clip" not in link_of(recipe())


@pytest.mark.parametrize("wrong, message", [
    ({"queries": [[0.1, 0.2, 40]]}, "a query's frame is a whole number from 0 to 31, got 40"),
    ({"queries": [[0.1, 0.2, 1.5]]}, "a query's frame is a whole number"),
    ({"arrows": 7}, "arrows: 0, 5, 10, 20, 50 of them can be drawn, got 7"),
    ({"picture": PICTURE | {"frames": 3}}, "frames of a clip goes from 4 to 32, got 3"),
    ({"picture": PICTURE | {"frames": 8}}, "a clip has start, frames and stride"),
    ({"picture": PICTURE | {"start": 0, "stride": 2}}, "a clip has start, frames and stride"),
    ({"picture": PICTURE | {"stride": 0}}, "the stride of a clip goes from 1 to")])
def test_what_is_wrong_about_a_clip_is_said(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        recipe().but(wrong)


def test_the_page_leaves_out_of_its_address_what_is_the_recipes_default():
    text = (Path(nlviz.ui.__file__).parent / "page.js").read_text()
    usual = re.search(r"const USUAL = \{(.*?)\};", text, re.DOTALL)[1]
    usual = {name: word or number for name, word, number in re.findall(r'(\w+): (?:"([^"]*)"|([\d.]+))', usual)}
    assert usual == {name: str(value) for name, value in recipe().settings.items()}
    assert f"const VERSION = {VERSION};" in text


VIEW = f"photo=a&sha256={'b' * 64}&networks=c"
OLD = {"scale": "shared", "opacity": 0.65, "veil": "even", "backdrop": "grey"}  # what the first version drew, where nothing is said


@pytest.mark.parametrize("said, drawn", [({}, OLD), ({"scale": "per panel"}, OLD | {"scale": "per panel"}),
                                         ({"opacity": 0.3, "colours": "magma"}, OLD | {"opacity": 0.3, "colours": "magma"})])
def test_a_view_of_version_1_is_what_it_was_in_a_recipe_and_in_an_address(said, drawn):
    wanted = recipe().settings | drawn
    text = json.dumps({"nlviz_recipe": {"version": 1, "picture": PICTURE, "networks": NETWORKS, "queries": []} | said})
    assert Recipe.from_json(text).settings == wanted and Recipe.from_json(text).version == VERSION
    link = f"{VIEW}&" + "&".join(f"{name}={value}" for name, value in said.items())
    assert recipe_of_link(link).settings == wanted
    assert recipe_of_link(f"{link}&version=2").settings == recipe().settings | said
    assert recipe_of_link(link_of(recipe_of_link(link))).settings == wanted


@pytest.mark.parametrize("fragment, why", [
    ("", "lacks photo, sha256, networks"), ("#photo=a&networks=b", "lacks sha256"),
    (f"{VIEW}&queries=2,0", "0 to 1, got 2,0"), (f"{VIEW}&queries=x", "0 to 1, got .'x'"),
    (f"{VIEW}&parts=x=y", "such as .*got 'x'"), (f"{VIEW}&networks=a,a", "named twice"),
    (f"{VIEW}&resolution=big", "resolution should be a whole number, got 'big'"),
    (f"{VIEW}&opacity=x", "opacity should be a number"),
    (f"{VIEW}&version=3", "has version '3', this nlviz reads versions 1 and 2"),
    (VIEW.replace("=a&", "=..%2Fa&"), "plain file name"), (f"{VIEW}{'x' * 70000}", "64 KB")])
def test_an_address_that_is_no_view_says_so(fragment, why):
    with pytest.raises(ValueError, match=why):
        recipe_of_link(fragment)
