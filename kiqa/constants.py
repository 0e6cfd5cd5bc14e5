"""Every number that comes from a paper, with its table or section.

Numbers that are *ours* (a batch that fits our machine, a learning rate where
the paper gives none) are settings of `kiqa.training`, not constants.

References:
    [thesis] Local No-Reference Image Quality Assessment Using Convolutional
    Neural Networks; opening published at QoMEX 2018.
    [Bosse] S. Bosse et al., Deep neural networks for no-reference and
    full-reference image quality assessment, IEEE TIP 27(1), 2018.
    [Ying] Z. Ying et al., From patches to pictures (PaQ-2-PiQ): mapping the
    perceptual space of picture quality, CVPR 2020.
    [Korhonen] J. Korhonen, Y. Su, J. You, Consumer image quality prediction
    using recurrent neural networks for spatial pooling, 2021.
    [Kang] L. Kang, P. Ye, Y. Li, D. Doermann, Convolutional neural networks for
    no-reference image quality assessment, CVPR 2014.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patchnet:
    """Numbers of Patchnet, thesis section 5."""

    patch: int = 64  # section 3.1: patches of 64x64 pixels
    # Section 5.1: 7 convolutions, 3 max poolings, 4 dense layers = 14 layers.
    # Widths, kernel and padding were in a figure that the text does not
    # hold: (32, 32 | 64, 64 | 128, 128, 128), 3x3, valid is kiqa's choice.
    conv_widths: tuple[tuple[int, ...], ...] = ((32, 32), (64, 64), (128, 128, 128))
    dense_widths: tuple[int, ...] = (1024, 16, 8)  # section 5.1; then 1 sigmoid
    batch_size: int = 512  # section 5.1
    folds: int = 5  # section 5.1: five equal parts of the remaining patches
    test_fraction: float = 0.2  # section 5.1
    stride: int = 4  # section 5.4: maps of 768x1024 images


@dataclass(frozen=True)
class KonPatch:
    """Numbers of the KonPatch data set, thesis section 3.1."""

    images: int = 500
    patches_per_image: int = 64
    lab_votes: int = 1  # one binary vote a patch
    crowd_votes: int = 10  # section 9.1: ten binary votes a patch


@dataclass(frozen=True)
class Aggregator:
    """Numbers of the aggregator, thesis section 5.4."""

    stride: int = 4  # of the maps
    rotations: int = 3  # rotated versions of each training image
    largest_angle: float = 10.0  # degrees, to either side
    # Ours: FISH is divided by this constant, which sharp images nearly
    # reach. No normalisation an image: absolute sharpness must survive.
    fish_scale: float = 30.0


@dataclass(frozen=True)
class VarJPEG:
    """Numbers of the codec and its study, thesis section 6.2 and 6.3."""

    delta: float = 15.0  # formula 13
    clusters: int = 8  # step iii
    percentile: float = 90.0  # step ii: at most 10 % of the pixels are kept
    sigma: float = 0.1  # step iv: by image width
    versions: int = 100  # section 6.3
    lowest_bitrate: float = 0.02  # of the source's bitrate, section 6.3
    qualities: tuple[int, int] = (1, 99)  # section 6.1
    votes: int = 15  # section 6.3: participants an image
    jnd: tuple[float, float] = (0.25, 0.5)  # Figs. 15 and 16


@dataclass(frozen=True)
class Wadiqam:
    """Numbers of DIQaM and WaDIQaM, [Bosse]; [code] is the authors' deepIQA."""

    patch: int = 32  # section III
    conv_widths: tuple[tuple[int, ...], ...] = (  # section III-A
        (32, 32),
        (64, 64),
        (128, 128),
        (256, 256),
        (512, 512),
    )
    units: int = 512  # section III-A
    # Section IV-H; the fifth stage only pools, see `kiqa.models.wadiqam`.
    shallow_widths: tuple[tuple[int, ...], ...] = ((32, 32), (64,), (128,), (256,), ())
    shallow_units: int = 256  # section IV-H
    dropout: float = 0.5  # section III-A
    least_weight: float = 1e-6  # [code]; the paper's epsilon has no value
    patches: int = 32  # section III-E: of each image in a mini-batch
    images: int = 4  # section III-E: in a mini-batch
    learning_rate: float = 1e-4  # section III-E: Adam's alpha
    epsilon: float = 1e-8  # section III-E: of Adam
    epochs: int = 3000  # section III-E


