"""A card that somebody else wrote."""

import pytest

from nlviz.models import CheckpointError
from nlviz.models.cards import read_card

TEXTS = ["[" * 200_000, '{"a":' * 100_000, "null", "3", '{"name": "x", "sha256": 3}']


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_a_card_that_is_none_is_said_to_be_none(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"^x\.json is not a card \(.*Restore it"):
        read_card("x", tmp_path)
