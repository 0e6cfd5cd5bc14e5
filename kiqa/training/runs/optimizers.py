"""Optimisers and learning rates of all trainings.

Several devices take the steps of one: gradients are put together before they
are clipped (`kiqa.training.runs.replicas`).

Public names: `learning_rate`, `scheduled_rate`, `adam`, `momentum`, `compile_model`,
`swap_average`.

References:
    I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR
    2019.
    B. Polyak, A. Juditsky, Acceleration of stochastic approximation by
    averaging, SIAM J. Control and Optimization 30, 1992.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from kiqa.training.runs.devices import jit_compile
from kiqa.training.runs.replicas import mean_over_replicas, replica_count

NO_DECAY = ("gamma", "beta", "bias")


def learning_rate(
    peak: float,
    *,
    schedule: str = "constant",
    steps: int = 0,
    warmup_steps: int = 0,
    factor: float = 1.0,
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Make the learning rate of a run.

    Args:
        peak: Highest learning rate.
        schedule: ``"constant"``; ``"cosine"``: falls to zero over all steps;
            or ``"staircase"``: is multiplied by ``factor`` after each
            ``steps``.
        steps: Updates, for ``"cosine"`` of the whole run, for
            ``"staircase"`` of an epoch.
        warmup_steps: Updates over which it rises from zero first, for
            ``"cosine"``.
        factor: For ``"staircase"``.

    Returns:
        A number or a schedule, for an optimiser.
    """
    if schedule == "constant":
        return peak
    if schedule == "staircase":
        return keras.optimizers.schedules.ExponentialDecay(peak, steps, factor, staircase=True)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup_steps else peak,
        max(1, steps - warmup_steps),
        warmup_target=peak if warmup_steps else None,
        warmup_steps=warmup_steps,
    )


def scheduled_rate(
    settings: Any, *, batches: int, accumulate: int = 1
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Make the learning rate that the settings of a run name.

    Args:
        settings: With ``learning_rate``, ``schedule``, ``warmup_steps`` and
            ``epochs``.
        batches: Updates of an epoch.
        accumulate: Steps of the optimiser in an update.

    Returns:
        As `learning_rate`.
    """
    return learning_rate(
        settings.learning_rate,
        schedule=settings.schedule,
        steps=settings.epochs * batches * accumulate,
        warmup_steps=settings.warmup_steps * accumulate,
    )


def adam(
    rate: float | keras.optimizers.schedules.LearningRateSchedule,
    *,
    weight_decay: float = 0.0,
    no_decay: Sequence[str] = (),
    clip_norm: float = 0.0,
    accumulate: int = 1,
    ema_momentum: float = 0.0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    factor: float = 1.0,
    special: Iterable[keras.Variable] = (),
) -> keras.optimizers.Optimizer:
    """Make Adam.

    Args:
        rate: Learning rate, such as `learning_rate` makes it.
        weight_decay: Decay that is decoupled from the gradient; 0 is plain
            Adam.
        no_decay: Words; variables with one of them in their name do not
            decay.
        clip_norm: Largest norm of the gradient of all variables together; 0
            clips nothing.
        accumulate: Batches whose mean gradient makes one update.
        ema_momentum: Of the exponential moving average of the weights after
            each update, which `swap_average` puts in their place; 0 keeps
            none.
        beta_1: Of Adam.
        beta_2: Of Adam.
        epsilon: Of Adam.
        factor: What the learning rate is multiplied by for ``special``.
        special: Variables with the other learning rate.

    Returns:
        The optimiser.
    """
    options = {
        "beta_1": beta_1,
        "beta_2": beta_2,
        "epsilon": epsilon,
        # Gradients are means over devices here, and Keras adds them up after clipping.
        "global_clipnorm": clip_norm / replica_count() if clip_norm else None,
        "gradient_accumulation_steps": accumulate if accumulate > 1 else None,
        "use_ema": ema_momentum > 0,
        "ema_momentum": ema_momentum,
        "name": "adam",
    }
    special = list(special)
    if special:
        return _TwoRateAdam(rate, factor=factor, special=special, decay=weight_decay, **options)
    if not weight_decay:
        return _Adam(rate, **options)
    optimizer = _AdamW(rate, weight_decay=weight_decay, **options)
    if no_decay:
        optimizer.exclude_from_weight_decay(var_names=list(no_decay))
    return optimizer


def momentum(
    rate: float, *, momentum: float, factor: float = 1.0, special: Iterable[keras.Variable] = ()
) -> keras.optimizers.Optimizer:
    """Make gradient descent with momentum.

    Args:
        rate: Learning rate.
        momentum: Part of the last update that is taken again.
        factor: What the learning rate is multiplied by for ``special``.
        special: Variables with the other learning rate.

    Returns:
        The optimiser.
    """
    return _TwoRateMomentum(rate, momentum=momentum, factor=factor, special=special)


def compile_model(
    model: keras.Model,
    *,
    optimizer: keras.optimizers.Optimizer,
    loss: Any,
    loss_weights: Mapping[str, float] | None = None,
) -> None:
    """Compile a model, and make the optimiser's variables.

    If the first step made them, Keras would trace the step twice, which for
    a deep network takes longer than the first steps themselves.

    Args:
        model: Built model.
        optimizer: Such as `adam` makes it.
        loss: As ``Model.compile`` takes it.
        loss_weights: Likewise.
    """
    model.compile(
        optimizer=optimizer, loss=loss, loss_weights=loss_weights, jit_compile=jit_compile()
    )
    # Not the one that came in: for float16 Keras wraps it in another, which has variables too.
    model.optimizer.build(model.trainable_variables)


def swap_average(model: keras.Model) -> None:
    """Exchange a model's weights and their moving average, where its optimiser keeps one.

    The average of steps that scatter around good weights is nearer to these
    than the last step. Statistics of batch normalisation stay as they are.

    Args:
        model: Compiled model after its first step; changed in place. A second
            call brings its weights back.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # of a float16 run
    if not optimizer.use_ema:
        return
    # Keras's name for the averages is not public.
    averages = optimizer._model_variables_moving_average
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        if average is not None:
            kept = variable.numpy()
            variable.assign(average)
            average.assign(kept)


class _WholeGradients(keras.optimizers.Optimizer):
    """Puts the gradients of several devices together before an optimiser sees them.

    The average of the weights moves at each update, not at each part of its
    batch, as in Keras. Keras's names for the average's step and for the count
    of parts are not public.
    """

    ema_momentum: Any

    def apply(self, grads, trainable_variables=None):
        super().apply(mean_over_replicas(grads), trainable_variables)

    def _update_model_variables_moving_average(self, trainable_variables):
        momentum, parts = self.ema_momentum, self.gradient_accumulation_steps
        if parts:
            # Before the first update Keras takes no momentum: the average is the weights.
            updated = ops.equal((self._iterations + 1) % parts, 0)
            self.ema_momentum = ops.where(updated, momentum, 1.0)
        try:
            super()._update_model_variables_moving_average(trainable_variables)
        finally:
            self.ema_momentum = momentum

    def finalize_variable_values(self, var_list):
        """Leave the weights, which Keras replaces by their average after each ``fit``.

        An epoch is a ``fit`` here, and `swap_average` keeps the weights too.
        """


class _OneOperation(_WholeGradients):
    """Adam that takes a variable's step in one operation, where TensorFlow has it.

    Keras takes it in twenty, and corrects the moments anew for each variable:
    half of the time to trace the step of a small network. The results agree
    but for rounding. Keras's names for the moments and for a variable's
    index, here and below, are not public.
    """

    _powers: Any = None

    def apply(self, grads, trainable_variables=None):
        if keras.backend.backend() == "tensorflow":
            step = ops.cast(self.iterations + 1, "float32")
            self._powers = [ops.power(beta, step) for beta in (self.beta_1, self.beta_2)]
        try:
            super().apply(grads, trainable_variables)
        finally:
            self._powers = None

    def update_step(self, gradient, variable, learning_rate):
        if self._powers is None:
            super().update_step(gradient, variable, learning_rate)
            return
        from tensorflow import raw_ops

        index = self._get_variable_index(variable)
        raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].handle,
            v=self._velocities[index].handle,
            beta1_power=ops.cast(self._powers[0], variable.dtype),
            beta2_power=ops.cast(self._powers[1], variable.dtype),
            lr=ops.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=ops.cast(gradient, variable.dtype),
        )


