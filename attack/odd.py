"""Values of a type or a size that nobody expects."""

from random import Random

ODD = [None, "", "x", -1, 0, 0.5, 2**63, 1e308, float("nan"), float("inf"), True, [], {}, [None], [[]], "\0", "\ud800", "abc",
       448.5, [448], "448", "../../etc/passwd", "/etc/passwd", "/dev/zero", "**/*", "msrc_gc@999", {"a": {"b": {}}},
       ["msrc_gc", {}], "<script>alert(1)</script>"]
HUGE = ["x" * 10**6, ["msrc_gc"] * 10**4, list(range(10**4)), 10**400]


def deep(levels: int) -> list:
    """A list in a list in a list ..."""
    found: list = []
    for _ in range(levels):
        found = [found]
    return found


def odd_value(random: Random):
    return random.choice([*ODD, *ODD, *HUGE, deep(400)])


def crippled(random: Random, value):
    """The same JSON with one entry somewhere inside replaced, taken away or added."""
    if not isinstance(value, (dict, list)) or not value or random.random() < 0.1:
        return odd_value(random)
    copy, keys = (dict(value), list(value)) if isinstance(value, dict) else (list(value), list(range(len(value))))
    at, chance = random.choice(keys), random.random()
    if chance < 0.1:
        del copy[at]
    elif chance < 0.15 and isinstance(copy, dict):
        copy["unknown"] = odd_value(random)
    else:
        copy[at] = crippled(random, copy[at]) if random.random() < 0.6 else odd_value(random)
    return copy if copy != value else crippled(random, value)  # an odd value may be the one that stood there
