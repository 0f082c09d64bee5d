"""Numbers in words."""

import pytest

from nlviz.numbers import number, percent


@pytest.mark.parametrize("value, text", [(0, "0"), (0.03125, "0.031"), (1.2345, "1.23"), (-0.5, "−0.5"), (123.4, "123"),
                                         (0.0000123, "1.2e−5"), (-1234567.0, "−1.2e6")])
def test_numbers_have_two_or_three_digits_and_a_minus_sign(value, text):
    assert number(value) == text


@pytest.mark.parametrize("share, text", [(0, "0.0 %"), (0.0004, "< 0.1 %"), (0.0123, "1.2 %"), (0.5, "50 %"), (1, "100 %")])
def test_a_small_share_is_not_printed_as_none(share, text):
    assert percent(share) == text
