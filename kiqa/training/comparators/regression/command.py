"""The command lines of the learned comparators.

Public names: `COMMANDS`.
"""

from functools import partial

from kiqa.training.comparators.regression.settings import RegressionSettings
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.parts import chosen_parts

_SUMMARIES = {
    "cnniqa": "Train CNNIQA on 32x32 patches of images with scores.",
}


def _train(parts, settings, run, arguments, *, name):
    from kiqa.training.comparators.regression.forms import FORMS
    from kiqa.training.comparators.regression.train import train_regression

    train, validation, test = parts
    return train_regression(
        FORMS[name], train, validation, settings, test=test, initial=arguments.initial, **run
    )


COMMANDS = {
    name: TrainingCommand(
        name=f"train_comparator {name}",
        settings=RegressionSettings,
        prepare=chosen_parts,
        train=partial(_train, name=name),
        summary=summary,
        initial=f"network of {name} to start from (default: random weights)",
    )
    for name, summary in _SUMMARIES.items()
}
