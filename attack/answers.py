"""What the page's answers over HTTP say."""

from collections.abc import Iterator

import httpx

from attack.judging import Answer, Wrong


class Refused(Exception):
    """The server took no upload, and said why."""


def refusal(response: httpx.Response) -> Answer:
    """What a refused request says.

    Raises:
        Wrong: the server failed.
    """
    if response.status_code == 507:  # a full disk, in words
        return Answer(response.json()["detail"])
    if response.status_code >= 500:
        raise Wrong(f"HTTP {response.status_code}: {response.text[:80]}")
    return Answer(f"the server refused it: HTTP {response.status_code}", shown=response.status_code < 400)


def seen(value: object, error: str | None) -> Answer:
    """What the visitor sees of an event's first output."""
    if error is not None:
        return Answer(error)
    if isinstance(value, dict) and ("scene" in value or "message" in value):
        return Answer(str(value.get("message") or ""), shown="scene" in value)
    return Answer(value if isinstance(value, str) else "", shown=value is not None and not isinstance(value, str))


def followed(messages: Iterator[dict]) -> tuple[object, str | None]:
    """An event's first output and its error: gradio sends it whole, then what changes of it, and the end repeats nothing."""
    value = None
    for message in messages:
        output, ended = message.get("output") or {}, message["msg"] == "process_completed"
        if output.get("error") is not None or message.get("success") is False:
            return value, str(output.get("error") or "")
        if output.get("data") and (value is None or not ended):
            value = output["data"][0] if value is None else changed(value, output["data"][0])
        if ended:
            return value, None
    return value, ""


def changed(value, steps):
    """gradio sends what changed of an answer: [what, where, value] each."""
    for action, path, new in steps:
        if not path:
            value = new
            continue
        inside = value
        for key in path[:-1]:
            inside = inside[key]
        if action == "delete":
            del inside[path[-1]]
        elif action == "add" and isinstance(inside, list):
            inside.insert(path[-1], new)
        elif action == "append":
            inside[path[-1]] += new
        else:
            inside[path[-1]] = new
    return value
