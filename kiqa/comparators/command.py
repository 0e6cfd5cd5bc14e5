"""The command line of the comparators that are fitted without epochs.

Public names: `add_body`, `add_brisque`, `add_cornia`, `add_deepbiq`, `add_niqe`.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kiqa import __version__
from kiqa.arguments import Output, add_exclude, add_number, add_output, add_path, add_text
from kiqa.comparators import BODY
from kiqa.constants import CORNIA, DEEPBIQ
from kiqa.data import DATASETS
from kiqa.data.chosen import at_random, training_parts
from kiqa.data.folders import images_in
from kiqa.data.trained import files_trained_on, in_chain, trained_on
from kiqa.interrupts import interrupt_status
from kiqa.io.messages import name_file, tell
from kiqa.running import claimed, failure
from kiqa.startup import start_keras

_say = partial(tell, name="train_comparator")


def add_brisque(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``brisque``, and what it does."""
    _add_rated(parser, _brisque)


def add_deepbiq(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``deepbiq``, and what it does."""
    _add_rated(parser, _deepbiq)
    _add_choice(parser)
    add_body(parser)


def add_body(parser: argparse.ArgumentParser) -> None:
    """Add ``--body``, of comparators on features of a body that is not trained."""
    add_text(parser, "--body", "NAME|FILE", "network whose EfficientNet-Lite makes the features",
        default=BODY)  # fmt: skip


def add_cornia(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``cornia``, and what it does."""
    _add_rated(parser, _cornia)
    _add_choice(parser)
    add_number(parser, "--codewords", "of the codebook", default=CORNIA.codewords, low=2)
    add_number(parser, "--patches", "of each image", default=CORNIA.patches, low=1)


def _add_rated(parser, fit):
    """Options of whatever is fitted to the scores of a data set."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--dataset", choices=sorted(DATASETS), required=True, help="which one")
    add_text(parser, "--split", "FILE|NAME", "split with train and val (default: the data set's "
        "own)")  # fmt: skip
    add_exclude(parser)
    _add_workdir(parser)
    parser.set_defaults(run=partial(_run, fit=fit))


def add_niqe(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``niqe``, and what it does."""
    add_path(parser, "--data", "FOLDER", "undistorted images without scores", required=True)
    add_text(parser, "--split", "FILE|NAME", "split of which train is used (default: the folder's "
        "split.csv; without one, all its images)")  # fmt: skip
    _add_workdir(parser)
    parser.set_defaults(run=partial(_run, fit=_niqe))


def _add_choice(parser):
    add_number(parser, "--limit", "only so many training images, at random by --seed")
    add_number(parser, "--seed", "of what is random", default=0, low=0)


def _add_workdir(parser):
    add_output(
        parser, "--workdir", Output.RUN, "DIR", "folder of what is made; statistics that are there "
        "already are not computed again", required=True, type=Path,
    )  # fmt: skip


def _run(arguments: argparse.Namespace, *, fit: Callable[[argparse.Namespace], dict]) -> int:
    """Fit, print, and return the exit status: 0 done, 2 wrong input, 130 interrupted."""
    try:
        with claimed(arguments):
            result = fit(arguments)
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on")
        return interrupt_status()
    except Exception as error:
        _say(failure(error, program="kiqa.train_comparator"))
        return 2
    told = ", ".join(f"{key} {value}" for key, value in result.items())
    sys.stdout.write(f"{told}\nWritten to {arguments.workdir}\n")
    return 0


def _brisque(arguments: argparse.Namespace) -> dict[str, Any]:
    from kiqa.comparators.brisque import brisque_features
    from kiqa.comparators.fit_brisque import GRID, fit_brisque

    parts = _parts(arguments)
    file = arguments.workdir / "statistics.jsonl"
    kept, ((inputs, mos), held_out) = _measured(parts, brisque_features, file)
    start_keras()
    model, chosen = fit_brisque(inputs, mos, held_out, grid=GRID)
    return _export_rated(arguments, model, "brisque", (parts, kept), chosen, GRID)


def _deepbiq(arguments: argparse.Namespace) -> dict[str, Any]:
    from kiqa.comparators.learned.body import PooledBody
    from kiqa.comparators.learned.fit_linear import GRID, fit_linear
    from kiqa.comparators.learned.views import deepbiq_views
    from kiqa.io.weights import Companion, Origin, read_info
    from kiqa.models.deepbiq import build_deepbiq

    parts = _chosen(arguments)
    start_keras()
    body = read_info(arguments.body)
    file = arguments.workdir / f"features-deepbiq-{body.sha256[:16]}.jsonl"
    network = PooledBody(body, deepbiq_views)
    kept, ((inputs, mos), held_out) = _measured(parts, network.features, file)
    linear, chosen = fit_linear(inputs, mos, held_out, grid=GRID)
    model = build_deepbiq(features=len(linear.kernel))
    model.get_layer("quality").set_weights([linear.kernel, linear.bias])
    learned = network.learned_from
    more = {
        "companions": {"body": Companion(body.name, body.sha256)},
        "origin": Origin("imagenet") if learned is None else Origin(body.name, body.sha256),
    }
    about = chosen | {"crops": DEEPBIQ.crops}
    return _export_rated(
        arguments, model, "deepbiq", (parts, kept), about, GRID, learned_from=learned, **more
    )


def _cornia(arguments: argparse.Namespace) -> dict[str, Any]:
    from kiqa.comparators.learned.cornia import answers, normalised_patches
    from kiqa.comparators.learned.fit_cornia import kept_codebook
    from kiqa.comparators.learned.fit_linear import GRID, fit_linear
    from kiqa.models.cornia import build_cornia

    parts = _chosen(arguments)
    codebook = kept_codebook(
        [record.path for record in parts[0]],
        arguments.workdir / "codebook.npz",
        codewords=arguments.codewords,
        seed=arguments.seed,
        report=_say,
    )

    def measure(pixels):
        patches = normalised_patches(pixels, arguments.patches)
        return answers(patches, codebook.kernel, codebook.bias).astype(float).round(5)

    file = arguments.workdir / f"answers-{codebook.sha256[:16]}-{arguments.patches}.jsonl"
    kept, ((inputs, mos), held_out) = _measured(parts, measure, file)
    start_keras()
    linear, chosen = fit_linear(inputs, mos, held_out, grid=GRID)
    model = build_cornia(codewords=arguments.codewords)
    model.get_layer("codewords").set_weights([codebook.kernel, codebook.bias])
    model.get_layer("quality").set_weights([linear.kernel, linear.bias])
    about = chosen | {key: getattr(arguments, key) for key in ("codewords", "patches", "seed")}
    form = {"patches": arguments.patches}
    return _export_rated(arguments, model, "cornia", (parts, kept), about, GRID, form=form)


def _parts(arguments):
    """The images of train and val."""
    of = {"split": arguments.split, "exclude": arguments.exclude}
    return training_parts(arguments.dataset, arguments.data, **of, report=_say)[:2]


def _chosen(arguments):
    """Images to fit to, as many as ``--limit`` says, and images that choose."""
    train, validation = _parts(arguments)
    return at_random(train, arguments.limit, seed=arguments.seed), validation


def _measured(parts, measure, file):
    """The images of each part that can be measured; and their numbers and scores."""
    from kiqa.comparators.statistics import statistics_of

    found = [statistics_of(records, measure, file=file, report=_say) for records in parts]
    return [kept for kept, _ in found], [(numbers, _mos(kept)) for kept, numbers in found]


def _export_rated(arguments, model, name, parts, chosen, grid, *, learned_from=None, **details):
    """Write the weights and the result of what was fitted to scores."""
    everything, (train, validation) = parts
    # Images without statistics count as well: no part of the split is left half unseen.
    seen = in_chain(
        trained_on(*everything, scores="human", about="MOS of whole images"), learned_from
    )
    _export(model, name, arguments.workdir, scale="0..1", higher=True, parts=seen, **details)
    about = {
        "dataset": arguments.dataset,
        "images": len(train),
        "validation": len(validation),
    }
    names = [record.name for record in (*train, *validation)]
    return _finish(arguments.workdir, chosen | about, names, grid=grid)


def _mos(records):
    import numpy as np

    return np.array([record.mos01 for record in records])


def _niqe(arguments: argparse.Namespace) -> dict[str, Any]:
    from kiqa.comparators.fit_niqe import fit_niqe

    paths = images_in(arguments.data, chosen="train", split=arguments.split)
    start_keras()
    left_out = set()

    def leave_out(path, error):
        left_out.add(path)
        _say(name_file(error, path))

    model, blocks = fit_niqe(paths, on_error=leave_out)
    paths = [path for path in paths if path not in left_out]
    about = "no scores: undistorted images, whose statistics are what others are compared with"
    parts = files_trained_on(paths, scores="pseudo", about=about)
    _export(model, "niqe", arguments.workdir, scale=">=0", higher=False, parts=parts)
    names = [path.name for path in paths]
    return _finish(arguments.workdir, {"images": len(paths), "blocks": blocks}, names)


def _export(model, name, workdir, *, scale, higher, parts, **more):
    from kiqa.io.weights import Details, export_h5

    about = Details(name, __version__, scale, higher, mode=name, trained_on=parts, **more)
    export_h5(model, workdir / f"{name}.h5", about)


def _finish(workdir, result, names, **settings):
    from kiqa.evaluation.report import write_json

    digest = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()
    write_json(
        {"kiqa": __version__, **result, **settings, "names_sha256": digest},
        workdir / "result.json",
    )
    return result
