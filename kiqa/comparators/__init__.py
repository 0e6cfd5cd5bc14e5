"""Other people's methods, to stand beside ours: same loader, same rows, same tables.

`FORMULAS` are those that need no weights: a name, and what is known of it. Those
with fitted parameters or a network are weights files like ours, found by name;
`FITTED` says of each how its file comes about.

`BODY` names the file whose EfficientNet-Lite makes the features of the learned ones.

Public names: `Formula`, `FORMULAS`, `Fitted`, `FITTED`, `BODY`.

Reading the names loads neither OpenCV nor SciPy; `Formula.resolve` does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from kiqa.constants import PATCHNET


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A comparator without weights.

    Attributes:
        function: ``module:function`` of ``uint8`` pixels (H, W, 3), and of those
            of the reference where one is needed, to the score.
        scale: Range of the score as text.
        higher_is_better: Direction of the score.
        least_side: Least width and height of an image in pixels.
        needs_reference: Whether it compares with an undistorted image.
        map: ``module:function`` in `kiqa.scoring.engines.formula`'s form, or
            ``None``.
        map_stride: Pixels between the cells of the map where no stride is asked
            for; of FSIM and FSIMc that of small images, larger ones have more.
        version: Raised whenever values change, so that old rows are not taken for
            new ones.
    """

    function: str
    scale: str
    higher_is_better: bool
    least_side: int
    needs_reference: bool
    map: str | None = None
    map_stride: int = 1
    version: str = "1"

    def resolve(self) -> Callable[..., Any]:
        """Import the function."""
        return resolve_name(self.function)

    def resolve_map(self) -> Callable[..., Any] | None:
        """Import the function of the map; ``None`` if there is none."""
        return None if self.map is None else resolve_name(self.map)


@dataclass(frozen=True)
class Fitted:
    """A comparator whose parameters are fitted.

    Attributes:
        title: As papers call it, with what is not theirs.
        command: What makes its weights file.
        convert: What reads a published one, or ``None``.
    """

    title: str
    command: str
    convert: str | None = None

    def remedy(self) -> str:
        """Return the sentence of an error message that says where its file comes from."""
        told = f"Make {self.title}'s weights by: {self.command}"
        return f"{told}; or convert published ones: {self.convert}." if self.convert else f"{told}."


_FULL: dict[str, Any] = {"scale": "0..1", "higher_is_better": True, "needs_reference": True}
_FISH: dict[str, Any] = {"scale": ">=0", "higher_is_better": True, "needs_reference": False}
_MAPS = "kiqa.comparators.maps"

FORMULAS = {
    "blur_effect": Formula(
        function="kiqa.comparators.blur:blur", least_side=11, scale="0..1",
        higher_is_better=False, needs_reference=False,
    ),
    "fish": Formula(
        function="kiqa.maps.fish:fish", least_side=8, map=f"{_MAPS}:sliding_fish",
        map_stride=PATCHNET.stride, **_FISH,
    ),
    "fish_bb": Formula(
        function="kiqa.maps.fish:fish_bb", least_side=16, map=f"{_MAPS}:block_fish",
        map_stride=PATCHNET.stride, **_FISH,
    ),
    "fsim": Formula(
        function="kiqa.comparators.fsim:fsim", least_side=16, map=f"{_MAPS}:fsim_places", **_FULL
    ),
    "fsimc": Formula(
        function="kiqa.comparators.fsim:fsimc", least_side=16, map=f"{_MAPS}:fsimc_places", **_FULL
    ),
    "gmsd": Formula(
        function="kiqa.comparators.gmsd:gmsd", least_side=6, map=f"{_MAPS}:gradient_places",
        map_stride=2, **_FULL | {"scale": ">=0", "higher_is_better": False},
    ),
    "ms_ssim": Formula(function="kiqa.comparators.ssim:ms_ssim", least_side=176, **_FULL),
    "psnr": Formula(
        function="kiqa.comparators.psnr:psnr", least_side=1, **_FULL | {"scale": "0..100 dB"}
    ),
    "ssim": Formula(
        function="kiqa.comparators.ssim:ssim", least_side=11, map=f"{_MAPS}:ssim_places",
        **_FULL | {"scale": "-1..1"},
    ),
}  # fmt: skip

BODY = "lite"

_TRAIN = "python -m kiqa.train_comparator"
_RATED = "--data ROOT --dataset biq2021 --split biq2021-kiqa-6000"

FITTED = {
    "brisque": Fitted(
        "BRISQUE",
        f"{_TRAIN} brisque {_RATED} --workdir DIR",
        "kiqa convert brisque allmodel --output brisque.h5",
    ),
    "cnniqa": Fitted("CNNIQA", f"{_TRAIN} cnniqa {_RATED} --workdir DIR"),
    "cornia": Fitted(
        "CORNIA", f"{_TRAIN} cornia {_RATED} --codewords 1000 --patches 2000 --workdir DIR"
    ),
    "deepbiq": Fitted("DeepBIQ on EfficientNet-Lite2", f"{_TRAIN} deepbiq {_RATED} --workdir DIR"),
    "koncept512": Fitted(
        "KonCept512 on EfficientNet-Lite2", f"{_TRAIN} koncept512 {_RATED} --workdir DIR"
    ),
    "nima": Fitted("NIMA on EfficientNet-Lite2", f"{_TRAIN} nima {_RATED} --workdir DIR"),
    "niqe": Fitted(
        "NIQE",
        f"{_TRAIN} niqe --data FOLDER --workdir DIR",
        "kiqa convert niqe modelparameters.mat --output niqe.h5",
    ),
}
