"""Published networks, rebuilt in plain PyTorch from a checkpoint's names of weights: what it is, what is asked, what is ignored.

May import adapters, blocks and pictures.
"""
