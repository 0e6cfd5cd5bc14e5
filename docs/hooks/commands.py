"""The pages of commands, made from the parsers that read the command lines.

Three pages: `kiqa` and its commands, the trainings, the reproductions. What
stands there is what ``--help`` says, no more and no less.
"""

import argparse
import html
import importlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PLAIN = ("options", "optional arguments", "positional arguments")
_HEADS = {
    "commands/kiqa.md": (
        "The command kiqa",
        "Generated from the parsers: what `kiqa COMMAND --help` says. Exit status: 0 all well; 1 "
        "finished, but single files had errors; 2 usage or input error, with one line on stderr; "
        "130 interrupted.",
    ),
    "commands/train.md": (
        "Trainings",
        "Generated from the parsers: what `python -m kiqa.train_NAME --help` says. What the "
        "options of all trainings have in common is in [Training](../training.md).",
    ),
    "commands/reproduce.md": (
        "Reproductions",
        "Generated from the parsers: what `python -m kiqa.reproduce NAME --help` says. What comes "
        "out is in [Reproduction](../reproduction.md).",
    ),
}


def on_files(files, config):
    """Add the three pages."""
    from mkdocs.structure.files import File

    parsers = {
        "commands/kiqa.md": kiqa_parsers(),
        "commands/train.md": training_parsers(),
        "commands/reproduce.md": reproduction_parsers(),
    }
    for page, (title, text) in _HEADS.items():
        sections = [described(parser) for parser in parsers[page]]
        content = "\n\n".join([f"# {title}", text, *sections, ""])
        files.append(File.generated(config, page, content=content))
    return files


def kiqa_parsers() -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of each command of `kiqa`."""
    from kiqa.cli.main import command_parser

    yield from _leaves(command_parser())


def training_parsers() -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of each training, of each of its parts where it has several."""
    from kiqa.training.runs.command import training_parser

    for folder in sorted((ROOT / "kiqa" / "training").iterdir()):
        if folder.name != "runs" and (folder / "command.py").is_file():
            module = importlib.import_module(f"kiqa.training.{folder.name}.command")
            yield from _leaves(training_parser(module.COMMAND))


def reproduction_parsers() -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of each reproduction."""
    from kiqa.reproduce.__main__ import NAMES, reproduction_parser

    yield from map(reproduction_parser, NAMES)


def _leaves(parser):
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        yield parser
    for group in groups:
        for inner in group.choices.values():
            yield from _leaves(inner)


def described(parser: argparse.ArgumentParser) -> str:
    """Return the section of a command: what must be given, what it does, and its options."""
    lines = [f"## {parser.prog}", "", _escaped(parser.description or ""), ""]
    lines += ["```text", _usage(parser), "```"]
    formatter = parser._get_formatter()
    for group in parser._action_groups:
        actions = [
            action
            for action in group._group_actions
            if action.help is not argparse.SUPPRESS and not isinstance(action, argparse._HelpAction)
        ]
        if not actions:
            continue
        if group.title not in _PLAIN:
            lines += ["", f"*{_escaped(group.title)}*"]
        lines += ["", "| option | |", "|---|---|"]
        for action in actions:
            name = _cell(html.escape(formatter._format_action_invocation(action), quote=False))
            text = _cell(_escaped(formatter._expand_help(action)))
            lines.append(f"| <code>{name.replace(',', ',<wbr>')}</code> | {text} |")
    if parser.epilog:
        lines += ["", _escaped(parser.epilog)]
    return "\n".join(lines)


def _usage(parser):
    """The command with what it must have; the tables have the rest."""
    words = [parser.prog]
    for action in parser._actions:
        metavar = action.metavar or (action.dest if not action.option_strings else None)
        if action.option_strings and action.required:
            words.append(f"{action.option_strings[-1]} {metavar or action.dest.upper()}")
        elif not action.option_strings:
            several = action.nargs in ("+", "*")
            words.append(f"{metavar} [{metavar} ...]" if several else metavar)
    return " ".join([*words, "[options]"])


def _escaped(text):
    """Help as Markdown that shows it as it is."""
    text = html.escape(" ".join(text.split()), quote=False)
    for mark in "\\*_[]`":
        text = text.replace(mark, f"\\{mark}")
    return text


def _cell(text):
    """A cell of a table, in which a bar would end it."""
    return text.replace("|", "&#124;")
