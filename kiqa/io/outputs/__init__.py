"""What keeps the user's files: the guard of inputs, locks, names, temporaries.

`kiqa.io.files` writes through them.
"""

from kiqa.io.outputs.guard import OutputError, check_targets, command_run, declare_inputs
from kiqa.io.outputs.locks import lock_output
from kiqa.io.outputs.names import check_folder, make_folder, named

__all__ = [
    "OutputError",
    "check_folder",
    "check_targets",
    "command_run",
    "declare_inputs",
    "lock_output",
    "make_folder",
    "named",
]
