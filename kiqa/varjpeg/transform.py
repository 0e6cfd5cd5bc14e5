"""Pixels to DCT coefficients and back, as baseline JPEG has them.

Forward, real-valued: RGB to YCbCr by T.871, chroma averaged over 2x2 pixels
for 4:2:0, edges continued by their last pixel, 8x8 blocks, formula 12 of the
thesis. Nothing is rounded before the quantisation.

Backward, whole numbers only: the same integers as libjpeg's "islow" inverse
transform, triangle upsampling and colour tables make, so that the pixels are
those of Pillow, OpenCV and browsers, on any machine.

Public names: :data:`SUBSAMPLINGS`, :func:`planes_of`, :func:`plane_sizes`,
:func:`block_counts`, :func:`forward`, :func:`backward`, :func:`pixels_of`.

References:
    ITU-T T.81 and T.871. C. Loeffler, A. Ligtenberg, G. Moschytz, Practical
    fast 1-D DCT algorithms with 11 multiplications, ICASSP 1989.
"""

import numpy as np

SUBSAMPLINGS = ("4:4:4", "4:2:0")

_TO_YCC = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.299 / 1.772, -0.587 / 1.772, 0.886 / 1.772],
        [0.701 / 1.402, -0.587 / 1.402, -0.114 / 1.402],
    ],
    np.float32,
)

_BITS = 13  # of the constants of the inverse transform
_PASS_BITS = 2  # that the first pass keeps for the second
_STRIP = 2**18  # pixels that are made together on the way back; bounds the memory


def planes_of(pixels: np.ndarray, subsampling: str) -> list[np.ndarray]:
    """Turn pixels into the planes that JPEG codes.

    Args:
        pixels: ``uint8``; RGB of shape ``(H, W, 3)``, or gray ``(H, W)``.
        subsampling: ``"4:4:4"`` or ``"4:2:0"``; gray has one plane anyway.

    Returns:
        Y, or Y, Cb and Cr: ``float32``, shifted to -128..127.
    """
    if pixels.ndim == 2:
        return [pixels.astype(np.float32) - 128]
    height, width = pixels.shape[:2]
    flat = _TO_YCC @ pixels.reshape(-1, 3).T.astype(np.float32)
    luminance, blue, red = flat.reshape(3, height, width)
    chroma = [blue, red] if subsampling == "4:4:4" else [_halved(blue), _halved(red)]
    return [luminance - 128, *chroma]


def _halved(plane):
    """Means of 2x2 pixels; a last odd row or column is continued."""
    plane = np.pad(plane, [(0, side % 2) for side in plane.shape], mode="edge")
    rows = plane[0::2] + plane[1::2]
    return (rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25)


