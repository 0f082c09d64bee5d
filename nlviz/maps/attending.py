"""softmax(q k^T) values without the N x N', by the fastest way that gives what is asked for."""

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional as F

PLAIN_BYTES = 4 * 2**20  # smaller maps that PyTorch cannot fuse are a plain product
UNFUSED_BYTES = 2**19  # rows of logits at a time where PyTorch cannot fuse: what stays in a core's cache


def attend(q: Tensor, k: Tensor, values: Tensor) -> Tensor:
    """softmax(q k^T) values, (B, N, C), by PyTorch's scaled_dot_product_attention.

    It fuses where queries and values are equally wide and each vector's values lie side by side in memory (those that
    ``to_positions`` gives do not). Elsewhere it builds the logits: as many rows at a time as stay in a core's cache. For small
    maps, and for values narrower than queries, its way through them is slower than the plain product (``make bench``). On a GPU
    it fuses whatever the widths, so that nothing is cut up. The fused kernels know no forward-mode and no second
    derivatives: there the product is plain.
    """
    if transformed():
        return _plain(q, k, values)
    if q.device.type != "cpu" or q.shape[2] == values.shape[2]:
        return _fused(q.contiguous(), k.contiguous(), values.contiguous())
    nbytes = max(1, q.shape[0] * q.shape[1] * k.shape[1] * q.element_size())
    product = _plain if nbytes <= PLAIN_BYTES or q.shape[2] > values.shape[2] else _fused
    rows = max(32, UNFUSED_BYTES * q.shape[1] // nbytes)
    return torch.cat([product(part, k, values) for part in q.split(rows, 1)], 1)


def transformed() -> bool:
    """Whether forward-mode differentiation or a transform of ``torch.func`` (vmap, jvp, hessian) is under way."""
    if torch.compiler.is_compiling():
        return False
    return forward_ad._current_level >= 0 or torch._C._functorch.maybe_current_level() is not None


def _fused(q: Tensor, k: Tensor, values: Tensor) -> Tensor:
    one_head = [t.unsqueeze(1) for t in (q, k, values)]  # (B, 1, N, C)
    if torch.is_grad_enabled() and any(t.requires_grad for t in one_head) and not torch.compiler.is_compiling():
        return Fused.apply(*one_head)[:, 0]
    return _kernel(*one_head)[:, 0]


def _kernel(q: Tensor, k: Tensor, values: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, values, scale=1.0)


def _plain(q: Tensor, k: Tensor, values: Tensor) -> Tensor:
    return (q @ k.mT).softmax(-1) @ values


class Fused(torch.autograd.Function):
    """The fused product, whose gradient can be differentiated again: then, and only then, it is that of the plain product."""

    @staticmethod
    def forward(ctx, q: Tensor, k: Tensor, values: Tensor) -> Tensor:
        ctx.save_for_backward(q, k, values)
        return _kernel(q, k, values)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, ...]:
        again = torch.is_grad_enabled()  # the caller asked for create_graph
        inputs = [t if again else t.detach().requires_grad_(t.requires_grad) for t in ctx.saved_tensors]
        wanted = [t for t in inputs if t.requires_grad]
        with torch.enable_grad():
            found = iter(torch.autograd.grad((_plain if again else _kernel)(*inputs), wanted, gradient, create_graph=again))
        return tuple(next(found) if t.requires_grad else None for t in inputs)
