from .decoding import Decoded, color_array, decode, decode_color, resize
from .formats import EXPECTED, IMAGE_SUFFIXES, MAX_FILE_BYTES, MAX_PIXELS, PictureError, open_picture, sniff
from .pixels import to_bytes, to_color, to_gray
from .read import HANDED, STDIN, is_url, read_bytes, read_gray, read_image
from .walk import Walk, natural_key, walk_images

__all__ = [
    "EXPECTED",
    "HANDED",
    "IMAGE_SUFFIXES",
    "MAX_FILE_BYTES",
    "MAX_PIXELS",
    "STDIN",
    "Decoded",
    "PictureError",
    "Walk",
    "color_array",
    "decode",
    "decode_color",
    "is_url",
    "natural_key",
    "open_picture",
    "read_bytes",
    "read_gray",
    "read_image",
    "resize",
    "sniff",
    "to_bytes",
    "to_color",
    "to_gray",
    "walk_images",
]
