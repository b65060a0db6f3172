"""Pictures that people upload: checked, stripped of everything but pixels, made smaller.

Decoding untrusted bytes costs memory: the size is read in the header first, and what is refused
is refused before a pixel is decoded (CWE-409). The position, date and camera that a telephone
writes in a picture (EXIF) go with everything else that is not a pixel.
"""

import io
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from parvis.core.errors import Invalid

EXTENSIONS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF"}
STILLS = EXTENSIONS | {"gif": "GIF", "tif": "TIFF", "tiff": "TIFF"}
"""What a dataset may hold besides: the first picture of those is shown, still."""
WIDTHS = (320, 640, 1280)
PIXELS_MAX = 40_000_000
"""A telephone of today makes 12 to 50 million; beyond, somebody wants our memory."""
SIDE_MAX = 12_000
BYTES_MAX = 10_000_000
_BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, MemoryError,
    Pillow.DecompressionBombError, Pillow.DecompressionBombWarning,
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """One encoded picture. extension: webp, jpg or png."""

    width: int
    height: int
    extension: str
    content: bytes


@dataclass(frozen=True)
class Picture:
    """A picture's sizes, smallest first; width and height are those of the largest."""

    width: int
    height: int
    sizes: tuple[Size, ...]


def _refuse(words: object) -> Invalid:
    return Invalid({"file": [words]})


def _opened(name: str, content: bytes, known: Mapping[str, str]) -> Pillow.Image:
    """Return the picture, its header read. Raises Invalid."""
    extension = name.rsplit(".", 1)[-1].lower()
    if extension not in known:
        raise _refuse(_("Only PNG, JPEG, WebP and AVIF pictures are accepted."))
    if len(content) > BYTES_MAX:
        raise _refuse(_("The picture is larger than 10 MB."))
    try:
        with warnings.catch_warnings():
            # Our own limit follows; Pillow's warning is no refusal.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            image = Pillow.open(io.BytesIO(content), formats=tuple(set(known.values())))
    except UnidentifiedImageError:
        raise _refuse(_("This file is not a picture that can be read.")) from None
    except Pillow.DecompressionBombError:
        raise _refuse(_("This picture is too large: it has too many pixels.")) from None
    except _BROKEN:
        raise _refuse(_("This picture is damaged: it cannot be read.")) from None
    if image.format != known[extension]:
        raise _refuse(
            _("This file is not a %(kind)s, whatever its name says.") % {"kind": extension}
        )
    width, height = image.size
    if width * height > PIXELS_MAX or max(width, height) > SIDE_MAX:
        raise _refuse(
            _("This picture is too large: %(width)d × %(height)d pixels.")
            % {"width": width, "height": height}
        )
    if known is EXTENSIONS and getattr(image, "n_frames", 1) > 1:
        raise _refuse(_("Animated pictures are not accepted: motion cannot be stopped."))
    return image


def _in_srgb(image: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """Return the picture with the colours of the Web, since its own profile is dropped."""
    if not profile or image.mode not in {"RGB", "CMYK", "L"}:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return made or image


def _pixels(image: Pillow.Image) -> Pillow.Image:
    """Return the pixels upright, in RGB or RGBA. Raises Invalid when they cannot be read."""
    profile = image.info.get("icc_profile")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            if image.format == "JPEG":
                # Decodes at half or a quarter of the size where that is enough.
                image.draft(None, (WIDTHS[-1] * 2, WIDTHS[-1] * 2))
            image.load()
            upright = ImageOps.exif_transpose(image)
        upright = _in_srgb(upright, profile)
        see_through = "A" in upright.getbands() or "transparency" in upright.info
        clean = upright.convert("RGBA" if see_through else "RGB")
        # Comments and descriptions travel here, and some encoders would write them again.
        clean.info = {}
        return clean
    except _BROKEN:
        raise _refuse(_("This picture is damaged: it cannot be read.")) from None


def _encoded(image: Pillow.Image, width: int) -> list[Size]:
    height = max(1, round(image.height * width / image.width))
    small = image.resize((width, height), Pillow.Resampling.LANCZOS)
    webp, plain = io.BytesIO(), io.BytesIO()
    small.save(webp, "WEBP", quality=80, method=4)
    if small.mode == "RGBA":
        small.save(plain, "PNG", optimize=True)
        extension = "png"
    else:
        small.save(plain, "JPEG", quality=82, optimize=True, progressive=True)
        extension = "jpg"
    return [
        Size(width, height, "webp", webp.getvalue()),
        Size(width, height, extension, plain.getvalue()),
    ]


def read(name: str, content: bytes, known: Mapping[str, str] = EXTENSIONS) -> Picture:
    """Return the sizes of an uploaded picture: WebP, and JPEG (PNG where it is see-through).

    Nothing is enlarged. `known`: extensions and formats accepted, `STILLS` for the first picture
    of those that move or have several. Raises Invalid, with words, for what is not a picture, not
    what its name says, damaged, animated, or too large.
    """
    image = _pixels(_opened(name, content, known))
    widths = [width for width in WIDTHS if width < image.width]
    widths.append(min(image.width, WIDTHS[-1]))
    sizes = [size for width in dict.fromkeys(widths) for size in _encoded(image, width)]
    return Picture(sizes[-1].width, sizes[-1].height, tuple(sizes))
