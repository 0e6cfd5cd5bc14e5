"""What a model file may describe: layers of numbers, and settings that are numbers or known names.

Model files come from strangers. A layer that is not in `LAYERS` could open
files (``StringLookup``), call functions that the file names (``Lambda``) or
need its author's classes; a setting that is not listed here could do so
inside an allowed layer. Classes count by their one canonical spelling.

Public names: `LAYERS`, `setting`, `SettingError`.
"""

import math
from collections.abc import Collection
from typing import Any

LAYERS = frozenset(
    """
    Activation ActivityRegularization Add AlphaDropout Average AveragePooling1D AveragePooling2D
    AveragePooling3D BatchNormalization Bidirectional CenterCrop Concatenate Conv1D
    Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose Cropping1D Cropping2D Cropping3D
    Dense DepthwiseConv1D DepthwiseConv2D Dot Dropout ELU Embedding Flatten GRU GaussianDropout
    GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization Identity
    InputLayer LSTM LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D
    Maximum Minimum Multiply Normalization PReLU Permute ReLU RepeatVector Rescaling Reshape
    Resizing SeparableConv1D SeparableConv2D SimpleRNN Softmax SpatialDropout1D SpatialDropout2D
    SpatialDropout3D Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D
    UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """.split()
)

LONGEST_NAME = 500
_LARGEST = 1 << 16  # of what moves, repeats or surrounds values
_LARGEST_COUNT = 1 << 62  # of weights, whose data the file must hold, and of seeds

# Numbers, truth values, nothing, or lists of these.
_COUNTS = frozenset(
    "batch_input_shape batch_shape build_input_shape filters input_dim input_length input_shape "
    "mean output_dim seed target_shape units variance".split()
)
_NUMBERS = frozenset(
    "alpha antialias axes axis batch_size center crop_to_aspect_ratio cropping depth_multiplier "
    "dilation_rate dims dropout epsilon fill_value go_backwards groups height implementation "
    "invert keepdims kernel_size l1 l2 mask_value mask_zero max_value momentum n negative_slope "
    "noise_shape normalize offset optional output_padding pad_to_aspect_ratio padding pool_size "
    "rate recurrent_dropout renorm renorm_momentum reset_after return_sequences return_state "
    "rms_scaling scale shared_axes size stddev strides synchronized threshold time_major trainable "
    "unit_forget_bias use_bias width zero_output_for_mask".split()
)
# These must not be in use: adapters, sparse data, state between images, unrolled loops.
_OFF = frozenset(
    "input_tensor lora_alpha lora_rank quantization_config ragged renorm_clipping sparse stateful "
    "unroll weights".split()
)
_WORDS: dict[str, Collection[str]] = {
    "data_format": ("channels_last", "channels_first"),
    "fill_mode": ("constant", "nearest", "reflect", "wrap"),
    "interpolation": (
        *("area", "bicubic", "bilinear", "gaussian", "lanczos3", "lanczos5", "mitchellcubic"),
        "nearest",
    ),
    "merge_mode": ("ave", "concat", "mul", "sum"),
    "padding": ("causal", "same", "valid"),
    "use_cudnn": ("auto",),
    "distribution": ("normal", "truncated_normal", "uniform", "untruncated_normal"),
    "mode": ("fan_avg", "fan_in", "fan_out"),
}
_ACTIVATIONS = frozenset(
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh "
    "leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink "
    "softmax softplus softsign sparse_plus sparsemax squareplus swish tanh tanh_shrink".split()
)
_DTYPES = frozenset(
    "bfloat16 bool float16 float32 float64 int16 int32 int64 int8 mixed_bfloat16 mixed_float16 "
    "uint16 uint32 uint8".split()
)
# Ending of a setting -> Keras module, and the classes with the numbers that each may have.
_OBJECTS = {
    "_initializer": (
        "keras.initializers",
        "Constant GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform Ones "
        "Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros".split(),
    ),
    "_regularizer": ("keras.regularizers", "L1 L1L2 L2 OrthogonalRegularizer".split()),
    "_constraint": ("keras.constraints", "MaxNorm MinMaxNorm NonNeg UnitNorm".split()),
}
_OBJECT_NUMBERS = frozenset(
    "axis factor gain l1 l2 max_value maxval mean min_value minval rate scale seed stddev "
    "value".split()
)


