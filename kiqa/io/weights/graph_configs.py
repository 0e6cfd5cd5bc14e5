"""Reading the graph in a Keras 3 config: tensors, calls, operator nodes."""

from collections.abc import Iterator
from typing import Any

_MASK_MAKERS = ("Masking", "Embedding")


def _is_operator(module: str) -> bool:
    """Tell an operator node (``keras.src.ops...``) from a layer by its class path."""
    return module.startswith(("keras.src.ops", "keras.ops"))


def layers_without_masks(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a graph's layers without the operator nodes of its masks.

    ``Masking`` leaves operators in the graph that hand its mask to later
    layers; a mask propagates by itself, so they can go.

    Args:
        config: Config of a Functional model, in the Keras 3 dialect.

    Raises:
        ValueError: If any other operator is in the graph.
    """
    operators = {
        entry["name"]: entry for entry in config["layers"] if _is_operator(entry["module"])
    }
    entries = [entry for entry in config["layers"] if entry["name"] not in operators]
    used = {name for name, _, _ in leaves(config["output_layers"])}
    masked_inputs = set()
    for entry in entries:
        for node in entry["inbound_nodes"]:
            inputs = set(tensors(node["args"]))
            if entry["class_name"] in _MASK_MAKERS:
                masked_inputs |= inputs
            others = {key: value for key, value in node["kwargs"].items() if key != "mask"}
            used |= {name for name, _, _ in [*inputs, *tensors(others)]}
            for name, _, _ in tensors(node["kwargs"].get("mask")):
                if name not in operators:
                    raise ValueError(
                        f"Expected masks made by a Masking layer. Received: {entry['name']!r} "
                        f"called with the mask {name!r}. Put a Masking layer before it."
                    )
    sources = {
        tensor
        for operator in operators.values()
        for node in operator["inbound_nodes"]
        for tensor in tensors([node["args"], node["kwargs"]])
        if tensor[0] not in operators
    }
    wrong = set(operators) & used
    if not sources <= masked_inputs:
        wrong = set(operators)
    if wrong:
        names = "; ".join(f"{name!r} ({operators[name]['class_name']})" for name in sorted(wrong))
        raise ValueError(
            f"Expected layers only between input and output. Received: {config['name']!r} with "
            f"the operators {names}, which no .h5 can hold. Use layers (Rescaling, Multiply, Add, "
            "Activation, pooling), or do that step outside the published graph."
        )
    return entries


def history(value: Any) -> tuple[str, int, int] | None:
    """Return (layer, call, tensor) if the value is a symbolic tensor in a config."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        name, node, tensor = value["config"]["keras_history"]
        return name, node, tensor
    return None


def tensors(value: Any) -> Iterator[tuple[str, int, int]]:
    """Yield (layer, call, tensor) for every symbolic tensor inside a value."""
    found = history(value)
    if found is not None:
        yield found
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)


def is_leaf(value: Any) -> bool:
    """Tell one ``[layer, call, tensor]`` from a nest of them."""
    return isinstance(value, list | tuple) and len(value) == 3 and isinstance(value[0], str)


def leaves(value: Any) -> Iterator[list[Any]]:
    """Yield the ``[layer, call, tensor]`` entries of a nest of outputs."""
    if is_leaf(value):
        yield value
    else:
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
