"""A pickle of tensors and dictionaries, read without Python's own unpickler.

Python's runs whatever a pickle names, and lets a pickle of a hundred bytes
take gigabytes (a memo with one large number) or forever (tuples of tuples of
tuples as a key). This reader knows the operations that ``torch.save`` writes,
each with arguments of the types that it writes, and a number of them at most.

Public names: `load`, `Refused`, `Global`, `Ignored`.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from kiqa.io.budget import Bounded

_MOST_OPERATIONS = 2_000_000
_MOST_MARKS = 1_000  # open at once: how deep containers are in containers
_LONGEST_TEXT = 10_000
_PLAIN = frozenset(
    "BININT BININT1 BININT2 LONG1 NONE NEWTRUE NEWFALSE BINFLOAT BINUNICODE SHORT_BINUNICODE "
    "BINUNICODE8 BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES INT LONG FLOAT UNICODE "
    "STRING".split()
)
_STORE = ("BINPUT", "LONG_BINPUT", "PUT")
_FETCH = ("BINGET", "LONG_BINGET", "GET")


class Refused(ValueError):
    """A pickle does what no file of tensors needs."""


@dataclass(frozen=True)
class Global:
    """A name in a pickle; nothing is looked up."""

    module: str
    name: str


class Ignored:
    """Takes the place of a value that is not needed."""


class _Mark:
    """Where a container begins on the stack."""


def load(
    stream: "IO[bytes] | Bounded",
    call: Callable[[Global, tuple], Any],
    refer: Callable[[tuple], Any],
) -> Any:
    """Read one pickle, up to its end and no further.

    Args:
        stream: What it is read from; its single reads have to be bounded.
        call: What calling a name with arguments gives, or raises `Refused`.
            Arguments are plain values, `Global`, and what both functions
            gave before.
        refer: What a reference to something outside of the pickle gives,
            from a flat tuple.

    Returns:
        The value.

    Raises:
        Refused: If it names or does anything else, or too much.
        ValueError: If it is damaged.
    """
    machine = _Machine(call, refer)
    for number, (operation, argument, _) in enumerate(
        pickletools.genops(stream)  # type: ignore[arg-type]  # read and readline are enough
    ):
        if number >= _MOST_OPERATIONS:
            raise Refused(f"more than {_MOST_OPERATIONS} operations")
        if operation.name == "STOP":
            return machine.pop()
        machine.do(operation.name, argument)
    raise ValueError("no end")


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self, call, refer):
        self._call, self._refer = call, refer
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._marks = 0

    def pop(self):
        """Take the last value."""
        if not self._stack or isinstance(self._stack[-1], _Mark):
            raise ValueError("an operation without its values")
        return self._stack.pop()

    def _since_mark(self):
        """Take the values since the last mark, in order."""
        values = []
        while self._stack:
            value = self._stack.pop()
            if isinstance(value, _Mark):
                self._marks -= 1
                return values[::-1]
            values.append(value)
        raise ValueError("a container without its beginning")

    def do(self, name, argument):
        """Do one operation."""
        if name in _PLAIN:
            self._push(_plain(argument, name))
        elif name in _STORE:
            self._memo[int(argument)] = self._last()
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._last()
        elif name in _FETCH:
            self._fetch(int(argument))
        elif name == "POP":
            self.pop()
        elif name in ("PROTO", "FRAME"):
            return
        elif name == "MARK":
            self._marks += 1
            if self._marks > _MOST_MARKS:
                raise Refused(f"containers more than {_MOST_MARKS} deep")
            self._stack.append(_Mark())
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self._name(name, argument)
        elif name == "REDUCE":
            arguments, function = self.pop(), self.pop()
            if not isinstance(function, Global) or not isinstance(arguments, tuple):
                raise Refused("a call of what is no name")
            self._push(self._call(function, arguments))
        elif name == "BUILD":
            self.pop()
            if not isinstance(self._last(), dict | Ignored):  # attributes of a state dict
                raise Refused("a state of what is no dictionary")
        elif name == "BINPERSID":
            self._push(self._refer(_flat(self.pop())))
        else:
            self._container(name)

    def _fetch(self, number):
        if number not in self._memo:
            raise ValueError(f"no value {number} in the memo")
        self._push(self._memo[number])

    def _push(self, value):
        self._stack.append(value)

    def _last(self):
        value = self.pop()
        self._stack.append(value)
        return value

    def _name(self, name, argument):
        if name == "GLOBAL":
            module, _, attribute = argument.partition(" ")
        else:
            attribute, module = self.pop(), self.pop()
            if not isinstance(attribute, str) or not isinstance(module, str):
                raise Refused("a name that is no text")
        self._push(Global(module[:200], attribute[:200]))

    def _container(self, name):
        """Operations of tuples, lists and dictionaries."""
        if name == "EMPTY_TUPLE":
            self._push(())
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            values = [self.pop() for _ in range(int(name[-1]))]
            self._push(tuple(values[::-1]))
        elif name == "TUPLE":
            self._push(tuple(self._since_mark()))
        elif name in ("EMPTY_LIST", "LIST"):
            self._push([] if name == "EMPTY_LIST" else self._since_mark())
        elif name in ("EMPTY_DICT", "DICT"):
            values = [] if name == "EMPTY_DICT" else self._since_mark()
            self._push({})
            self._set(values)
        elif name in ("APPEND", "APPENDS"):
            values = [self.pop()] if name == "APPEND" else self._since_mark()
            if not isinstance(self._last(), list):
                raise Refused("a list that is none")
            self._last().extend(values)
        elif name in ("SETITEM", "SETITEMS"):
            values = [self.pop(), self.pop()][::-1] if name == "SETITEM" else self._since_mark()
            self._set(values)
        else:
            raise Refused(f"the operation {name}")

    def _set(self, values):
        """Put keys and values into the last dictionary."""
        target = self._last()
        if not isinstance(target, dict) or len(values) % 2:
            raise Refused("a dictionary that is none")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str | int):
                raise Refused(f"a key that is a {type(key).__name__}")
            target[key] = value


def _plain(value, name):
    """A number, a truth value or a text, none of them long."""
    if name in ("NEWTRUE", "NEWFALSE"):
        return name == "NEWTRUE"
    if isinstance(value, int) and value.bit_length() > 128:
        raise Refused("a number of more than 128 bits")
    if isinstance(value, str | bytes) and len(value) > _LONGEST_TEXT:
        raise Refused(f"a text of {len(value)} characters ({name})")
    return value


def _flat(value):
    """A reference: a tuple of plain values and names."""
    plain = (str, int, float, Global, type(None))
    if not isinstance(value, tuple) or not all(isinstance(part, plain) for part in value):
        raise Refused("a reference that is none")
    return value
