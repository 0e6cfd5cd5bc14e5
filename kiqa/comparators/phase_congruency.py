"""Phase congruency: where the frequencies of an image are in step, whatever the contrast.

Log-Gabor filters of four wavelengths and four directions; at each place the
energy of their sum, less what noise alone would give, over the sum of their
amplitudes. The parameters are those of FSIM's authors.

Public names: `phase_congruency`.

References:
    P. Kovesi, Image features from phase congruency, Videre 1(3), 1999.
    L. Zhang et al. 2011 (see `kiqa.comparators.fsim`), section II-A.
"""

import numpy as np
from scipy import fft

_WAVELENGTHS = (6, 12, 24, 48)  # pixels
_DIRECTIONS = 4
_BANDWIDTH = 0.55  # sigma of the log-Gabor filters over their centre frequency
_SPREAD = np.pi / _DIRECTIONS / 1.2  # sigma of a filter's angles
_CUTOFF, _SHARPNESS = 0.45, 15  # of the low-pass filter, frequency and order
_DEVIATIONS = 2.0  # of the noise's energy that are taken off, beside its mean
_RESCALED = 1.7  # the noise threshold is divided by it
_EPSILON = 1e-4


def phase_congruency(values: np.ndarray) -> np.ndarray:
    """Return the phase congruency at every pixel.

    Args:
        values: Gray values 0..255, ``float64`` of shape (H, W).

    Returns:
        ``float64`` of shape (H, W) in 0..1; 0 where no filter answers.
    """
    radius, angle = _frequencies(values.shape)
    spectrum = fft.fft2(values)
    radial = _radial_filters(radius)
    energy, amplitude = np.zeros(values.shape), np.zeros(values.shape)
    for number in range(_DIRECTIONS):
        filters = [each * _angular_filter(angle, number) for each in radial]
        answers = np.stack([fft.ifft2(spectrum * each) for each in filters])
        amplitude += np.abs(answers).sum(axis=0)
        total = answers.sum(axis=0)
        size = np.abs(total) + _EPSILON
        even, odd = total.real / size, total.imag / size
        in_step = answers.real * even + answers.imag * odd
        across = answers.real * odd - answers.imag * even
        own = (in_step - np.abs(across)).sum(axis=0)
        energy += np.maximum(0, own - _noise_threshold(answers[0], filters))
    return np.divide(energy, amplitude, out=np.zeros_like(energy), where=amplitude > 0)


def _frequencies(shape):
    """Radius and angle of each frequency, zero frequency first."""
    down, across = (_axis(length) for length in shape)
    radius = np.hypot(down[:, None], across[None])
    angle = np.arctan2(-down[:, None], across[None])
    return fft.ifftshift(radius), fft.ifftshift(angle)


def _axis(length):
    """Frequencies of one axis in cycles per pixel, centred; odd lengths span -0.5 to 0.5."""
    if length % 2:
        return np.arange(-(length - 1) / 2, (length + 1) / 2) / max(1, length - 1)
    return np.arange(-length / 2, length / 2) / length


def _radial_filters(radius):
    """Log-Gabor filters of all wavelengths, without the corners of the spectrum."""
    safe = radius.copy()
    safe[0, 0] = 1
    low_pass = 1 / (1 + (radius / _CUTOFF) ** (2 * _SHARPNESS))
    low_pass[0, 0] = 0
    return [
        low_pass * np.exp(-(np.log(safe * wavelength) ** 2) / (2 * np.log(_BANDWIDTH) ** 2))
        for wavelength in _WAVELENGTHS
    ]


def _angular_filter(angle, number):
    """Gaussian of the angle round a direction."""
    turned = angle - number * np.pi / _DIRECTIONS
    distance = np.abs(np.arctan2(np.sin(turned), np.cos(turned)))
    return np.exp(-(distance**2) / (2 * _SPREAD**2))


def _noise_threshold(finest, filters):
    """Energy that noise alone gives, from the median answer of the finest filter."""
    noise = np.median(np.abs(finest) ** 2) / np.log(2) / np.sum(filters[0] ** 2)
    kernels = np.stack([fft.ifft2(each).real for each in filters]) * np.sqrt(finest.size)
    squares = np.sum(kernels**2)
    products = (np.sum(kernels.sum(axis=0) ** 2) - squares) / 2  # of each pair of filters
    tau = np.sqrt((2 * noise * squares + 4 * noise * products) / 2)
    mean, deviation = tau * np.sqrt(np.pi / 2), np.sqrt((2 - np.pi / 2) * tau**2)
    return (mean + _DEVIATIONS * deviation) / _RESCALED
