"""Which kind of network a checkpoint is of, and what has to be asked."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import CheckpointError
from ..reading import Checkpoint
from .arch import Answers, Arch, Question, State
from .libraries import is_library, library_arch
from .questions import NORMALISATION

MOST_PARTS, PREFERRED = 8, "teacher"  # of a file, each of which may be the whole network
MOST_NAMED = 3  # kinds, in a phrase


class Unanswered(CheckpointError):
    """What the weights cannot tell, and nobody has answered yet: ``questions``."""

    def __init__(self, message: str, questions: tuple[Question, ...]):
        super().__init__(message)
        self.questions = questions


@dataclass
class Recognised:
    """A checkpoint of a kind that is known.

    Attributes:
        state: its tensors as the kind names them.
        questions: what it cannot tell.
        part: what the file calls the part that this is, with the dot; "" of all of it.
    """

    checkpoint: Checkpoint
    arch: Arch
    state: State
    questions: tuple[Question, ...]
    part: str = ""

    @property
    def title(self) -> str:
        return self.arch.title


def recognise(checkpoint: Checkpoint, arches: Sequence[Arch], arch: str | None = None) -> Recognised:
    """The kind of network a checkpoint is of.

    Args:
        arch: its name, where the user says so; ``timm:NAME`` and ``torchvision:NAME`` always fit.

    Raises:
        CheckpointError: no kind has these names, several have, or none has that name; the message names the nearest.
    """
    if arch is not None:
        one = library_arch(arch) if is_library(arch) else _named(arch, arches)
        fitting = (found for found in _inner_first(checkpoint) if _share(one, found[1]) == 1)
        return _of(checkpoint, one, *next(fitting, ("", checkpoint.state)))
    for part, state in _states(checkpoint):
        known = [one for one in arches if _share(one, state) == 1]
        most = max((len(one.signature) for one in known), default=0)
        best = [one for one in known if len(one.signature) == most]
        if len(best) > 1:
            raise CheckpointError(f"{checkpoint.name} may be of several kinds: {_listed(best)}. Say which: arch=NAME")
        if best:
            return _of(checkpoint, best[0], part, state)
    raise CheckpointError(_unknown(checkpoint, arches))


def check_answers(recognised: Recognised, answers: Answers, how: Callable[[Answers], str]) -> None:
    """Raise where a question is not answered, an answer is none of its options, or nobody asked.

    Args:
        how: what to type for these answers, for the message.
    """
    asked = {question.name: question for question in recognised.questions}
    for name, answer in answers.items():
        if name not in asked:
            known = f"; it asks for {', '.join(asked)}" if asked else ""
            raise CheckpointError(f"{recognised.title} asks for no {name!r}{known}")
        if not _is_option(answer, asked[name]):
            more = ", or a positive number" if asked[name].number else ""
            raise CheckpointError(f"{name} must be one of {', '.join(asked[name].options)}{more}; got {answer!r}")
    open_ones = tuple(question for name, question in asked.items() if name not in answers)
    if open_ones:
        raise Unanswered(_question_words(recognised, open_ones, answers, how), open_ones)


def _is_option(answer: str, question: Question) -> bool:
    try:
        return answer in question.options or (question.number and 0 < float(answer) < math.inf)
    except ValueError:
        return False


def _question_words(recognised: Recognised, questions: tuple[Question, ...], answers: Answers,
                    how: Callable[[Answers], str]) -> str:
    lines = [f"{recognised.checkpoint.name} is {recognised.title}. Its weights cannot tell:"]
    for question in questions:
        lines.append(f"  {question.name}: {question.sentence}")
        lines += [f"    {question.name}={option}: {words}{', usual' * (option == question.usual)}"
                  for option, words in question.options.items()]
    usual = how({**answers, **{question.name: question.usual for question in questions}})
    return "\n".join([*lines, f"Answer with '{usual}' (these are the usual ones)"])


def _states(checkpoint: Checkpoint) -> Iterator[tuple[str, State]]:
    """The tensors as they are named, then those of each part, with its name, which an outer network calls this one by."""
    yield "", checkpoint.state
    parts = Counter(name.partition(".")[0] for name in checkpoint.state if "." in name)
    for part in sorted(parts, key=lambda part: (-parts[part], part != PREFERRED, part))[:MOST_PARTS]:
        named = f"{part}."
        yield named, {name.removeprefix(named): weights for name, weights in checkpoint.state.items() if name.startswith(named)}


def _inner_first(checkpoint: Checkpoint) -> list[tuple[str, State]]:
    """The same, first what is left where all names begin alike."""
    return sorted(_states(checkpoint), key=lambda found: not found[0] or len(found[1]) < len(checkpoint.state))


def _share(arch: Arch, state: State) -> float:
    """How much of a kind's signature some names match, 0 to 1."""
    return sum(any(re.match(pattern, name) for name in state) for pattern in arch.signature) / len(arch.signature)


def _of(checkpoint: Checkpoint, arch: Arch, part: str, state: State) -> Recognised:
    return Recognised(checkpoint, arch, state, arch.questions(state) + (NORMALISATION,) * arch.pixels, part)


def _named(name: str, arches: Sequence[Arch]) -> Arch:
    found = next((one for one in arches if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in arches)
        raise CheckpointError(f"there is no kind of checkpoint called {name!r}; expected one of {known}, "
                              "timm:NAME, torchvision:NAME")
    return found


def _unknown(checkpoint: Checkpoint, arches: Sequence[Arch]) -> str:
    some = ", ".join(list(checkpoint.state)[:MOST_NAMED])
    states = [state for _, state in _states(checkpoint)]
    shares = sorted(((max(_share(one, state) for state in states), one) for one in arches), key=lambda pair: -pair[0])
    near = [one for share, one in shares if share > 0][:MOST_NAMED]
    words = f"The nearest: {_listed(near)}." if near else f"Known are {', '.join(one.title for one in arches)}."
    return (f"{checkpoint.name} is of no kind of network that nlviz knows by its weights' names, such as {some}. {words} "
            "Give its kind as arch, or its own code as python:package.module:factory@FILE")


def _listed(arches: Sequence[Arch]) -> str:
    return ", ".join(f"{one.title} (arch={one.name}; names such as {' '.join(map(_plain, one.signature))})" for one in arches)


def _plain(pattern: str) -> str:
    """A regular expression as somebody would write such a name."""
    return re.sub(r"\\[dw]\+?", "0", pattern).replace("\\", "").replace("$", "")
