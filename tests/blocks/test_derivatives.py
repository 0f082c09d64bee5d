"""Derivatives of any order and kind, and vmap, go through every block: where a fused kernel can't, the product is plain."""

import pytest
import torch

from nlviz.blocks import BLOCKS
from tests.blocks.building import built, picture

EVERY = pytest.mark.parametrize("name", BLOCKS)


def block_and_x(name):
    return built(name, 4, (6, 5)), picture(4, (6, 5))


@EVERY
def test_first_and_second_derivatives_are_those_of_finite_differences(name):
    block = built(name, 2, (3, 2), **({"dilations": (1, 2, 3)} if name == "asp_oc" else {}))
    x = picture(2, (3, 2), batch=1).requires_grad_()
    assert torch.autograd.gradcheck(block, x)
    assert torch.autograd.gradgradcheck(block, x)


@EVERY
def test_forward_mode_gives_the_same_derivative_as_backward_mode(name):
    block, x = block_and_x(name)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(5), dtype=x.dtype)
    _, forward = torch.func.jvp(block, (x,), (direction,))
    leaf = x.clone().requires_grad_()
    z = block(leaf)
    gradient, = torch.autograd.grad((z * z.detach()).sum(), leaf)
    torch.testing.assert_close((forward * z).sum(), (gradient * direction).sum())


@EVERY
def test_vmap_over_batches_gives_what_a_loop_gives(name):
    block, x = block_and_x(name)
    batches = torch.stack([x, x.flip(-1), 2 * x])
    torch.testing.assert_close(torch.vmap(block)(batches), torch.stack([block(batch) for batch in batches]))


@EVERY
def test_the_hessian_of_torch_func_is_that_of_autograd(name):
    block, x = built(name, 2, (3, 2)), picture(2, (3, 2), batch=1)

    def loss(x):
        return block(x).square().sum()

    torch.testing.assert_close(torch.func.hessian(loss)(x), torch.autograd.functional.hessian(loss, x))


@pytest.mark.parametrize("frozen", ["theta", "g", "phi"])
def test_what_needs_no_gradient_gets_none(frozen):
    block, x = block_and_x("embedded_gaussian")
    block.get_submodule(frozen).requires_grad_(False)
    block(x).sum().backward()
    assert all((p.grad is None) == name.startswith(f"{frozen}.") for name, p in block.named_parameters())