@dataclass(frozen=True)
class Paq2piq:
    """Numbers of P2P-BM, -RM and -FM, [Ying]; [code] is the authors' own."""

    stride: int = 32  # ResNet-18: pixels between neighbouring features
    features: int = 512  # ResNet-18
    bins: int = 2  # section 4.2: RoIPool to 2x2
    units: int = 512  # [code]: the hidden layer of each head
    dropout: tuple[float, float] = (0.25, 0.5)  # [code]: of the head on RoIs and images
    feedback_dropout: tuple[float, float] = (0.5, 0.5)  # [code]: of the second head of P2P-FM
    patches: int = 3  # section 3.1.2: of each image
    # [code]: (left, top, right, bottom), parts of the sides; P2P-FM's where none are given.
    default_patches: tuple[tuple[float, float, float, float], ...] = (
        (0.316406, 0.417969, 0.71582, 0.773438),
        (0.68457, 0.429688, 0.984375, 0.695312),
        (0.061523, 0.33724, 0.260742, 0.514323),
    )
    grid: tuple[int, int] = (32, 32)  # section 4.3: blocks of a quality map
    overlay: float = 0.8  # section 4.3: opacity of the map over the image
    side: int = 640  # section 4.1: training images are padded to 640x640
    batch: int = 120  # section 4.1
    epochs: int = 10  # section 4.1
    head_rate: float = 3e-3  # section 4.1: learning rate of the head
    body_rate: float = 3e-4  # section 4.1: of the body
    beta_1: float = 0.9  # section 4.1: of Adam
    beta_2: float = 0.99  # section 4.1
    decay: float = 0.01  # section 4.1; [code]: decoupled from the gradient
    # [code]: of the scores of its RoIPool model; `kiqa.evaluation.study.categories`.
    mean_score: float = 72.59696108881171
    deviations: tuple[float, float] = (7.798274017370107, 4.118047289170692)  # below, above


@dataclass(frozen=True)
class LiveFb:
    """Numbers of the LIVE-FB image study, [Ying]."""

    scales: tuple[float, ...] = (0.4, 0.3, 0.2)  # section 3.2: sides of patches, of the image's
    overlap: float = 0.25  # section 3.2: of a patch's area, at most
    acceptance: float = 75.0  # section 3.4: workers with a higher rate in %
    identical: float = 0.5  # section 3.4: most equal ratings of a session, as a share
    contents: int = 210  # section 3.3: images of a session
    repeats: int = 5  # section 3.4: of them shown twice
    golden: int = 5  # section 3.4: of them rated before, in a laboratory
    golden_pictures: int = 15  # section 3.4: to choose these from
    ratings: int = 35  # section 3.4: of each image, at least
    halves: int = 25  # section 3.4: random divisions of the subjects
    mos_range: tuple[float, float] = (0.0, 100.0)  # section 3.4


