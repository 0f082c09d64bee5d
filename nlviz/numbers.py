"""Numbers as they are printed."""


def number(value: float) -> str:
    """Two or three digits, with a minus sign."""
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e5 or size < 1e-4:
        text = f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
    else:
        text = f"{value:.0f}" if size >= 100 else f"{value:.3g}" if size >= 1 else f"{value:.2g}"
    return text.replace("-", "−")


def percent(share: float) -> str:
    """A share of 1 in percent; one that is small but not zero is not printed as zero."""
    value = 100 * share
    return "< 0.1 %" if 0 < value < 0.1 else f"{value:.0f} %" if value >= 10 else f"{value:.1f} %"