class SettingError(ValueError):
    """A setting that a model file must not have; the message is its name and value, cut."""


def setting(name: str, value: Any) -> Any:
    """Check one setting of a layer.

    Args:
        name: Such as ``"kernel_size"``.
        value: As JSON has it.

    Returns:
        The value as Keras is given it: numbers, known words, or
        ``{"class_name", "config"}`` of a known initialiser, regulariser or
        constraint.

    Raises:
        SettingError: If the setting is unknown or its value is none of its
            kind.
    """
    if isinstance(value, dict) and value.get("class_name") == "__numpy__":
        value = value.get("config", {}).get("value")
    if name in _OFF:
        good = value is None or value is False
    elif name == "name":
        good = isinstance(value, str) and len(value) <= LONGEST_NAME
    elif name == "dtype":
        value = _dtype(value)
        good = value is None or value in _DTYPES
    elif name in ("activation", "recurrent_activation"):
        good = value is None or isinstance(value, str) and value in _ACTIVATIONS
    elif name.endswith(tuple(_OBJECTS)):
        value = _object(name, value)
        good = True
    elif isinstance(value, str):
        good = value in _WORDS.get(name, ())
    elif name in _WORDS and value is None:
        good = True
    else:
        good = is_number(value, _LARGEST_COUNT if name in _COUNTS else _LARGEST)
        good = good and name in _NUMBERS | _COUNTS
    if not good:
        raise SettingError(f"{name[:60]}={_shown(value)}")
    return value


def is_number(value: Any, largest: int = _LARGEST) -> bool:
    """Tell whether a value is a finite number, a truth value, nothing, or a list of these."""
    if isinstance(value, list | tuple):
        return all(is_number(item, largest) for item in value)
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return -largest <= value <= largest
    return isinstance(value, float) and math.isfinite(value)


def _dtype(value):
    """The plain name of a dtype or policy."""
    if isinstance(value, dict) and value.get("class_name") in ("DTypePolicy", "Policy"):
        settings = value.get("config")
        value = settings.get("name") if isinstance(settings, dict) else value
    return value if isinstance(value, str | None) else _shown(value)


def _object(name, value):
    """An initialiser, regulariser or constraint by a known name, with numbers only."""
    module, classes = next(found for end, found in _OBJECTS.items() if name.endswith(end))
    if value is None or isinstance(value, str) and _spelling(value) in map(_spelling, classes):
        return value
    class_name = value.get("class_name") if isinstance(value, dict) else None
    settings = value.get("config") if isinstance(value, dict) else None
    good = class_name in classes and isinstance(settings, dict)
    if not good or value.get("module", module) != module:
        raise SettingError(f"{name[:60]}={_shown(value)}")
    kept = {}
    for key, number in (settings or {}).items():
        if key in ("dtype", "input_axes", "output_axes"):
            continue  # of Keras 2, and of the newest Keras 3; they say nothing of trained weights
        fine = is_number(number, 1 << 64) and key in _OBJECT_NUMBERS
        if not fine and not (isinstance(number, str) and number in _WORDS.get(key, ())):
            raise SettingError(f"{name[:60]}.{key[:60]}={_shown(number)}")
        kept[key] = number
    known = {"class_name": class_name, "config": kept}
    return known | ({"module": module, "registered_name": None} if "module" in value else {})


def _spelling(name):
    """``glorot_uniform`` and ``GlorotUniform`` are one name."""
    return name.replace("_", "").lower()


def _shown(value):
    text = repr(value) if not isinstance(value, list | dict) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:60]}..."
