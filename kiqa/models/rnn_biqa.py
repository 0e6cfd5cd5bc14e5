"""RNN-BIQA: from the features of an image's patches to its score.

In: ``float32`` of shape (n, patches, features), the features of each image's
patches in the order of the gaze (`kiqa.maps.gaze`), those of the half-size
version first. Out: the score, MOS / 100, about 0..1, higher is better.

The features less their training mean, a dense layer of the same width, two
GRUs over the sequence, two over the single vector that is left, one neuron
(section 3.1 and Fig. 2). Beside it the baseline of the ablation, which
averages the features (section 4.4).

Sequences of a batch are made equally long by steps that hold `PADDING` in
every feature; features themselves are never negative. These steps are masked,
unless the network is built as in the authors' code, which runs on over zeros.

Keras's GRU has two biases where Matlab's has one: with both trained there are
3 * (256 + 128 + 64 + 32) = 1,440 parameters more than the 6,160,833 of the
reference, which is the case of the second bias 0.

Trained weights: ``weights/rnn_biqa.h5``, for the features of
``weights/rnn_features.h5``.

Public names: `build_rnn_biqa`, `build_average_biqa`, `PADDING`.

References:
    J. Korhonen, Y. Su, J. You, Consumer image quality prediction using
    recurrent neural networks for spatial pooling, 2021.
"""

from collections.abc import Sequence

import keras

from kiqa.constants import RNN_BIQA
from kiqa.models.layer_seeds import layer_seeds

PADDING = -1.0  # in every feature of a masked step


def build_rnn_biqa(
    *,
    features: int = 2048,
    masked: bool = RNN_BIQA.masked,
    mean: Sequence[float] | None = None,
    variance: Sequence[float] | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Build the recurrent network with fresh random weights.

    Args:
        features: Features of a patch.
        masked: Whether steps that hold `PADDING` are left out. Without it
            every step counts, as in the authors' code.
        mean: Mean of each feature over the training patches, which is
            subtracted; ``None`` is 0. It stays as it is in training.
        variance: Ours: variance of each feature, above 0, by whose root it is
            divided then; ``None`` is 1, the paper's.
        seed: Makes the initial weights and dropout reproducible. ``None``
            draws new ones at each call.

    Returns:
        Flat functional ``keras.Model`` of ``(n, patches, features)`` to
        ``(n, 1)``, ``float32`` under mixed precision too.

    Raises:
        ValueError: If mean or variance is not one number per feature.

    References:
        Korhonen et al. 2021, section 3.1 and Fig. 2.
    """
    draw = layer_seeds(seed)
    inputs, x = _centred(features, masked=masked, mean=mean, variance=variance)
    x = keras.layers.Dense(features, kernel_initializer=_glorot(draw), name="hidden")(x)
    x = keras.layers.Activation("relu", name="hidden_relu")(x)
    x = keras.layers.Dropout(RNN_BIQA.dropout, seed=draw(), name="hidden_dropout")(x)
    for index, units in enumerate(RNN_BIQA.gru_units, start=1):
        if index > RNN_BIQA.sequential:  # a single vector: a sequence of one step
            x = keras.layers.Reshape((1, x.shape[-1]), name=f"gru{index}_step")(x)
        x = keras.layers.GRU(
            units,
            return_sequences=index < RNN_BIQA.sequential,
            reset_after=True,
            kernel_initializer=_glorot(draw),
            recurrent_initializer=keras.initializers.Orthogonal(seed=draw()),
            name=f"gru{index}",
        )(x)
    return keras.Model(inputs, _score(x, draw), name="rnn_biqa")


def build_average_biqa(
    *,
    features: int = 2048,
    masked: bool = RNN_BIQA.masked,
    mean: Sequence[float] | None = None,
    variance: Sequence[float] | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Build the baseline that averages the features of all patches.

    Args:
        features: As for `build_rnn_biqa`.
        masked: As for `build_rnn_biqa`.
        mean: As for `build_rnn_biqa`; averaging and centring commute.
        variance: As for `build_rnn_biqa`.
        seed: As for `build_rnn_biqa`.

    Returns:
        As `build_rnn_biqa`: CNN+Avg+NN of Tables 1 and 2, or, on sequences
        with the half-size version, CNN+Mres+Avg+NN.

    Raises:
        ValueError: As `build_rnn_biqa`.

    References:
        Korhonen et al. 2021, section 4.4.
    """
    draw = layer_seeds(seed)
    inputs, x = _centred(features, masked=masked, mean=mean, variance=variance)
    x = keras.layers.GlobalAveragePooling1D(name="average")(x)
    x = keras.layers.Dense(
        RNN_BIQA.average_units, kernel_initializer=_glorot(draw), name="average_hidden"
    )(x)
    x = keras.layers.Activation("relu", name="average_relu")(x)
    x = keras.layers.Dropout(RNN_BIQA.dropout, seed=draw(), name="average_dropout")(x)
    return keras.Model(inputs, _score(x, draw), name="average_biqa")


def _centred(features, *, masked, mean, variance):
    """Input and the features less their mean.

    The mean is kept as a statistic of a batch normalisation: of the layers
    that subtract, only that one hands a mask on in Keras 2.
    """
    statistics = []
    for name, given, plain in (("mean", mean, 0.0), ("variance", variance, 1.0)):
        values = [plain] * features if given is None else [float(value) for value in given]
        if len(values) != features or (name == "variance" and min(values) <= 0):
            raise ValueError(
                f"Expected a {name} of {features} numbers, one a feature, variances above 0. "
                f"Received: {len(values)}, the least {min(values)}."
            )
        statistics.append(values)
    inputs = keras.Input((None, features), name="features")
    x = inputs
    if masked:
        x = keras.layers.Masking(mask_value=PADDING, name="padding")(x)
    centre = keras.layers.BatchNormalization(
        epsilon=0.0, center=False, scale=False, trainable=False, dtype="float32", name="centre"
    )
    x = centre(x)
    centre.moving_mean.assign(statistics[0])
    centre.moving_variance.assign(statistics[1])
    return inputs, x


def _score(x, draw):
    return keras.layers.Dense(1, kernel_initializer=_glorot(draw), dtype="float32", name="score")(x)


def _glorot(draw):
    return keras.initializers.GlorotUniform(seed=draw())
