"""VarJPEG: JPEG that spends its bits where an image is good, and its study.

One call each way::

    from kiqa.varjpeg import decode, encode

    encoded = encode("image.png", target_bpp=0.5)  # a JPEG for every viewer
    pixels = decode(encoded.data)

The steps in their order: `read_source`, `importance_of`, `pruned`,
`clustered`, `stored`, `blurred` or `block_means`, `block_qualities`, then
quantisation (`block_tables` for the thesis form, `compatible_levels` for the
compatible one) and entropy coding (`write_jpeg`). `steps` shows what each
makes of an image.

References:
    Thesis, section 6. V. Hosu et al., Saliency-driven image coding improves
    overall perceived JPEG quality, PCS 2016.
"""

from kiqa.varjpeg.centroids import centroid_pixels, clustered, impulses, stored
from kiqa.varjpeg.codec import Encoded, StreamInfo, coded, coded_jpeg, decode, inspect_stream
from kiqa.varjpeg.compatible import compatible_levels
from kiqa.varjpeg.entropy import Coefficients, read_jpeg, write_jpeg
from kiqa.varjpeg.importance import FixationPoints, importance_of, pruned
from kiqa.varjpeg.ladder import bitrate_ladder, jpeg_ladder
from kiqa.varjpeg.markers import StreamError
from kiqa.varjpeg.preparation import Prepared, prepare, quality_map_of
from kiqa.varjpeg.quantisation import block_tables, quality_tables
from kiqa.varjpeg.search import SizeSearch, encode
from kiqa.varjpeg.segment import SUFFIXES
from kiqa.varjpeg.settings import Settings
from kiqa.varjpeg.source import read_source
from kiqa.varjpeg.spread import block_means, block_qualities, blurred
from kiqa.varjpeg.steps import Steps, steps

__all__ = [
    "SUFFIXES",
    "Coefficients",
    "Encoded",
    "FixationPoints",
    "Prepared",
    "Settings",
    "SizeSearch",
    "Steps",
    "StreamError",
    "StreamInfo",
    "bitrate_ladder",
    "block_means",
    "block_qualities",
    "block_tables",
    "blurred",
    "centroid_pixels",
    "clustered",
    "coded",
    "coded_jpeg",
    "compatible_levels",
    "decode",
    "encode",
    "importance_of",
    "impulses",
    "inspect_stream",
    "jpeg_ladder",
    "prepare",
    "pruned",
    "quality_map_of",
    "quality_tables",
    "read_jpeg",
    "read_source",
    "steps",
    "stored",
    "write_jpeg",
]
