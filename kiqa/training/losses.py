"""The loss of Patchnet on pieces of rated photographs.

A step holds the pieces of several photographs, and after them distorted
copies of some of these pieces. Of the network's maps of local qualities the
loss asks four things, each with its own weight:

- *image*: the mean over a photograph's pieces is its MOS;
- *cell*: every single cell is near the photograph's MOS;
- *correlation*: over the photographs of the step, means and MOS correlate
  (one minus Pearson's coefficient);
- *distortion*: a cell of a distorted copy has a stated part of the quality
  that the network gives the same cell undistorted.

All but the last need human scores only. The last is ours: it ties local
values to what was done to the pixels there, without any label.
"""

from dataclasses import dataclass

from keras import ops


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of the terms; zero leaves a term out."""

    image: float = 1.0
    cell: float = 0.0
    correlation: float = 0.0
    distortion: float = 0.0


def piece_loss(weights: LossWeights, *, photographs: int, pieces: int):
    """Make the loss function of a step.

    Args:
        weights: Weights of the terms.
        photographs: Photographs a step.
        pieces: Pieces a photograph; pieces of one photograph lie together.

    Returns:
        A function of two tensors of shape ``(n, rows, columns, 1)``:
        targets, the MOS in [0, 1] for the ``photographs * pieces`` first
        entries, and for each distorted copy after them the part of the
        quality that should be left; and predictions. Copy k is one of
        piece k. Returns the loss, a scalar.
    """
    plain = photographs * pieces

    def loss(target, predicted):
        clean, mos = predicted[:plain], target[:plain]
        quality = ops.mean(ops.reshape(clean, (photographs, -1)), axis=1)
        rated = ops.mean(ops.reshape(mos, (photographs, -1)), axis=1)
        total = weights.image * ops.mean(ops.square(quality - rated))
        if weights.cell:
            total += weights.cell * ops.mean(ops.square(clean - mos))
        if weights.correlation:
            total += weights.correlation * (1 - _pearson(quality, rated))
        if weights.distortion:
            copies, left = predicted[plain:], target[plain:]
            wanted = ops.stop_gradient(clean[: ops.shape(copies)[0]]) * left
            total += weights.distortion * ops.mean(ops.square(copies - wanted))
        return total

    return loss


def _pearson(a, b):
    a, b = a - ops.mean(a), b - ops.mean(b)
    norm = ops.sqrt(ops.sum(ops.square(a)) * ops.sum(ops.square(b)))
    return ops.sum(a * b) / (norm + 1e-6)
