"""The command lines of the heads.

Public names: `COMMANDS`.
"""

from functools import partial

from kiqa.comparators.command import add_body
from kiqa.training.comparators.heads.settings import PRESETS, HeadSettings
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.parts import chosen_parts

_SUMMARIES = {
    "koncept512": "Train the head of KonCept512 on features of images with scores.",
    "nima": "Train the head of NIMA on features of images with scores.",
}


def _train(parts, settings, run, arguments, *, name):
    from kiqa.training.comparators.heads.forms import FORMS
    from kiqa.training.comparators.heads.train import train_head

    train, validation, test = parts
    return train_head(
        FORMS[name],
        train,
        validation,
        settings,
        test=test,
        body=arguments.body,
        initial=arguments.initial,
        **run,
    )


COMMANDS = {
    name: TrainingCommand(
        name=f"train_comparator {name}",
        settings=HeadSettings,
        prepare=chosen_parts,
        train=partial(_train, name=name),
        presets=PRESETS[name],
        summary=summary,
        initial=f"head of {name} to start from (default: random weights)",
        add_options=add_body,
    )
    for name, summary in _SUMMARIES.items()
}
