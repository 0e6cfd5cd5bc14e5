"""The peers of `peers.py`: networks of the papers as plain modules of PyTorch.

Written by us from the papers, and without kiqa: nothing of it is imported. A module's
parameters have the names of the layers of kiqa's files and take their values, so that
both sides compute the same. Each scorer goes from the pixels of an image, RGB
``uint8`` (H, W, 3), to its score or map, as a user of PyTorch would write it: patches
by ``unfold``, in batches, without gradients.

RoIPool is torchvision's rule in plain PyTorch, all rectangles at once.

Public names: `SCORERS`, `loaded`.
"""

from functools import partial

import numpy as np
import torch
from niqe import Niqe, niqe_score
from pixels import gray_of, mirrored
from torch import nn
from torch.nn import functional

BATCH = 768  # windows; with fewer at a time PyTorch is slower
STRIDE = 8  # pixels, of Patchnet's map
GRID = 20  # blocks a side, of PaQ-2-PiQ's map
LAYOUT = torch.channels_last  # of PyTorch's two the faster one on a CPU, for all four


class Wadiqam(nn.Module):
    """WaDIQaM-NR: patches (n, 3, 32, 32) to quality and weight; Bosse et al. 2018."""

    def __init__(self):
        super().__init__()
        self.stages, channels = [], 3
        for stage, filters in enumerate((32, 64, 128, 256, 512), start=1):
            names = [f"stage{stage}_conv{number}" for number in (1, 2)]
            for name in names:
                self.add_module(name, nn.Conv2d(channels, filters, 3, padding=1))
                channels = filters
            self.stages.append(names)
        self.quality_hidden, self.quality = nn.Linear(512, 512), nn.Linear(512, 1)
        self.weight_raw_hidden, self.weight_raw = nn.Linear(512, 512), nn.Linear(512, 1)

    def forward(self, x):
        """Quality and weight, side by side."""
        for names in self.stages:
            for name in names:
                x = torch.relu(self.get_submodule(name)(x))
            x = functional.max_pool2d(x, 2)
        x = x.flatten(1)
        quality = self.quality(torch.relu(self.quality_hidden(x)))
        weight = torch.relu(self.weight_raw(torch.relu(self.weight_raw_hidden(x)))) + 1e-6
        return torch.cat([quality, weight], dim=1)


class Cnniqa(nn.Module):
    """CNNIQA: normalised gray patches (n, 1, 32, 32) to their quality; Kang et al. 2014."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(1, 50, 7)
        self.dense1, self.dense2 = nn.Linear(100, 800), nn.Linear(800, 800)
        self.quality = nn.Linear(800, 1)

    def forward(self, x):
        """The quality of each patch."""
        x = self.convolution(x)
        x = torch.cat([x.amax(dim=(2, 3)), -x.amin(dim=(2, 3))], dim=1)
        return self.quality(torch.relu(self.dense2(torch.relu(self.dense1(x)))))


class Patchnet(nn.Module):
    """Patchnet: patches (n, 3, 64, 64) to their quality; the thesis, section 5.1."""

    def __init__(self):
        super().__init__()
        self.groups, channels = [], 3
        for group, (filters, count) in enumerate(((32, 2), (64, 2), (128, 3)), start=1):
            names = [f"group{group}_conv{number}" for number in range(1, count + 1)]
            for name in names:
                self.add_module(name, nn.Conv2d(channels, filters, 3))
                channels = filters
            self.groups.append(names)
        self.dense1, self.dense2 = nn.Linear(9 * channels, 1024), nn.Linear(1024, 16)
        self.dense3, self.quality = nn.Linear(16, 8), nn.Linear(8, 1)

    def forward(self, x):
        """The quality of each patch."""
        x = x / 255
        for names in self.groups:
            for name in names:
                x = torch.relu(self.get_submodule(name)(x))
            x = functional.max_pool2d(x, 2)
        x = x.flatten(1)
        for layer in (self.dense1, self.dense2, self.dense3):
            x = torch.relu(layer(x))
        return torch.sigmoid(self.quality(x))


class Block(nn.Module):
    """Two convolutions of ResNet and what goes round them; He et al. 2016."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        if stride > 1:
            around = nn.Conv2d(channels, filters, 1, stride, bias=False)
            self.downsample = nn.Sequential(around, nn.BatchNorm2d(filters))

    def forward(self, x):
        """Features of the same or half the size."""
        around = self.downsample(x) if hasattr(self, "downsample") else x
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + around)