@dataclass(frozen=True)
class RnnBiqa:
    """Numbers of RNN-BIQA, [Korhonen]; [code] is the authors' rnnbiqa."""

    patch: int = 224  # section 3.1
    low_resolution: float = 0.5  # section 4.4: factor of the smaller version
    # Section 4.3 names OpenCV's area relation; Matlab's box filter in [code].
    downscaling: str = "area"
    # With one patch along an axis, equation (1) divides by zero. Ours:
    # "single" keeps the other axis's stride; [code] steps by one pixel in
    # "both" axes.
    short_axis: str = "single"
    # Images below a patch: ours "scale" keeps the aspect; [code] "squash"es
    # to one patch.
    small_images: str = "scale"
    bin_edges: tuple[float, ...] = (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)  # [code]; 4.2: five bins
    rotations: int = 4  # section 4.2: by 0, 90, 180 and 270 degrees
    # Section 4.2: "the first two convolution blocks" of ResNet-50, 36 Matlab layers.
    frozen_until: str = "conv2_block3_out"
    head_deviation: float = 0.01  # [code]: of the head's initial weights; the paper gives none
    head_rate: float = 1.0  # section 4.2: one rate; in [code] the head learns twice as fast
    cnn_learning_rate: float = 0.5e-4  # section 4.2
    cnn_batch: int = 32  # section 4.2
    cnn_momentum: float = 0.9  # section 4.2: Matlab's default
    cnn_l2: float = 0.01  # section 4.2
    cnn_epochs: int = 2  # section 4.2
    gru_units: tuple[int, ...] = (256, 128, 64, 32)  # section 3.1
    sequential: int = 2  # section 3.1: GRUs that see the sequence
    dropout: float = 0.25  # section 3.1
    average_units: int = 256  # section 4.4: of the averaging baseline
    huber_delta: float = 1 / 9  # section 4.3
    # Of the batch's losses; [code] leaves the division by the batch out.
    loss_reduction: str = "mean"
    learning_rate: float = 2e-4  # section 4.3
    rate_decay: float = 0.5  # section 4.3: after every epoch
    epochs: int = 5  # section 4.3
    batch: int = 16  # section 4.3
    beta_1: float = 0.95  # section 4.3
    beta_2: float = 0.9  # section 4.3
    epsilon: float = 1e-8  # Matlab's default of Adam
    l2: float = 1e-5  # section 4.3: of weights, not biases, added to the gradient
    # Ours: padded steps are masked, so that an image's score does not depend
    # on the others of its batch. [code] pads at the right without a mask.
    masked: bool = True
    whole_batches: bool = False  # [code]: an incomplete last batch is dropped
    repeats: int = 3  # section 4.4: random splits
    train_fraction: float = 0.8  # section 4.4


@dataclass(frozen=True)
class Cnniqa:
    """Numbers of CNNIQA, [Kang]."""

    patch: int = 32  # section 3.1
    filters: int = 50
    kernel: int = 7
    units: int = 800  # of each of two layers
    dropout: float = 0.5  # section 3.2, after the second of them
    window: int = 7  # section 3.1: P = Q = 3, pixels to each side


@dataclass(frozen=True)
class Nima:
    """Numbers of NIMA, [Talebi]."""

    side: int = 224  # section III: images become squares of 224x224
    bins: int = 10  # section III-A: of the scores
    dropout: float = 0.75  # section IV: before the last layer
    power: float = 2.0  # section III-A: r of the earth mover's distance


@dataclass(frozen=True)
class Koncept512:
    """Numbers of KonCept512, [Hosu]; [code] is the authors' own."""

    pixels: int = 512 * 384  # section V: of an image
    units: tuple[int, ...] = (2048, 1024, 256)  # section V; then one
    dropout: tuple[float, ...] = (0.25, 0.25, 0.5)  # [code]: after each of them
    batch: int = 32  # [code]
    learning_rate: float = 1e-4  # [code]: Adam's, of its first 40 epochs
    epochs: int = 40


@dataclass(frozen=True)
class DeepBiq:
    """Numbers of DeepBIQ, [Bianco]."""

    side: int = 224  # of a crop; 227 where the network is CaffeNet
    # Ours: the paper draws up to 30 crops at random and sees little gain beyond a few.
    crops: int = 2


@dataclass(frozen=True)
class Cornia:
    """Numbers of CORNIA, [Ye]."""

    patch: int = 7  # section 3.1
    patches: int = 10_000  # section 3.1: of each image, at random
    constant: float = 10.0  # section 3.1: added to the deviation of a patch
    codewords: int = 10_000  # section 4.2


PATCHNET = Patchnet()
AGGREGATOR = Aggregator()
KONPATCH = KonPatch()
VARJPEG = VarJPEG()
WADIQAM = Wadiqam()
PAQ2PIQ = Paq2piq()
LIVE_FB = LiveFb()
CNNIQA = Cnniqa()
NIMA = Nima()
KONCEPT512 = Koncept512()
DEEPBIQ = DeepBiq()
CORNIA = Cornia()
RNN_BIQA = RnnBiqa()  # as printed
RNN_BIQA_CODE = RnnBiqa(  # as the authors' code has it
    downscaling="box",
    short_axis="both",
    small_images="squash",
    head_rate=2.0,
    cnn_learning_rate=5e-4,
    cnn_batch=16,
    loss_reduction="sum",
    masked=False,
    whole_batches=True,
)

# The models that score and that map when none is named. Ours.
DEFAULT_SCORER = "lite"
DEFAULT_MAPPER = "patchnet"
