"""Between a Keras model and named tensors: which weight is which.

Both Kerases read the tensors of a ``.h5`` file by order and compare no names.
`assign_values` does, so that a missing, extra or misshapen tensor is named and
none is exchanged silently.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.io.weights.tensors import Named, name_below, numbered

if TYPE_CHECKING:
    import keras

HALF_PRECISION_ABOVE = 10_000_000  # bytes of float32 weights
_FLOAT16_MAX = float(np.finfo(np.float16).max)
_SHOWN = 12


def named_weights(model: "keras.Model") -> dict[str, Named]:
    """List a model's weights as a ``.h5`` file orders them.

    Args:
        model: Any built Keras model.

    Returns:
        Layer name -> list of (tensor name within the layer, variable), for
        the layers that have weights, in the model's order.
    """
    result = {}
    for layer in model.layers:
        weights = [*layer.trainable_weights, *layer.non_trainable_weights]
        if weights:
            names = numbered([name_below(layer.name, variable.path) for variable in weights])
            result[layer.name] = list(zip(names, weights, strict=True))
    return result


def export_values(
    model: "keras.Model", twin: "keras.Model", *, halve: bool = True
) -> dict[str, Named]:
    """Take a model's weights, in the order and under the names of its twin.

    Args:
        model: The trained model.
        twin: The model planned from the config to be published.
        halve: Store large models as float16.

    Returns:
        Layer name -> list of (tensor name, array), as `named_weights` orders
        them. With ``halve``, in models above `HALF_PRECISION_ABOVE` bytes,
        tensors of two and more dimensions are float16 where they fit its
        range.

    Raises:
        ValueError: If a weight is not finite.
    """
    result = {}
    for layer, named in named_weights(twin).items():
        pairs = zip(model.get_layer(layer).weights, twin.get_layer(layer).weights, strict=True)
        arrays = {id(new): np.asarray(old) for old, new in pairs}
        result[layer] = []
        for name, variable in named:
            array = np.asarray(arrays[id(variable)], dtype=variable.dtype)
            check_finite(f"{layer}/{name}", array)
            result[layer].append((name, array))
    return _half_precision_if_large(result) if halve else result


def check_tensors(model: "keras.Model", found: dict[str, Named], stray: list[str]) -> None:
    """Compare a file's tensors with the weights of a model, by name and shape.

    Args:
        model: Model, or one of `kiqa.io.weights.model_configs.planned_model`.
        found: Layer name -> list of (tensor name, dataset or ``None``), from
            `kiqa.io.weights.tensors.read_tensors`.
        stray: Names of tensors that the file does not list.

    Raises:
        ValueError: If anything is missing, extra or of another shape (the
            message lists the names, sorted, and the first shape conflict).
    """
    _match(named_weights(model), found, stray)


def assign_values(model: "keras.Model", found: dict[str, Named]) -> None:
    """Set every weight of a model from a file's tensors.

    Args:
        model: Freshly built model.
        found: Layer name -> list of (tensor name, array).

    Raises:
        ValueError: As `check_tensors`; or if a value is not finite.
    """
    for name, variable, array in _match(named_weights(model), found, []):
        check_finite(name, array)
        variable.assign(array.astype(variable.dtype))
    _finalize(model)


def in_order(model: "keras.Model", found: dict[str, Named]) -> list[tuple[str, Any, Any]]:
    """Pair a model's weights with tensors by order, as Keras 2 and 3 read weights alone.

    Args:
        model: Any built model.
        found: Layer name -> list of (tensor name, dataset or ``None``), from
            `kiqa.io.weights.tensors.read_tensors`.

    Returns:
        (name in the file, variable, dataset) for every weight.

    Raises:
        ValueError: If there are more or fewer, one has no data, or a shape
            differs.
    """
    variables = [each for named in named_weights(model).values() for _, each in named]
    tensors = [(f"{layer}/{name}", each) for layer, named in found.items() for name, each in named]
    pairs = [
        (name, variable, each) for (name, each), variable in zip(tensors, variables, strict=False)
    ]
    wrong = [
        f"{name} is {None if each is None else tuple(each.shape)} for {tuple(variable.shape)}"
        for name, variable, each in pairs
        if each is None or tuple(each.shape) != tuple(variable.shape)
    ]
    if len(tensors) != len(variables) or wrong:
        first = f", first {wrong[0]}" if wrong else ""
        raise ValueError(
            f"Expected the {len(variables)} tensors of {model.name} in its order. Received: "
            f"{len(tensors)}, of which {len(wrong)} do not fit{first}. Use weights of this network."
        )
    return pairs


def check_finite(name: str, array: np.ndarray) -> None:
    """Raise ``ValueError`` if a tensor holds NaN or an infinity."""
    if not np.all(np.isfinite(array)):
        raise ValueError(
            f"Expected finite weights. Received: {np.sum(~np.isfinite(array))} of {array.size} "
            f"values of {name} are not. Use weights from before the training diverged."
        )


def _match(
    wanted: dict[str, Named], found: dict[str, Named], stray: list[str]
) -> list[tuple[str, Any, Any]]:
    """Pair each weight of a model with its tensor in a file.

    Within a layer tensors pair by name; if another Keras named the layer's
    parts otherwise, by order, as long as the last parts (``kernel``,
    ``bias``, ...) agree.

    Returns (name, variable, dataset or array) for every weight.
    """
    pairs = []
    missing, extra = [], list(stray)
    for layer in dict.fromkeys([*wanted, *found]):
        mine, theirs = wanted.get(layer, []), found.get(layer, [])
        if {name for name, _ in mine} == {name for name, _ in theirs}:
            by_name = dict(theirs)
            both = [(name, variable, by_name[name]) for name, variable in mine]
        elif _last_parts(mine) == _last_parts(theirs):
            both = [(m[0], m[1], t[1]) for m, t in zip(mine, theirs, strict=True)]
        else:
            names, others = {name for name, _ in mine}, {name for name, _ in theirs}
            missing.extend(f"{layer}/{name}" for name in names - others)
            extra.extend(f"{layer}/{name}" for name in others - names)
            continue
        for name, variable, dataset in both:
            if dataset is None:
                missing.append(f"{layer}/{name}")
            else:
                pairs.append((f"{layer}/{name}", variable, dataset))
    conflict = next(
        (
            f"{name} is {tuple(dataset.shape)} in the file, {tuple(variable.shape)} in the model"
            for name, variable, dataset in pairs
            if tuple(dataset.shape) != tuple(variable.shape)
        ),
        None,
    )
    if missing or extra or conflict:
        parts = [
            f"missing: {_some(sorted(missing))}" if missing else None,
            f"extra: {_some(sorted(extra))}" if extra else None,
            f"first shape conflict: {conflict}" if conflict else None,
        ]
        total = sum(map(len, wanted.values()))
        raise ValueError(
            f"Expected the {total} tensors of the model it describes. Received: {len(pairs)} of "
            f"them; {'; '.join(filter(None, parts))}. Get the file again, or export it again."
        )
    return pairs


def _half_precision_if_large(
    tensors: dict[str, Named],
) -> dict[str, Named]:
    """Store the matrices and kernels of a large model as float16, where they fit its range."""
    total = sum(array.nbytes for named in tensors.values() for _, array in named)
    if total <= HALF_PRECISION_ABOVE:
        return tensors

    def halved(array: np.ndarray) -> np.ndarray:
        fits = array.ndim > 1 and array.dtype == np.float32
        fits = fits and np.max(np.abs(array), initial=0) <= _FLOAT16_MAX
        return array.astype(np.float16) if fits else array

    return {
        layer: [(name, halved(array)) for name, array in named] for layer, named in tensors.items()
    }


def _finalize(layer: "keras.layers.Layer") -> None:
    """Let layers that derive values from their weights (Normalization) do so."""
    for part in getattr(layer, "layers", ()):
        if hasattr(part, "finalize_state") and part.weights:
            part.finalize_state()
        _finalize(part)


def _last_parts(named: Named) -> list[str]:
    return [name.rsplit("/", 1)[-1] for name, _ in named]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
