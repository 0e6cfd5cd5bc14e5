"""The study of just noticeable differences: its versions, votes, statistics and observers."""

from kiqa.varjpeg.jnd.analysis import (
    JND_COLUMNS,
    JndComparison,
    JndVotes,
    compare,
    jnd,
    jnd_table,
    read_jnd_votes,
)

__all__ = [
    "JND_COLUMNS",
    "JndComparison",
    "JndVotes",
    "compare",
    "jnd",
    "jnd_table",
    "read_jnd_votes",
]
