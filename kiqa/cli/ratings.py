"""``kiqa ratings``: from the ratings of a study to mean opinion scores."""

import argparse
import sys
from pathlib import Path

from kiqa.arguments import Output, add_output
from kiqa.cli.inputs import add_spreadsheet
from kiqa.io.messages import tell

_SEED = 0  # of the random halves; in the JSON file
_WRITTEN = ("mos.csv", "sessions.csv", "ratings.json")
_RULES = {  # those of kiqa.evaluation.study.rejection, which is not loaded for --help
    "acceptance": "workers' acceptance rate in percent has to be above it (default: 75)",
    "identical": "largest share of equal ratings in a session (default: 0.5)",
    "repeat_limit": "largest mean difference of the two ratings of repeated images, in standard "
    "deviations of the session (default: 1)",
    "golden_srocc": "rank correlation with the golden images; a subject significantly below it is "
    "left out (default: 0)",
    "chance_level": "level of the test against answers by chance, ours (default: 0.01)",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "ratings",
        metavar="RATINGS.csv",
        help="one row per rating: subject, image, rating, and if there are such session and repeat "
        "(1: second showing); or a wide table, one column per subject",
    )
    written = f"write {', '.join(_WRITTEN)} there (default: the summary only)"
    add_output(parser, "--output", Output.FOLDER, "DIR", written)
    add_spreadsheet(parser)
    parser.add_argument(
        "--scale",
        type=_scale,
        metavar="LOW:HIGH",
        help="lowest and highest rating that could be given; others are refused",
    )
    parser.add_argument("--golden", metavar="CSV", help="golden images: image, mos")
    parser.add_argument(
        "--subjects", metavar="CSV", help="acceptance rates in percent: subject, acceptance"
    )
    parser.add_argument(
        "--z-range",
        type=_scale,
        metavar="LOW:HIGH",
        help="Z-scores that become 0 and 100 (default: -3:3; --z-range=-2:2 needs the sign =)",
    )
    parser.add_argument(
        "--level",
        type=float,
        default=0.95,
        metavar="P",
        help="coverage of the confidence intervals (default: %(default)s)",
    )
    for name, meaning in _RULES.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=_limit,
            default=argparse.SUPPRESS,
            metavar="N",
            help=f"{meaning}; off: no such rule",
        )


def run(arguments: argparse.Namespace) -> int:
    """Process, and return the exit status."""
    from kiqa.evaluation.study.consistency import inter_subject_consistency
    from kiqa.evaluation.study.ratings import read_ratings, read_values
    from kiqa.evaluation.study.rejection import RejectionRules, rules_not_applied
    from kiqa.evaluation.study.scores import Z_RANGE, process_ratings
    from kiqa.evaluation.study.sentinels import sentinels
    from kiqa.io.outputs import check_targets

    if arguments.output:
        check_targets(Path(arguments.output, name) for name in _WRITTEN)
    chosen = {name: getattr(arguments, name) for name in _RULES if hasattr(arguments, name)}
    rules = RejectionRules(**chosen)
    ratings = read_ratings(arguments.ratings, scale=arguments.scale)
    doubtful = sentinels(ratings.rating) if arguments.scale is None else []
    golden = acceptance = None
    if arguments.golden:
        golden = read_values(arguments.golden, "image", "mos")
    if arguments.subjects:
        acceptance = read_values(arguments.subjects, "subject", "acceptance", scale=(0, 100))
    z_range = arguments.z_range or Z_RANGE
    study = process_ratings(
        ratings,
        golden=golden,
        acceptance=acceptance,
        rules=rules,
        z_range=z_range,
        level=arguments.level,
    )
    try:
        halves, note = inter_subject_consistency(study.kept, seed=_SEED), None
    except ValueError as error:
        halves, note = None, str(error)
    result = _result(arguments, ratings, study, rules, halves, note, z_range)
    result["not_applied"] = rules_not_applied(study.verdicts, rules)
    result["doubtful_ratings"] = [each._asdict() for each in doubtful]
    if arguments.output:
        _write(Path(arguments.output), study, result, spreadsheet=arguments.spreadsheet)
    sys.stdout.write(_text(result))
    for value, count in doubtful:
        tell(
            f"warning: {count} of {len(ratings)} ratings are {value:g}, which looks like 'not "
            "rated'; they count as ratings. Remove their rows, or state --scale LOW:HIGH"
        )
    return 0


