"""Data sets, splits and patches.

- ``records``: one scored image as plain data.
- ``datasets``: readers of published data sets; `DATASETS` names them.
- ``splits``: train, validation and test parts, split files, k folds.
- ``patches``: positions on an image, patches cut out, values put back.
- ``konpatch``: patches with votes; ``votes`` and ``pseudo_votes`` label them.
- ``distortions``: synthetic distortions of images.
- ``pipeline``: tf.data pipelines (the only module that needs TensorFlow).
"""

from kiqa.data.datasets import biq2021, koniq10k, live_itw

DATASETS = {
    "biq2021": biq2021,
    "koniq10k": koniq10k,
    "live-itw": live_itw,
}
