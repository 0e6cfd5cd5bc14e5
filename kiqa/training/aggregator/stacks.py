"""Stacks of scored images for the aggregator's training."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kiqa.data.augmentation import Version, quality_left, version_size
from kiqa.data.records import ScoredImage
from kiqa.io.images.headers import upright_size
from kiqa.io.weights import load_model, read_info
from kiqa.maps.stack import MAPS, StackMaker
from kiqa.maps.stack_cache import StackCache
from kiqa.models.aggregator import LEAST_CELLS
from kiqa.training.aggregator.items import (
    PATCHNET_CHANNEL,
    Matching,
    StackItem,
    match_quantiles,
    read_stacks,
    stack_item,
)
from kiqa.training.runs.workdir import text_sha256

_MATCHED = 100  # images on which two Patchnets are compared


class StackSource:
    """Stacks from a cache that is filled as they are asked for.

    Args:
        folder: Of the cache.
        stride: Of the maps.
        fish: Form of FISH, see `kiqa.maps.stack.StackMaker`.
        report: Called with a line about images that cannot be used.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        *,
        stride: int,
        fish: str,
        report: Callable[[str], None],
    ):
        self.folder, self.stride, self.fish = Path(folder), stride, fish
        self._report = report

    def items(
        self,
        wanted: Sequence[tuple[ScoredImage, Version]],
        *,
        patchnet: str | os.PathLike,
        left: bool = False,
        workers: int = 2,
    ) -> list[StackItem]:
        """Make or find stacks.

        Args:
            wanted: Images and what is made of them.
            patchnet: Name or file of the network of the Patchnet maps.
            left: Targets are `kiqa.data.augmentation.quality_left`.
            workers: Threads beside the network.

        Returns:
            An item for each that could be made and has the cells that the
            network needs, its target the MOS in [0, 1], or with ``left`` the
            part of the quality that is left.

        Raises:
            ValueError: If the Patchnet is not one.
            OSError: If a file cannot be read or written.
        """
        info = read_info(patchnet)
        model = load_model(info.path)
        maker = StackMaker(model, stride=self.stride, fish=self.fish, info=info)
        stacks = StackCache(self.folder, maker)
        wanted = self._large_enough(wanted, maker.patch)
        made = stacks.fill([(record.path, version) for record, version in wanted], workers=workers)
        bar = tqdm(made, total=len(wanted), unit="stack", desc="map stacks", disable=None)
        items = []
        for (record, version), (path, error) in zip(wanted, bar, strict=True):
            if error is None:
                target = quality_left(version) if left else record.mos01
                items.append(stack_item(path, target, name=record.name, content=record.content))
            else:
                self._report(f"left out: {error}")
        return items

    def _large_enough(self, wanted, patch):
        """Those whose stacks will have the cells that the network needs; reports the others."""
        size_of, kept = cache(_size), []
        for record, version in wanted:
            if (size := size_of(record.path)) is None:
                kept.append((record, version))
                continue
            sides = version_size(size[0], size[1], version)
            rows, columns = (max(0, (side - patch) // self.stride + 1) for side in sides)
            if min(rows, columns) >= LEAST_CELLS:
                kept.append((record, version))
                continue
            self._report(
                f"left out: {record.name}: Expected at least {LEAST_CELLS} map cells a side. "
                f"Received: {columns}x{rows} at stride {self.stride}. Use a larger image or a "
                "smaller --stride."
            )
        return kept

    def matching(
        self,
        records: Sequence[ScoredImage],
        *,
        patchnet: str | os.PathLike,
        reference: str | os.PathLike,
    ) -> Matching:
        """Compare two Patchnets on images that neither was trained on.

        No score of the images is used.

        Args:
            records: The images; the first hundred of them in the order
                of a hash of their names.
            patchnet: Network whose values are matched.
            reference: Network to whose values they are matched.

        Returns:
            The matching for stacks of ``patchnet``.

        Raises:
            ValueError: As `items`.
            OSError: As `items`.
        """
        chosen = sorted(records, key=lambda record: text_sha256(record.name))[:_MATCHED]
        wanted = [(record, Version()) for record in chosen]
        own, other = (
            np.concatenate(
                [
                    read_stacks([item])[..., PATCHNET_CHANNEL].ravel()
                    for item in self.items(wanted, patchnet=network)
                ]
            )
            for network in (patchnet, reference)
        )
        return match_quantiles(own, other)

    def details(self, patchnet: str | os.PathLike) -> dict:
        """Say how the stacks are made, for the file of an aggregator.

        Args:
            patchnet: The network that makes the maps when images are
                scored.

        Returns:
            Details as `kiqa.scoring.engines.aggregator` reads them.
        """
        info = read_info(patchnet)
        return {
            "maps": list(MAPS),
            "stride": self.stride,
            "fish": self.fish,
            "patchnet": {"name": info.name, "sha256": info.sha256},
        }


def _size(path):
    """Height and width of an image; ``None`` of a file without, which the cache says more of."""
    try:
        return upright_size(path)
    except (OSError, ValueError):
        return None