class Paq2piq(nn.Module):
    """P2P-RM: an image (1, 3, H, W) and rectangles (m, 4) to scores; Ying et al. 2020."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        channels = 64
        for stage, filters in enumerate((64, 128, 256, 512), start=1):
            first = Block(channels, filters, 1 if stage == 1 else 2)
            self.add_module(f"layer{stage}", nn.Sequential(first, Block(filters, filters, 1)))
            channels = filters
        self.score_norm1, self.score_hidden = nn.BatchNorm1d(1024), nn.Linear(1024, 512)
        self.score_norm2, self.score = nn.BatchNorm1d(512), nn.Linear(512, 1)

    def features(self, x):
        """ResNet-18's features, (1, 512, rows, columns)."""
        x = torch.relu(self.bn1(self.conv1(x / 255)))
        x = functional.max_pool2d(x, 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def forward(self, x, rois):
        """The score of each rectangle."""
        x = roi_pool(self.features(x)[0], rois).flatten(2)
        x = torch.cat([x.amax(dim=2), x.mean(dim=2)], dim=1)
        x = torch.relu(self.score_hidden(self.score_norm1(x)))
        return self.score(self.score_norm2(x))


def roi_pool(features, rois, *, bins=2, stride=32):
    """The largest features (channels, rows, columns) in the bins of rectangles in pixels."""
    ranges = []
    for axis, cells in enumerate((features.shape[2], features.shape[1])):
        begin, end = (torch.floor(rois[:, at] / stride + 0.5).long() for at in (axis, axis + 2))
        length, number = (end - begin + 1).clamp(min=1)[:, None], torch.arange(bins)
        first = begin[:, None] + number * length // bins
        last = begin[:, None] + ((number + 1) * length + bins - 1) // bins - 1
        first, last = first.clamp(min=0), last.clamp(max=cells - 1)
        # Cells past the last one are the last one again, which no maximum minds.
        found = first[..., None] + torch.arange(int((last - first).max()) + 1)
        ranges.append((found.minimum(last[..., None]), first <= last))
    (columns, wide), (rows, high) = ranges
    cells = features.permute(1, 2, 0)[rows[:, :, None, :, None], columns[:, None, :, None, :]]
    filled = (high[:, :, None] & wide[:, None, :])[..., None]  # a bin without a cell is 0
    return (cells.amax(dim=(3, 4)) * filled).permute(0, 3, 1, 2)


def _in_batches(network, windows):
    """Outputs of windows, ``uint8`` or ``float32`` (n, channels, side, side)."""
    batches = (each.float().contiguous(memory_format=LAYOUT) for each in windows.split(BATCH))
    return torch.cat([network(each) for each in batches])


def _windows(pixels, side, stride):
    """Windows of an image, (n, channels, side, side): a view while they do not overlap."""
    found = torch.from_numpy(pixels).permute(2, 0, 1).unfold(1, side, stride)
    found = found.unfold(2, side, stride).permute(1, 2, 0, 3, 4)
    return found, found.shape[:2]


def wadiqam_score(network, pixels):
    """The weighted mean over all windows that do not overlap."""
    windows, _ = _windows(pixels, 32, 32)
    quality, weight = _in_batches(network, windows.flatten(0, 1)).double().T
    return float((quality * weight).sum() / weight.sum())


def cnniqa_score(network, pixels):
    """The mean over all windows of contrast-normalised gray values."""
    gray = gray_of(pixels)
    rows, columns = (mirrored(side, 3) for side in gray.shape)

    def smooth(values):
        values = values[rows][:, columns][None, None]
        return functional.avg_pool2d(functional.avg_pool2d(values, (7, 1), 1), (1, 7), 1)[0, 0]

    mean = smooth(gray)
    deviation = (smooth(gray**2) - mean**2).clamp(min=0).sqrt()
    normal = ((gray - mean) / (deviation + 1)).float()
    windows, _ = _windows(normal[..., None].numpy(), 32, 32)
    return float(_in_batches(network, windows.flatten(0, 1)).double().mean())


def paq2piq_map(network, pixels):
    """The scores of 20x20 blocks."""
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    image = image.contiguous(memory_format=LAYOUT)
    rows, columns = (torch.linspace(0, side, GRID + 1) for side in pixels.shape[:2])
    top, left = torch.meshgrid(rows[:-1], columns[:-1], indexing="ij")
    bottom, right = torch.meshgrid(rows[1:], columns[1:], indexing="ij")
    rois = torch.stack([left, top, right, bottom], dim=-1).flatten(0, 1)
    return network(image, rois).reshape(GRID, GRID).numpy()


def patchnet_map(network, pixels):
    """The quality of all windows, row by row, so that they need not all be in memory."""
    windows, shape = _windows(pixels, 64, STRIDE)
    return torch.cat([_in_batches(network, row) for row in windows]).reshape(shape).numpy()


# Name of the model of kiqa -> network, and scorer.
SCORERS = {
    "wadiqam_nr": (Wadiqam, wadiqam_score),
    "cnniqa": (Cnniqa, cnniqa_score),
    "paq2piq_rm": (Paq2piq, paq2piq_map),
    "patchnet": (Patchnet, patchnet_map),
    "niqe": (Niqe, niqe_score),
}


def loaded(name, weights):
    """The network of a model, with the weights of a ``.npz`` file, and its scorer."""
    make, score = SCORERS[name]
    network = make().eval().to(memory_format=LAYOUT)
    with np.load(weights) as stored:
        state = {key: torch.from_numpy(stored[key]) for key in stored.files}
    found = network.load_state_dict(state, strict=False)
    missing = [key for key in found.missing_keys if not key.endswith("num_batches_tracked")]
    if missing or found.unexpected_keys:
        raise ValueError(f"Expected the weights of {name}. Missing: {missing}; {found}")
    return network, torch.inference_mode()(partial(score, network))
