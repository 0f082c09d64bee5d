"""By what a folder knows its network: the layers that make the maps. Weights change as training goes, these do not."""

from .keeping import header_of, values_of

KIND = ("block", "relates", "heads", "query_tokens", "key_tokens")  # not ``rows``, which may be told from the weights
GRIDS = ("query_grid", "key_grid")  # alike where the network's input has one size


def layers_of(content: bytes) -> dict:
    """The layers in a snapshot's file, plain values for ``unlike``.

    Raises:
        ValueError: see ``values_of``.
    """
    values, header = values_of(content), header_of(content)
    kept = {}
    for at, call in enumerate(values["calls"]):
        for number, one in enumerate(call):
            found = {name: one[name] for name in (*KIND, *GRIDS)}
            if one["heads"] is None and one["content"]["kind"] != "dense":  # a block's; others' queries may be made of numbers
                found["channels"] = header[f"{at}/{number}/q"]["shape"][-1]
            kept[one["layer"], one["maps"][0][0]] = found
    maps: dict[str, list] = {}
    for row in values["numbers"]:
        maps.setdefault(row["module"], []).append([row["part"], row["layer"], row["head"]])
    return {"maps": maps, "kept": kept, "frame": values["frame"], "title": values["network"]["title"]}


def unlike(there: dict, here: dict) -> str:
    """The first way in which the layers of two snapshots differ, in words; "" where they are of one network."""
    if there["maps"].keys() != here["maps"].keys():
        return f"there its layers are {_listed(there['maps'])}, here {_listed(here['maps'])}"
    names = (*KIND, "channels") + (GRIDS if there["frame"] == here["frame"] else ())
    for key, first in there["kept"].items():
        second = here["kept"].get(key, {})  # a map that takes too much room is not kept
        for name in names:
            if name in first and name in second and first[name] != second[name]:
                return f"there {_called(key[0])} has {name.replace('_', ' ')} {first[name]}, here {second[name]}"
    for name, maps in there["maps"].items():
        if maps != here["maps"][name]:
            return f"{_called(name)} has other maps there ({len(maps)}) than here ({len(here['maps'][name])})"
    return ""


def _called(name: str) -> str:
    return f"layer {name}" if name else "the network itself"


def _listed(names: dict[str, list], most: int = 3) -> str:
    listed = [_called(name).removeprefix("layer ") for name in names]
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
