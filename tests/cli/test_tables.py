"""The table that ``measure`` prints."""

from nlviz.cli.tables import table_of
from nlviz.measures import measures_of
from tests.figures.looking import look_at, look_at_channels
from tests.transformers import seen


def test_layers_and_heads_are_named_as_people_count_in_order_and_reasons_stand_once_below():
    lines = table_of(measures_of(seen())).splitlines()
    assert lines[0].split() == ["map", "cos", "attention", "JSD,", "nats", "shuffled", "cells", "away"]
    names = [line[:52].strip() for line in lines[1:17]]
    assert names[:2] == ["vit layer 1, mean of 3 heads", "vit layer 1, head 1"] and names[-1] == "vit layer 4, head 3"
    assert [line.strip() for line in lines[17:]] == [
        "vit, all 16 maps: patches to patches, rows renormalised",
        "vit, all 16 maps: cosine_input n/a: what this module was given is not kept",
        "vit, all 16 maps: cosine_output n/a: what this module was given is not kept",
        "vit, all 16 maps: fresh n/a: fresh weights: of blocks of nlviz only"]


def test_blocks_have_their_dotted_layer_and_maps_without_a_number_say_why():
    rows = measures_of(look_at("gaussian", "dot_product")) + measures_of(look_at_channels("cam"))
    lines = table_of(rows).splitlines()
    assert [line[:52].strip() for line in lines[1:4]] == ["net 1", "net 2", "net 2"]
    assert "cos input" in lines[0] and "fresh" in lines[0] and "n/a" in lines[2]
    assert any("rows are scaled by 1/N′, not a distribution" in line for line in lines[4:])
