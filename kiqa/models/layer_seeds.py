"""Seeds of the layers of a network that is drawn at random.

Public names: `layer_seeds`.
"""

import itertools
from collections.abc import Callable


def layer_seeds(seed: int | None) -> Callable[[], int | None]:
    """Number what is drawn in a network, in the order in which it is built.

    Args:
        seed: The network's; ``None`` draws everything anew at each call.

    Returns:
        A function without arguments: 1000 times the seed, then one more each
        time; or always ``None``.
    """
    if seed is None:
        return lambda: None
    return itertools.count(1000 * seed).__next__
