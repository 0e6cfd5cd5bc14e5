"""Map stacks of many images on disk: computed once, continued after a kill.

A stack's file is named by a hash of all that its values depend on: the
image's bytes, the version that was made of it, the Patchnet's weights,
stride, form of FISH, and the number of this format. A cache of other weights
is therefore never used, and several may share a folder.
"""

import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from kiqa.constants import AGGREGATOR
from kiqa.data.augmentation import Version, apply_version
from kiqa.io.files import replacing, sha256_of
from kiqa.io.images import load_image
from kiqa.io.messages import name_file
from kiqa.maps.stack import StackMaker

_FORMAT = 1  # raised when the same inputs give other values


class StackCache:
    """A folder of map stacks, filled by one `StackMaker`.

    Args:
        folder: Where the files lie; made if missing.
        maker: Makes what is not there.

    Raises:
        OSError: If the folder cannot be made.
    """

    def __init__(self, folder: str | os.PathLike, maker: StackMaker):
        self.folder, self.maker = Path(folder), maker
        self.folder.mkdir(parents=True, exist_ok=True)

    def path_of(self, image_sha256: str, version: Version) -> Path:
        """Return the file of a stack, whether it is there or not.

        Args:
            image_sha256: Hash of the image's bytes.
            version: What is made of the image.

        Returns:
            A path below the folder.
        """
        key = {
            "format": _FORMAT,
            "image": image_sha256,
            "angle": version.angle,
            "flip": version.flip,
            "distortion": version.distortion,
            "patchnet": self.maker.weights_sha256,
            "stride": self.maker.stride,
            "fish": self.maker.fish,
            "fish_scale": AGGREGATOR.fish_scale,
        }
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self.folder / f"{digest[:40]}.npy"

    def fill(
        self, wanted: Sequence[tuple[str | os.PathLike, Version]], *, workers: int = 2
    ) -> Iterator[tuple[Path | None, str | None]]:
        """Make sure of stacks, those that are missing one after the other.

        Reading, rotating, FISH and gray run ahead in threads, the network in
        the calling thread.

        Args:
            wanted: Images and their versions.
            workers: Number of threads.

        Yields:
            For each of them in order its file and ``None``, or ``None`` and
            what is wrong with the image.

        Raises:
            OSError: If a stack cannot be written; those before it stay.
        """
        waiting = deque()
        with ThreadPoolExecutor(workers, thread_name_prefix="kiqa-stacks") as pool:
            try:
                for item in wanted:
                    waiting.append(pool.submit(self._prepare, *item))
                    if len(waiting) > workers + 2:
                        yield self._finish(*waiting.popleft().result())
                while waiting:
                    yield self._finish(*waiting.popleft().result())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _prepare(self, image, version):
        """The file, pixels and indicator maps; or what is wrong; in a thread."""
        try:
            path = self.path_of(sha256_of(Path(image)), version)
            if readable_stack(path):
                return path, None, None, None
            pixels = apply_version(load_image(image).pixels, version)
            return path, pixels, self.maker.indicator_maps(pixels), None
        except (ValueError, OSError) as error:
            return None, None, None, name_file(error, image)

    def _finish(self, path, pixels, indicators, error):
        if error is None and pixels is not None:
            stack = self.maker.stack(pixels, indicators=indicators)
            with replacing(path) as temporary, open(temporary, "wb") as file:
                np.save(file, stack)
        return path, error


def readable_stack(path: Path) -> bool:
    """Say whether a file holds a whole stack; a damaged one is made again."""
    try:
        stack = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    return stack.ndim == 3 and stack.dtype == np.float32
