"""Loss of Patchnet on pieces of photographs.

A step holds pieces of rated photographs, then
pieces of photographs without a score, if any, and then distorted copies of
the last of all these pieces. Of the network's maps of local qualities the
loss asks four things, each with its own weight:

- *image*: the mean over a photograph's pieces is its MOS;
- *cell*: every single cell is near the photograph's MOS, or near the quality
  that is assumed of a photograph without one;
- *correlation*: over the photographs of the step, means and MOS correlate
  (one minus Pearson's coefficient);
- *distortion*: a cell of a distorted copy has a stated part of the quality
  that its photograph has.

The first three need human scores, but for the quality assumed of unrated
photographs, a pseudo-score. The last is ours: it ties local values to what
was done to the pixels there; its targets are pseudo-scores, too.
"""

from keras import ops

from kiqa.training.patchnet_mos.settings import LossWeights
from kiqa.training.runs.correlation import pearson


def piece_loss(weights: LossWeights, *, photographs: int, pieces: int, copies: int):
    """Make the loss function of a step.

    Args:
        weights: Weights of the terms.
        photographs: Rated photographs a step.
        pieces: Pieces a photograph; pieces of one photograph lie together.
        copies: Distorted copies a step, the last entries.

    Returns:
        A function of two tensors of shape ``(n, rows, columns, 1)``:
        targets, the MOS in [0, 1] for the ``photographs * pieces`` first
        entries, the assumed quality for unrated ones, and for each
        distorted copy what should be left of its photograph's; and
        predictions. Returns the loss, a scalar.
    """
    rated_pieces = photographs * pieces

    def loss(target, predicted):
        clean, mos = predicted[:rated_pieces], target[:rated_pieces]
        quality = ops.mean(ops.reshape(clean, (photographs, -1)), axis=1)
        rated = ops.mean(ops.reshape(mos, (photographs, -1)), axis=1)
        total = weights.image * ops.mean(ops.square(quality - rated))
        if weights.cell:
            undistorted = ops.shape(predicted)[0] - copies
            error = predicted[:undistorted] - target[:undistorted]
            total += weights.cell * ops.mean(ops.square(error))
        if weights.correlation:
            total += weights.correlation * (1 - pearson(quality, rated))
        if weights.distortion:
            error = predicted[-copies:] - target[-copies:]
            total += weights.distortion * ops.mean(ops.square(error))
        return total

    return loss
