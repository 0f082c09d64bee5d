"""Heads of mmsegmentation that are not rebuilt are refused in words."""

import re

import pytest

from tests.models.test_zoo_mmseg import ARCHES, weights


@pytest.mark.parametrize("norm, said", [(".gn.", "is gn"), (None, "is no norm")])
@pytest.mark.parametrize("name, conv", [("gcnet", "convs.0"), ("gcnet", "convs.1"), ("danet", "pam_in_conv")])
def test_a_head_with_another_norm_than_batch_norm_is_refused(name: str, conv: str, norm: str | None, said: str):
    state = {key.replace(".bn.", norm or ".bn.") if key.startswith(f"decode_head.{conv}.") else key: value
             for key, value in weights(name).items() if norm or not key.startswith(f"decode_head.{conv}.bn.")}
    words = f"behind decode_head.{conv}.conv.weight {said}: expected BatchNorm, decode_head.{conv}.bn.weight"
    with pytest.raises(ValueError, match=re.escape(words)):
        ARCHES[name].build(state, {"output_stride": "8"})
