"""Colours as a picture's profile means them -> sRGB, which the networks were trained on and browsers show."""

import io
from itertools import product

from PIL import Image, ImageChops, ImageCms

SRGB = ImageCms.createProfile("sRGB")
COLOURS = Image.frombytes("RGB", (216, 1), bytes(value for colour in product(range(0, 256, 51), repeat=3) for value in colour))
SEEN = 2  # of 255: a profile that moves no colour further is sRGB under another name


def to_srgb(image: Image.Image, profile: bytes, grey: bool, notes: list[str]) -> Image.Image:
    """The image by its colour profile; as stored where the profile is broken or of another kind of colour."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        mode = {"RGB": "RGB", "CMYK": "CMYK", "GRAY": "L"}[space]
        if (space == "CMYK") != (image.mode == "CMYK") or (space == "GRAY" and not grey):
            raise ValueError(f"a profile of {space} for {image.mode}")
        transform = ImageCms.buildTransform(source, SRGB, mode, "RGB")
        if mode != "CMYK" and _is_srgb(transform, mode):
            return image
        converted = transform.apply(image.convert(mode))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError):
        notes.append("Its colour profile cannot be used; its colours are shown as stored.")
        return image
    notes.append(f"Its colours are converted to sRGB from {_named(source)}.")
    return converted


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    stored = COLOURS.convert(mode)
    moved = ImageChops.difference(stored.convert("RGB"), transform.apply(stored))
    return max(high for _, high in moved.getextrema()) <= SEEN


def _named(profile: ImageCms.ImageCmsProfile) -> str:
    return " ".join((profile.profile.profile_description or "").split())[:60] or "a profile without a name"
