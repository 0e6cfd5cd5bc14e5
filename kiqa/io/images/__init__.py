"""The one way an image gets into kiqa: any file, bytes or array to RGB uint8."""

from kiqa.io.images.cost import MAX_BYTES
from kiqa.io.images.headers import IMAGE_SUFFIXES, MAX_PIXELS, ImageError
from kiqa.io.images.loaded import LoadedImage
from kiqa.io.images.loading import Source, load_image

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_BYTES",
    "MAX_PIXELS",
    "ImageError",
    "LoadedImage",
    "Source",
    "load_image",
]
