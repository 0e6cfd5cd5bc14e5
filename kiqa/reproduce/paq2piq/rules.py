"""Which subjects the rules of a rating study find, on simulated studies.

Invented people answer as `kiqa.evaluation.study.simulated` says, some of them
badly; precision and recall say how well all rules of kiqa, and those of the
paper alone, find these.

Public names: :data:`COMMAND`, :func:`found_by`.
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from kiqa.arguments import add_number
from kiqa.constants import LIVE_FB
from kiqa.evaluation.report import to_markdown, write_json
from kiqa.evaluation.study.consistency import inter_subject_consistency
from kiqa.evaluation.study.rejection import RejectionRules
from kiqa.evaluation.study.scores import process_ratings
from kiqa.evaluation.study.simulated import KINDS, simulate_study
from kiqa.reproduce.command import Command, add_output

# Shares of the images in the variance of a rating; the last two are LIVE-FB's patches and images.
RELIABILITIES = (0.5, 0.3, 0.1, 0.05)
_SUBJECTS, _IMAGES = 100, 400
_SHARE = 0.05  # of each kind of bad subjects
_HALF = 18  # ratings of an image by one half of the subjects
_RULES = {
    "all rules": RejectionRules(),
    "the paper's alone": RejectionRules(golden_srocc=None, chance_level=None),
}


def found_by(rules: RejectionRules, *, reliability: float, seeds: Sequence[int]) -> dict:
    """Count the bad subjects that rules find.

    Args:
        rules: The rules.
        reliability: Share of the images in the variance of honest ratings.
        seeds: One a study of 100 subjects and 400 images, 5 % of the subjects of
            each kind of `KINDS`.

    Returns:
        Numbers of all studies together: ``bad`` subjects, ``rejected`` ones
        and those in both, ``found``; ``precision`` and ``recall``.
    """
    bad = rejected = found = 0
    for seed in seeds:
        study = simulate_study(
            images=_IMAGES, subjects=_SUBJECTS, seed=seed, reliability=reliability,
            bad=dict.fromkeys(KINDS, _SHARE),
        )  # fmt: skip
        out = set(process_ratings(
            study.ratings, golden=study.golden, acceptance=study.acceptance, rules=rules
        ).rejected)  # fmt: skip
        bad, rejected = bad + len(study.bad), rejected + len(out)
        found += len(out & set(study.bad))
    return {"bad": bad, "rejected": rejected, "found": found,
            "precision": found / rejected if rejected else None, "recall": found / bad}  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    seeds = range(options.seed, options.seed + options.studies)
    shown = LIVE_FB.contents - LIVE_FB.repeats - LIVE_FB.golden
    images = round(_SUBJECTS * shown / (2 * _HALF))
    kept = []
    for reliability in RELIABILITIES:
        study = simulate_study(
            images=images, subjects=_SUBJECTS, seed=options.seed, reliability=reliability
        )
        lcc = float(np.mean(inter_subject_consistency(study.ratings, seed=options.seed).lcc))
        by = {name: found_by(rules, reliability=reliability, seeds=seeds)
              for name, rules in _RULES.items()}  # fmt: skip
        kept.append({"reliability": reliability, "halves_lcc": lcc, "rules": by})
    content = {
        "subjects": _SUBJECTS, "images": _IMAGES, "share_of_each_kind": _SHARE,
        "kinds": list(KINDS), "seeds": list(seeds), "studies": kept,
    }  # fmt: skip
    if options.output is not None:
        write_json(content, options.output / "paq2piq-rules.json")
    about, rows = _read(content)
    sys.stdout.write(f"{about}\n\n{to_markdown(rows)}\n")
    return 0


def _read(content):
    """What the stored result was computed on, and its rows; see `Command.read`."""
    rows = []
    for study in content["studies"]:
        cells = {
            f"{name}: precision, recall": ", ".join(
                "none" if own[key] is None else f"{own[key]:.2f}" for key in ("precision", "recall")
            )
            for name, own in study["rules"].items()
        }
        rows.append({
            "share of the images in the variance of a rating": f"{study['reliability']:g}",
            f"halves of {_HALF} correlate": f"{study['halves_lcc']:.2f}", **cells,
        })  # fmt: skip
    return "simulated subjects, not people", rows


def _options(parser: argparse.ArgumentParser) -> None:
    add_number(parser, "--studies", "simulated studies of each row", default=8, low=1)
    add_number(
        parser, "--seed", "of the first study; the next have the next ones", default=0, low=0
    )
    add_output(parser, figures=False)


COMMAND = Command(
    "PaQ-2-PiQ, section 3: what rejection rules find, simulated subjects", _options, _run, _read
)
