"""The one way an image gets into kiqa: any file, bytes or array to RGB uint8."""

from kiqa.io.images.headers import IMAGE_SUFFIXES, MAX_PIXELS, ImageError
from kiqa.io.images.loading import LoadedImage, load_image

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "ImageError",
    "LoadedImage",
    "load_image",
]