def _result(arguments, ratings, study, rules, halves, note, z_range) -> dict:
    """Everything that belongs to the numbers, fit for JSON."""
    from collections import Counter
    from dataclasses import asdict

    from kiqa import __version__
    from kiqa.io.files import sha256_of

    reasons = Counter(reason for verdict in study.verdicts for reason in verdict.reasons)
    counts = study.scores.subjects
    return {
        "ratings": len(ratings),
        "lowest": float(ratings.rating.min()),
        "highest": float(ratings.rating.max()),
        "kept": len(study.kept),
        "subjects": len(ratings.subjects),
        "sessions": len(study.verdicts),
        "rejected_sessions": sum(verdict.rejected for verdict in study.verdicts),
        "rejected_subjects": study.rejected,
        "reasons": dict(reasons.most_common()),
        "images": len(counts),
        "subjects_an_image": {"least": int(counts.min()), "mean": float(counts.mean())},
        "halves": None
        if halves is None
        else {
            "divisions": len(halves.lcc),
            "seed": _SEED,
            "lcc": float(halves.lcc.mean()),
            "srocc": float(halves.srocc.mean()),
        },
        "halves_note": note,
        "rules": asdict(rules),
        "z_range": list(z_range),
        "level": study.scores.level,
        "ratings_sha256": sha256_of(Path(arguments.ratings)),
        "kiqa": __version__,
    }


def _write(folder, study, result, *, spreadsheet):
    from kiqa.evaluation.report import write_csv, write_json

    sessions = [
        {
            "subject": verdict.subject,
            "session": verdict.session,
            "rejected": int(verdict.rejected),
            "reasons": "; ".join(verdict.reasons),
            **{
                key: getattr(verdict, key)
                for key in (
                    *("ratings", "deviation", "acceptance", "identical", "repeats"),
                    *("repeat_difference", "golden", "golden_srocc", "agreement", "shared"),
                )
            },
        }
        for verdict in study.verdicts
    ]
    write_csv(study.scores.rows(), folder / "mos.csv", spreadsheet=spreadsheet)
    write_csv(sessions, folder / "sessions.csv", spreadsheet=spreadsheet)
    write_json(result, folder / "ratings.json")


def _text(result) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in result["reasons"].items())
    halves = result["halves"]
    unapplied = ", ".join(
        f"{name.replace('_', '-')} ({why})" for name, why in result["not_applied"].items()
    )
    least, mean = (result["subjects_an_image"][key] for key in ("least", "mean"))
    lines = [
        f"{result['ratings']} ratings of {result['subjects']} subjects in {result['sessions']} "
        "sessions",
        f"left out: {result['rejected_sessions']} sessions{f' ({reasons})' if reasons else ''}, "
        f"{len(result['rejected_subjects'])} subjects wholly",
        *([f"not applied: {unapplied}"] if unapplied else []),
        f"lowest rating {result['lowest']:g}, highest {result['highest']:g}",
        f"scored: {result['images']} images from {result['kept']} ratings, {mean:.1f} subjects an "
        f"image, at least {least}",
        f"random halves of the subjects: LCC {halves['lcc']:.3f}, SROCC {halves['srocc']:.3f} "
        f"(mean of {halves['divisions']})"
        if halves
        else f"random halves of the subjects: {result['halves_note']}",
    ]
    return "\n".join([*lines, ""])


def _scale(text: str) -> tuple[float, float]:
    low, colon, high = text.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = (0.0, 0.0)
    if not colon or not ends[0] < ends[1]:
        raise argparse.ArgumentTypeError(f"expected LOW:HIGH such as 0:100, got {text!r}")
    return ends


def _limit(text: str) -> float | None:
    if text.lower() in ("off", "none"):
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number or 'off', got {text!r}") from None
