"""What is wrong with a network, in words."""


class ModelError(ValueError):
    """A network that cannot be had; the message says what was expected, what came and what to do."""


class CheckpointError(ModelError):
    """A checkpoint that cannot be used; the message says what was expected and what came."""
