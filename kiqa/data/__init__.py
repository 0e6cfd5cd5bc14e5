"""Data sets, splits and patches.

- ``records``: one scored image as plain data.
- ``readers``: published data sets, one file each. `DATASETS` names them all.
- ``splits``: train, validation and test parts, split files, k folds.
- ``patches``: positions on an image, patches cut out.
- ``study``: images and patches for a study of their quality.
- ``konpatch``: patches with votes; ``votes`` and ``pseudo_votes`` label them.
- ``distortions``: synthetic distortions of images.
- ``plans``: the batches of an epoch; ``pipeline``: tf.data of them (the only
  module that needs TensorFlow).
"""

from kiqa.data.readers.biq2021 import biq2021
from kiqa.data.readers.csiq import csiq
from kiqa.data.readers.kadid10k import kadid10k
from kiqa.data.readers.koniq10k import koniq10k
from kiqa.data.readers.live import live
from kiqa.data.readers.live_fb import live_fb, live_fb_patch_images
from kiqa.data.readers.live_itw import live_itw
from kiqa.data.readers.mos_csv import mos_csv
from kiqa.data.readers.spaq import spaq
from kiqa.data.readers.tid2013 import tid2008, tid2013

DATASETS = {
    "biq2021": biq2021,
    "csiq": csiq,
    "kadid10k": kadid10k,
    "koniq10k": koniq10k,
    "live": live,
    "live-fb": live_fb,
    "live-fb-patches": live_fb_patch_images,
    "live-itw": live_itw,
    "mos-csv": mos_csv,
    "spaq": spaq,
    "tid2008": tid2008,
    "tid2013": tid2013,
}

# Of the data sets that have them: JPEG 2000, JPEG, white noise and Gaussian blur, as their
# records name them in ``distortion``.
FOUR_DISTORTIONS = {
    "csiq": ("jpeg2000", "jpeg", "awgn", "blur"),
    "live": ("jp2k", "jpeg", "wn", "gblur"),
    "tid2008": ("11", "10", "01", "08"),
    "tid2013": ("11", "10", "01", "08"),
}
