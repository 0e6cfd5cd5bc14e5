"""What the command lines of the trainings on photographs' MOS share.

Loads no Keras, so that ``--help`` and wrong options answer at once.
"""

import argparse
import sys
from collections.abc import Callable, Mapping


def run_training(
    run: Callable[[argparse.Namespace], Mapping | None],
    arguments: argparse.Namespace,
    *,
    say: Callable[[str], None],
) -> int:
    """Run a training, print its result, and turn its errors into one line.

    Args:
        run: From the arguments to the training's result, or to ``None`` if
            nothing was trained.
        arguments: With ``workdir``, the folder of the run.
        say: Told of an error or an interruption.

    Returns:
        The exit status: 0 done, 2 wrong input, 130 interrupted.
    """
    try:
        result = run(arguments)
    except KeyboardInterrupt:
        again = f"Continue with the same options and --resume: --workdir {arguments.workdir}."
        say(f"interrupted. {again}")
        return 130
    except (ValueError, OSError, MemoryError, ModuleNotFoundError) as error:
        say(f"error: {str(error) or type(error).__name__}")
        return 2
    if result:
        sys.stdout.write(
            f"best epoch {result['best_epoch']} of {result['epochs']}: validation SROCC "
            f"{result['val_srocc']:.4f}, PLCC {result['val_plcc']:.4f}\n"
            f"Written to {arguments.workdir}\n"
        )
    return 0
