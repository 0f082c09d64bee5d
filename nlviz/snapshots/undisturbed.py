"""A look at a network in training that training does not notice."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def undisturbed(net: nn.Module) -> Iterator[None]:
    """The network in eval mode, without gradients, inside the ``with``; behind it training goes on as if it had not been.

    Every module gets its own mode back, and the random numbers of torch (of the CPU and of the network's GPUs), NumPy and Python
    are those that would have come. BatchNorms learn no statistics in eval mode. It is no inference mode: what a network keeps from
    one pass to the next (positions, masks) can be trained with.
    """
    modes = [(module, module.training) for module in net.modules()]
    others = random.getstate(), np.random.get_state()
    devices = {p.device for p in net.parameters() if p.device.type == "cuda"}
    try:
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            net.eval()
            yield
    finally:
        random.setstate(others[0])
        np.random.set_state(others[1])
        for module, mode in modes:
            module.training = mode
