"""Adam with decoupled weight decay and its own learning rate for some weights.

Public names: `TwoRateAdam`.
"""

from collections.abc import Iterable

import keras
from keras import ops


class TwoRateAdam(keras.optimizers.Adam):
    """Adam, with another learning rate for some variables and decoupled decay.

    Before each step every variable is multiplied by one minus its learning
    rate times the decay, biases and batch normalisation included, as in
    fastai's Adam.

    Args:
        learning_rate: Number or schedule, for all other variables.
        factor: What it is multiplied by for ``special``.
        special: Variables with the other rate.
        decay: Weight decay, decoupled from the gradient.
        **options: Of ``keras.optimizers.Adam``.

    References:
        I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR
        2019.
    """

    def __init__(
        self,
        learning_rate,
        *,
        factor: float,
        special: Iterable[keras.Variable],
        decay: float,
        **options,
    ):
        super().__init__(learning_rate, **options)
        self._factor, self._decay = factor, decay
        self._special = {id(variable) for variable in special}
        self._factors = []

    def build(self, variables):
        """Note which variables have the other rate, then build Adam's."""
        if not self.built:
            self._factors = [
                self._factor if id(variable) in self._special else 1.0 for variable in variables
            ]
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        """Decay a variable, then take Adam's step, both at its own rate."""
        rate = learning_rate * self._factors[self._get_variable_index(variable)]
        if self._decay:
            share = ops.cast(1 - rate * self._decay, variable.dtype)
            self.assign(variable, ops.multiply(variable, share))
        super().update_step(gradient, variable, rate)
