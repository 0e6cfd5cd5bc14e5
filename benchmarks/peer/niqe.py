"""NIQE in plain PyTorch, the peer of `peers.py`: all blocks of an image at once.

Written by us from the paper, and without kiqa. The Gaussian of pristine images is that of
kiqa's file, so that both sides compute the same.

Public names: `Niqe`, `niqe_score`.

References:
    A. Mittal, R. Soundararajan, A. C. Bovik, Making a "completely blind" image quality
    analyzer, IEEE SPL 20(3), 2013.
"""

import torch
from pixels import gray_of, mirrored
from torch import nn
from torch.nn import functional

BLOCK, SCALES, STATISTICS = 96, 2, 36  # pixels a side, of the image and its half
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))


class Niqe(nn.Module):
    """The pristine Gaussian, and what a generalised Gaussian's shape follows from."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(STATISTICS, dtype=torch.float64))
        self.register_buffer("covariance", torch.zeros(STATISTICS, STATISTICS, dtype=torch.float64))
        self.shapes = torch.arange(200, 10001, dtype=torch.float64) / 1000
        one, two, three = (_gamma(number / self.shapes) for number in (1, 2, 3))
        self.ratios = two**2 / (one * three)  # grows
        taps = torch.arange(-3, 4, dtype=torch.float64)
        smooth = torch.exp(-(taps**2) / (2 * (7 / 6) ** 2))
        self.smooth = smooth / smooth.sum()
        near = (torch.arange(-4, 6, dtype=torch.float64) - 0.5).abs() / 2
        bicubic = torch.where(
            near <= 1,
            1.5 * near**3 - 2.5 * near**2 + 1,
            -0.5 * near**3 + 2.5 * near**2 - 4 * near + 2,
        )
        bicubic[near > 2] = 0
        self.bicubic = bicubic / bicubic.sum()

    def statistics(self, gray):
        """18 statistics of each block at each scale, (blocks, 36)."""
        found = []
        for scale in range(SCALES):
            mean = self._smoothed(gray)
            deviation = (self._smoothed(gray**2) - mean**2).abs().sqrt()
            found.append(self._of_blocks((gray - mean) / (deviation + 1), BLOCK >> scale))
            gray = self._halved(gray)
        return torch.cat(found, dim=1)

    def _smoothed(self, values):
        values = functional.pad(values[None, None], (3, 3, 3, 3), mode="replicate")
        values = functional.conv2d(values, self.smooth[None, None, :, None])
        return functional.conv2d(values, self.smooth[None, None, None, :])[0, 0]

    def _halved(self, values):
        rows, columns = (mirrored(side, 4) for side in values.shape)
        values = values[rows][:, columns][None, None]
        values = functional.conv2d(values, self.bicubic[None, None, :, None], stride=(2, 1))
        return functional.conv2d(values, self.bicubic[None, None, None, :], stride=(1, 2))[0, 0]

    def _of_blocks(self, values, side):
        blocks = values.unfold(0, side, side).unfold(1, side, side).flatten(0, 1)
        shape, left, right = self._fitted(blocks)
        found = [shape, (left + right) / 2]
        for shift in SHIFTS:
            shape, left, right = self._fitted(blocks * blocks.roll(shift, dims=(1, 2)))
            mean = (right - left) * _gamma(2 / shape) / _gamma(1 / shape)
            found += [shape, mean, left, right]
        return torch.stack(found, dim=1)

    def _fitted(self, values):
        """Shape and both scales of an asymmetric generalised Gaussian, by moments."""
        values = values.flatten(1)
        low, high = values.clamp(max=0), values.clamp(min=0)
        left = ((low**2).sum(1) / (values < 0).sum(1)).sqrt()
        right = ((high**2).sum(1) / (values > 0).sum(1)).sqrt()
        skew = left / right
        ratio = values.abs().mean(1) ** 2 / (values**2).mean(1)
        ratio = ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
        after = torch.searchsorted(self.ratios, ratio).clamp(1, len(self.ratios) - 1)
        nearer = ratio - self.ratios[after - 1] <= self.ratios[after] - ratio
        shape = self.shapes[after - nearer.long()]
        factor = (_gamma(1 / shape) / _gamma(3 / shape)).sqrt()
        return shape, left * factor, right * factor


def niqe_score(network, pixels):
    """The distance of the image's Gaussian from the pristine one."""
    rows, columns = (side // BLOCK * BLOCK for side in pixels.shape[:2])
    found = network.statistics(gray_of(pixels[:rows, :columns]))
    found = found[found.isfinite().all(dim=1)]
    middle = (network.covariance + torch.cov(found.T)) / 2
    difference = network.mean - found.mean(dim=0)
    inverse = torch.linalg.pinv(middle, hermitian=True)
    return float((difference @ inverse @ difference).sqrt())


def _gamma(values):
    return torch.lgamma(values).exp()
