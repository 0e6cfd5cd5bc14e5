"""What peers of `networks.py` and `niqe.py` share: gray values, and mirrored borders.

Public names: `gray_of`, `mirrored`.
"""

import torch


def gray_of(pixels):
    """Gray values, whole numbers as ``float64`` (H, W), of RGB (H, W, 3)."""
    red, green, blue = torch.from_numpy(pixels).double().unbind(2)
    return torch.floor(0.298936021293775 * red + 0.587043074451121 * green
                       + 0.114020904255103 * blue + 0.5)  # fmt: skip


def mirrored(side, border):
    """Indices of a side with a border on both ends in which the pixels are mirrored."""
    inside = torch.arange(side)
    return torch.cat([inside[:border].flip(0), inside, inside[-border:].flip(0)])