class _Adam(_OneOperation, keras.optimizers.Adam):
    pass


class _AdamW(_OneOperation, keras.optimizers.AdamW):
    """AdamW that computes a scheduled learning rate once a step.

    Keras asks for it again for each variable that decays: a copy of the
    schedule each, which takes a quarter of the time to trace a step.
    """

    _rate: Any = None

    @property
    def learning_rate(self):
        return super().learning_rate if self._rate is None else self._rate

    @learning_rate.setter
    def learning_rate(self, value):
        keras.optimizers.AdamW.learning_rate.fset(self, value)

    def apply(self, grads, trainable_variables=None):
        self._rate = super().learning_rate
        try:
            super().apply(grads, trainable_variables)
        finally:
            self._rate = None


class _TwoRateAdam(_Adam):
    """Adam with another learning rate for some variables and decoupled decay of all.

    Before each step every variable is multiplied by one minus its learning
    rate times the decay, biases and batch normalisation included, as in
    fastai's Adam. Adam's steps do not depend on the size of a gradient, so the
    rate has to be changed where the step is taken.
    """

    def __init__(self, learning_rate, *, factor, special, decay, **options):
        super().__init__(learning_rate, **options)
        self._factor, self._decay = factor, decay
        self._special = {id(variable) for variable in special}
        self._factors: list[float] = []

    def build(self, variables):
        if not self.built:
            self._factors = [
                self._factor if id(variable) in self._special else 1.0 for variable in variables
            ]
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        rate = learning_rate * self._factors[self._get_variable_index(variable)]
        if self._decay:
            share = ops.cast(1 - rate * self._decay, variable.dtype)
            self.assign(variable, ops.multiply(variable, share))
        super().update_step(gradient, variable, rate)


class _TwoRateMomentum(keras.optimizers.SGD):
    """Gradient descent; with momentum, a greater gradient is a greater learning rate."""

    def __init__(self, learning_rate, *, momentum, factor, special):
        super().__init__(learning_rate, momentum=momentum, name="momentum")
        self._factors = {variable.path: factor for variable in special}

    def apply(self, grads, trainable_variables):
        grads = [
            gradient if gradient is None else gradient * self._factors.get(variable.path, 1.0)
            for gradient, variable in zip(grads, trainable_variables, strict=True)
        ]
        super().apply(grads, trainable_variables)
