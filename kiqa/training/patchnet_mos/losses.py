"""Loss of Patchnet on pieces of images.

A batch holds pieces of rated images, then pieces of images without a score,
if any, and then distorted copies of the last of all these pieces. Of the
network's maps of local qualities the loss asks four things, each with its own
weight:

- *image*: the mean over an image's pieces is its MOS;
- *cell*: every single cell is near the image's MOS, or near the quality that
  is assumed of an image without one;
- *correlation*: over the images of the batch, means and MOS correlate (one
  minus Pearson's coefficient);
- *distortion*: a cell of a distorted copy has a stated part of the quality
  that its image has.

The first three need human scores, but for the quality assumed of unrated
images, a pseudo-score. The last is ours: it ties local values to what was done
to the pixels there; its targets are pseudo-scores, too.

Public names: `piece_loss`.
"""

from collections.abc import Callable

from keras import ops

from kiqa.training.runs.replicas import pearson


def piece_loss(
    *,
    images: int,
    pieces: int,
    copies: int,
    image: float = 0.0,
    cell: float = 0.0,
    correlation: float = 0.0,
    distortion: float = 0.0,
) -> Callable:
    """Make the loss function of a batch.

    Args:
        images: Rated images in a batch.
        pieces: Pieces of an image; pieces of one image lie together.
        copies: Distorted copies in a batch, the last entries.
        image: Weight of the term *image*.
        cell: Weight of the term *cell*.
        correlation: Weight of the term *correlation*.
        distortion: Weight of the term *distortion*.

    Returns:
        A function of two tensors of shape ``(n, rows, columns, 1)``:
        targets, the MOS in [0, 1] for the ``images * pieces`` first entries,
        the assumed quality for unrated ones, and for each distorted copy what
        should be left of its image's; and predictions. Returns the loss, a
        scalar.
    """
    rated_pieces = images * pieces

    def loss(target, predicted):
        clean, mos = predicted[:rated_pieces], target[:rated_pieces]
        quality = ops.mean(ops.reshape(clean, (images, -1)), axis=1)
        rated = ops.mean(ops.reshape(mos, (images, -1)), axis=1)
        total = image * ops.mean(ops.square(quality - rated))
        if cell:
            undistorted = ops.shape(predicted)[0] - copies
            error = predicted[:undistorted] - target[:undistorted]
            total += cell * ops.mean(ops.square(error))
        if correlation:
            total += correlation * (1 - pearson(quality, rated))
        if distortion:
            error = predicted[-copies:] - target[-copies:]
            total += distortion * ops.mean(ops.square(error))
        return total

    return loss