def plane_sizes(size: tuple[int, int], subsampling: str, components: int) -> list[tuple[int, int]]:
    """Height and width of each plane of an image of ``size``."""
    height, width = size
    half = (-(-height // 2), -(-width // 2))
    chroma = (height, width) if subsampling == "4:4:4" else half
    return [(height, width), chroma, chroma][:components]


def block_counts(size: tuple[int, int], subsampling: str, components: int) -> list[tuple[int, int]]:
    """Rows and columns of 8x8 blocks of each plane of an image of ``size``."""
    return [
        (-(-height // 8), -(-width // 8))
        for height, width in plane_sizes(size, subsampling, components)
    ]


def _cosines():
    frequency, position = np.mgrid[:8, :8]
    basis = np.cos((2 * position + 1) * frequency * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    return basis


_FORWARD = np.kron(_cosines(), _cosines()).T.astype(np.float32)


def forward(plane: np.ndarray) -> np.ndarray:
    """Transform a plane block by block.

    Args:
        plane: ``float32`` of shape ``(H, W)``, -128..127.

    Returns:
        Coefficients, ``float32`` of shape ``(rows, columns, 8, 8)``, vertical
        frequency before horizontal. Blocks over the edge are filled with the
        plane's last row and column.

    References:
        Thesis, formula 12.
    """
    plane = np.pad(plane, [(0, -side % 8) for side in plane.shape], mode="edge")
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    blocks = plane.reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 64)
    return (blocks @ _FORWARD).reshape(rows, columns, 8, 8)


def _integer_cosines():
    """The 8x8 matrix of the inverse transform of Loeffler et al. in 13 bits.

    Its entries are sums of rounded constants along the paper's flow graph,
    which is not the same as rounded sums.
    """

    def fixed(value):
        return int(np.floor(value * 2**_BITS + 0.5))

    inputs = np.eye(8, dtype=np.int64)
    shared = (inputs[2] + inputs[6]) * fixed(0.541196100)
    low = shared - inputs[6] * fixed(1.847759065)
    high = shared + inputs[2] * fixed(0.765366865)
    total, difference = (inputs[0] + inputs[4]) << _BITS, (inputs[0] - inputs[4]) << _BITS
    even = [total + high, difference + low, difference - low, total - high]

    one, three, five, seven = inputs[1::2]
    turn = (one + three + five + seven) * fixed(1.175875602)
    outer, inner = -(one + seven) * fixed(0.899976223), -(three + five) * fixed(2.562915447)
    first = turn - (three + seven) * fixed(1.961570560)
    second = turn - (one + five) * fixed(0.390180644)
    odd = [
        one * fixed(1.501321110) + outer + second,
        three * fixed(3.072711026) + inner + first,
        five * fixed(2.053119869) + inner + second,
        seven * fixed(0.298631336) + outer + first,
    ]
    ends = zip(even, odd, strict=True)
    pairs = [(plain + turned, plain - turned) for plain, turned in ends]
    return np.array([top for top, _ in pairs] + [bottom for _, bottom in pairs[::-1]])


_BACKWARD = _integer_cosines().astype(np.float64)


def backward(coefficients: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Invert the transform in whole numbers.

    The two passes are products of whole numbers below 2**53, hence exact in
    ``float64`` in whatever order a machine adds them.

    Args:
        coefficients: Dequantised, whole, shape ``(rows, columns, 8, 8)``.
        size: Height and width of the plane; blocks over the edge are cut.

    Returns:
        ``uint8`` of shape ``size``.
    """
    rows, columns = coefficients.shape[:2]
    plane = np.empty((rows, 8, columns, 8), np.uint8)
    step = max(1, _STRIP // (64 * columns))
    for at in range(0, rows, step):
        strip = coefficients[at : at + step].astype(np.float64)
        passed = _descaled(_BACKWARD @ strip, _BITS - _PASS_BITS)
        samples = _descaled(passed @ _BACKWARD.T, _BITS + _PASS_BITS + 3) + 128
        plane[at : at + step] = np.clip(samples, 0, 255).swapaxes(1, 2)
    return plane.reshape(rows * 8, columns * 8)[: size[0], : size[1]]


def _descaled(values, bits):
    """Divided by 2**bits and rounded, halves upwards."""
    values += 2.0 ** (bits - 1)
    values *= 2.0**-bits
    return np.floor(values, out=values)


def pixels_of(planes: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """Join decoded planes to pixels.

    Args:
        planes: One or three ``uint8`` planes of the sizes of `plane_sizes`.
        size: Height and width of the image.

    Returns:
        ``uint8``: gray ``(H, W)`` of one plane, RGB ``(H, W, 3)`` of three.
    """
    if len(planes) == 1:
        return planes[0]
    full = [plane if plane.shape == size else _doubled(plane, size) for plane in planes]
    pixels = np.empty((*size, 3), np.uint8)
    step = max(1, _STRIP // size[1])
    for at in range(0, size[0], step):
        luminance, blue, red = (plane[at : at + step].astype(np.int32) for plane in full)
        pixels[at : at + step] = _colours(luminance, blue - 128, red - 128)
    return pixels


def _colours(luminance, blue, red):
    half = 1 << 15
    channels = [
        luminance + ((_fixed16(1.402) * red + half) >> 16),
        luminance + ((-_fixed16(0.34414) * blue - _fixed16(0.71414) * red + half) >> 16),
        luminance + ((_fixed16(1.772) * blue + half) >> 16),
    ]
    return np.clip(np.stack(channels, axis=-1), 0, 255)


def _fixed16(value):
    return int(value * 65536 + 0.5)


def _doubled(plane, size):
    """Twice the rows and columns by libjpeg's triangle filter, cut to ``size``.

    Each new sample is nine, three, three and one sixteenth of its nearest
    four. Up to two columns libjpeg repeats samples instead.
    """
    plane = plane.astype(np.int32)
    if plane.shape[1] <= 2:
        return np.repeat(np.repeat(plane, 2, axis=0), 2, axis=1)[: size[0], : size[1]]
    padded = np.pad(plane, 1, mode="edge")
    tall = np.empty((2 * plane.shape[0], padded.shape[1]), np.int32)
    tall[0::2] = 3 * padded[1:-1] + padded[:-2]
    tall[1::2] = 3 * padded[1:-1] + padded[2:]
    wide = np.empty((tall.shape[0], 2 * plane.shape[1]), np.uint8)
    wide[:, 0::2] = (3 * tall[:, 1:-1] + tall[:, :-2] + 8) >> 4
    wide[:, 1::2] = (3 * tall[:, 1:-1] + tall[:, 2:] + 7) >> 4
    return wide[: size[0], : size[1]]
