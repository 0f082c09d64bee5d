"""A network that a function of one's own makes: package.module:factory."""

import importlib
import os
import sys
import traceback
import types
from pathlib import Path

from torch import nn

from .errors import ModelError
from .found import Found, seeded
from .model import Model


def check(name: str) -> None:
    """Raise ModelError where nobody can be asked for the network; the module is imported."""
    _factory(name)


def build(name: str, pretrained: bool = True) -> Found:
    """What ``factory()`` gives: a module, or a Model with all that belongs to it. Its random numbers are the same each time.

    Raises:
        ModelError: the module or its factory is missing or raises, takes arguments, or gives something else.
    """
    factory = _factory(name)
    try:
        given = seeded(factory)
    except Exception as error:
        raise ModelError(f"python:{name} raised {_where(error)}") from error
    if isinstance(given, Model):
        card = given.card
        return Found(given.net, given.title, card.get("source", "weights as given"), given.preprocess, given.classes, given.task,
                     list(card.get("notes", [])), frames=given.frames)
    if not isinstance(given, nn.Module):
        raise ModelError(f"python:{name} gave {'None' if given is None else f'a {type(given).__name__}'}; "
                         "expected an nn.Module, or a nlviz.models.Model")
    return Found(given, name.partition(":")[2], "weights as given")


def _factory(name: str):
    module_name, _, function = name.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), function]):
        raise ModelError(f"expected python:package.module:factory, got {f'python:{name}'!r}")
    _check_own(module_name, name)
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())  # behind all that is installed
    try:
        factory = getattr(importlib.import_module(module_name), function)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise ModelError(f"python:{name} raised {_where(error)}") from error
        raise ModelError(f"python:{name}: there is no module {error.name!r} in {os.getcwd()} or installed here") from None
    except AttributeError:
        raise ModelError(f"python:{name}: the module {module_name} has nothing called {function!r}") from None
    except Exception as error:
        raise ModelError(f"python:{name} raised {_where(error)}") from error
    if not callable(factory):
        raise ModelError(f"python:{name} is no function but a {type(factory).__name__}; expected one that takes no arguments")
    if isinstance(factory, (type, types.FunctionType, types.BuiltinFunctionType)):
        _check_own(factory.__module__ or "builtins", name)
    return factory


def _check_own(module_name: str, name: str) -> None:
    """A recipe from a stranger names a function too: those of Python itself make no networks, but can do harm."""
    if module_name.partition(".")[0] in {*sys.stdlib_module_names, "builtins", "posix", "nt"}:
        raise ModelError(f"python:{name} is of Python's own library, which has no networks; expected a function of yours")


def _where(error: Exception) -> str:
    """The error with the innermost line of somebody's own code that it came from."""
    installed = {"nlviz", "site-packages"}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if Path(frame.filename).exists() and not installed & {*Path(frame.filename).parts}]
    at = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    if isinstance(error, SyntaxError) and error.filename:
        return f"SyntaxError: {error.msg} ({Path(error.filename).name}, line {error.lineno})"
    return f"{type(error).__name__}: {' '.join(str(error).split())}{at}"
