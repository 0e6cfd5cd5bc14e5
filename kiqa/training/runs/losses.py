"""Losses: of scores, of WaDIQaM, of PaQ-2-PiQ, and of Patchnet on pieces of photographs.

`score_loss` is the mean squared error, with a correlation over the batch as
an option. `pooled_loss` is that of DIQaM and WaDIQaM, `region_loss` that of
PaQ-2-PiQ.

`piece_loss` is Patchnet's. A step holds pieces of rated photographs, then
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


def score_loss(correlation: float):
    """Make the loss of predicted scores.

    Args:
        correlation: Weight of one minus Pearson's correlation over the
            batch; 0 is the plain mean squared error.

    Returns:
        A function of targets, shape ``(n, 1)``, or ``(n, 2)`` with another
        target of the correlation beside them, and predictions, shape ``(n,
        1)``, to the loss, a scalar.
    """

    def loss(target, predicted):
        total = ops.mean(ops.square(predicted - target[:, :1]))
        if correlation:
            total += correlation * (1 - _pearson(predicted[:, 0], target[:, -1]))
        return total

    return loss


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
            total += weights.correlation * (1 - _pearson(quality, rated))
        if weights.distortion:
            error = predicted[-copies:] - target[-copies:]
            total += weights.distortion * ops.mean(ops.square(error))
        return total

    return loss


def pooled_loss(*, patches: int, pooling: str, patch: float = 0.0, correlation: float = 0.0):
    """Make DIQaM's and WaDIQaM's loss.

    Args:
        patches: Patches an image; those of one image lie together.
        pooling: ``"average"``: loss (3), the mean over the patches of
            ``|y_i - q|``. ``"weighted"``: loss (7), the mean over the images
            of ``|sum(w_i * y_i) / sum(w_i) - q|``.
        patch: Weight of loss (3) where it is added to loss (7).
        correlation: Weight of one minus Pearson's correlation over the
            images.

    Returns:
        A function of targets, shape ``(n, 1)``, one score a patch, or ``(n,
        2)`` with another target of the correlation beside it, and of
        predictions, ``(n, 1)``, the quality, or ``(n, 2)``, quality and
        weight; to the loss, a scalar.

    References:
        Bosse et al. 2018, equations (3) and (7).
    """

    def loss(target, predicted):
        quality = ops.reshape(predicted[:, 0], (-1, patches))
        target = ops.reshape(target, (-1, patches, target.shape[-1]))
        pooled = ops.mean(quality, axis=1)
        if pooling == "weighted":
            weight = ops.reshape(predicted[:, 1], (-1, patches))
            pooled = ops.sum(quality * weight, axis=1) / ops.sum(weight, axis=1)
        single = ops.mean(ops.abs(quality - target[..., 0]))
        if pooling == "average":
            total = single
        else:
            total = ops.mean(ops.abs(pooled - target[:, 0, 0])) + patch * single
        if correlation:
            total += correlation * (1 - _pearson(pooled, target[:, 0, -1]))
        return total

    return loss


def region_loss(*, patch: float = 1.0, correlation: float = 0.0):
    """Make the loss of PaQ-2-PiQ: the squared error of pictures and patches.

    Args:
        patch: Weight of a patch's squared error beside a picture's.
        correlation: Weight of one minus Pearson's correlation of the scores
            of the pictures.

    Returns:
        A function of targets and predictions, both of shape ``(n, m)``, the
        picture first, then its patches, to the loss, a scalar: the weighted
        mean over all targets that are finite.

    References:
        Ying et al. 2020, sections 4.1 and 4.2.
    """

    def loss(target, predicted):
        known = ops.isfinite(target)
        error = ops.square(predicted - ops.where(known, target, ops.zeros_like(target)))
        weights = ops.cast(known, error.dtype)
        weights = ops.concatenate([weights[:, :1], patch * weights[:, 1:]], axis=1)
        total = ops.sum(weights * error) / ops.sum(weights)
        if correlation:
            total += correlation * (1 - _pearson(predicted[:, 0], target[:, 0]))
        return total

    return loss


def _pearson(a, b):
    a, b = a - ops.mean(a), b - ops.mean(b)
    norm = ops.sqrt(ops.sum(ops.square(a)) * ops.sum(ops.square(b)))
    return ops.sum(a * b) / (norm + 1e-6)
