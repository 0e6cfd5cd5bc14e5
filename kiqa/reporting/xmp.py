"""Stars in XMP sidecars, as Lightroom, darktable and digiKam read them.

A sidecar that is there keeps every byte but the rating: the place of the
rating is found by an XML parser, and the text is changed there alone. A rating
that a person has given stays.

Public names: `new_sidecar`, `with_rating`, `rating_of`, `sidecars`, `write_rating`.

References:
    Adobe, XMP Specification Part 1 and Part 2 (``xmp:Rating``: -1 rejected, 0
    unrated, 1 to 5 stars).
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from kiqa.io.files import write_atomically

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_LARGEST = 32 << 20  # bytes of a sidecar
_NEW = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="kiqa">
 <rdf:RDF xmlns:rdf="{rdf}">
  <rdf:Description rdf:about=""
    xmlns:xmp="{xmp}"
    xmp:Rating="{stars}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


@dataclass
class _Found:
    """Where things are in a packet; offsets in bytes."""

    description: int = -1  # of the first one
    prefixes: dict[str, str] = field(default_factory=dict)  # in scope there
    attribute: int | None = None  # the description whose attribute is the rating
    attribute_prefixes: tuple[str, ...] = ()
    element: tuple[int, int] | None = None  # the rating as an element: start and end tag
    rating: str | None = None


def new_sidecar(stars: int) -> bytes:
    """Return a sidecar that holds nothing but a rating, 1 to 5 stars."""
    return _NEW.format(rdf=_RDF, xmp=_XMP, stars=stars).encode("utf-8")


def rating_of(packet: bytes) -> int | None:
    """Return the rating of an XMP packet, -1..5; ``None`` without one that can be read.

    Raises:
        ValueError: If it is no XMP.
    """
    found = _look(packet)
    try:
        return int(float(found.rating or ""))
    except (ValueError, OverflowError):  # no number, or infinity
        return None


def _is_rated(packet: bytes) -> bool:
    """Whether somebody has given a rating; 0 is none."""
    return rating_of(packet) not in (None, 0)


def with_rating(packet: bytes, stars: int) -> bytes:
    """Return an XMP packet with a rating, and all else as it is.

    Args:
        packet: Bytes of a sidecar, in UTF-8.
        stars: 1 to 5.

    Returns:
        The packet. It is the same if it has a rating other than 0, which is
        somebody's own.

    Raises:
        ValueError: If it is no XMP, or in another encoding.
    """
    found = _look(packet)
    if _is_rated(packet):
        return packet
    value = str(stars).encode()
    if found.attribute is not None:
        end = _end_of_tag(packet, found.attribute)
        names = b"|".join(re.escape(prefix.encode()) for prefix in found.attribute_prefixes)
        changed = re.sub(
            rb"(\s(?:" + names + rb"):Rating\s*=\s*)(\"[^\"]*\"|'[^']*')",
            lambda match: match[1] + b'"' + value + b'"',
            packet[found.attribute : end],
            count=1,
        )
        merged = packet[: found.attribute] + changed + packet[end:]
    elif found.element is not None:
        start, end = found.element
        inside = _end_of_tag(packet, start)
        if packet[inside - 2 : inside] == b"/>":
            name = packet[start + 1 : inside - 2].split()[0]
            merged = packet[: inside - 2] + b">" + value + b"</" + name + b">" + packet[inside:]
        else:
            merged = packet[:inside] + value + packet[end:]
    else:
        merged = _inserted(packet, found.description, found.prefixes, value)
    if rating_of(merged) != stars:
        raise ValueError(
            "Expected XMP whose rating can be set. Received: one that is written in another way. "
            "Rate this image in your program."
        )
    return merged


def sidecars(path: str | os.PathLike) -> list[Path]:
    """Return the sidecars that an image may have: ``a.jpg.xmp``, then ``a.xmp``.

    darktable and digiKam write the first form, Lightroom the second; all three
    read the ratings of their own, and the first two also those of the second.
    """
    path = Path(path)
    names = [path.with_name(f"{path.name}.xmp"), path.with_name(f"{path.stem}.xmp")]
    return list(dict.fromkeys(names))


def write_rating(path: str | os.PathLike, stars: int, *, short_names: bool = False) -> list[Path]:
    """Rate an image in its sidecars.

    Args:
        path: The image.
        stars: 1 to 5.
        short_names: A new sidecar is ``a.xmp`` instead of ``a.jpg.xmp``.

    Returns:
        The sidecars that were written: all that are there, or a new one.
        None for an image that has a rating other than 0 in one of them.

    Raises:
        ValueError: If a sidecar that is there is no XMP; nothing is written.
        OSError: If one cannot be read or written.
    """
    choices = sidecars(path)
    packets = {sidecar: _read(sidecar) for sidecar in choices if os.path.lexists(sidecar)}
    merged = {}
    for sidecar, packet in packets.items():
        try:
            merged[sidecar] = with_rating(packet, stars)
        except ValueError as error:
            raise ValueError(f"{sidecar}: {error}") from error
    if any(map(_is_rated, packets.values())):
        return []
    if not packets:
        merged[choices[-1 if short_names else 0]] = new_sidecar(stars)
    for sidecar, packet in merged.items():
        write_atomically(sidecar, packet)
    return list(merged)


def _read(sidecar):
    if not sidecar.is_file():
        raise ValueError(f"{sidecar}: expected a sidecar, received something that is no file")
    if sidecar.stat().st_size > _LARGEST:
        raise ValueError(f"{sidecar}: expected at most {_LARGEST >> 20} MiB of XMP, received more")
    return sidecar.read_bytes()


def _inserted(packet, at, prefixes, value):
    """The rating as an attribute of the description that begins there."""
    own = [prefix for prefix, uri in prefixes.items() if uri == _XMP and prefix]
    declared = b""
    if own:
        prefix = own[0]
    else:
        prefix = next(name for name in ("xmp", "xap", "kiqaxmp") if name not in prefixes)
        declared = f' xmlns:{prefix}="{_XMP}"'.encode()
    place = _end_of(rb"<[^\s/>]+", packet, at)
    rating = b" " + prefix.encode() + b':Rating="' + value + b'"'
    return packet[:place] + declared + rating + packet[place:]


def _end_of_tag(packet, start):
    """Behind the ``>`` of the tag that begins there; quotes may hold others."""
    return _end_of(rb"<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>", packet, start)


def _end_of(pattern, packet, start):
    """Where a pattern ends that the parser has seen there."""
    match = re.compile(pattern).match(packet, start)
    if match is None:
        raise ValueError("Expected XMP. Received: a tag that cannot be found again. Move it away.")
    return match.end()


def _look(packet):
    """Find descriptions and the rating."""
    if not packet.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise ValueError("Expected XMP in UTF-8. Received: something else. Move it away.")
    found, stack, scope, text = _Found(), [], [{}], []
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
    waiting: dict[str, str] = {}

    def declare(prefix, uri):
        waiting[prefix or ""] = uri or ""

    def start(name, attributes):
        at = parser.CurrentByteIndex
        scope.append(scope[-1] | waiting)
        waiting.clear()
        above = stack[-1] if stack else ""
        stack.append(name)
        if name == f"{_RDF} Description" and above == f"{_RDF} RDF":
            if found.description < 0:
                found.description, found.prefixes = at, scope[-1]
            rating = attributes.get(f"{_XMP} Rating")
            if rating is not None and found.rating is None:
                found.attribute, found.rating = at, rating
                found.attribute_prefixes = tuple(p for p, u in scope[-1].items() if u == _XMP)
        elif name == f"{_XMP} Rating" and above == f"{_RDF} Description" and not found.rating:
            found.element = at, at
            text.clear()

    def end(name):
        if name == f"{_XMP} Rating" and found.element and found.element[0] == found.element[1]:
            found.element = found.element[0], parser.CurrentByteIndex
            found.rating = "".join(text).strip()
        stack.pop()
        scope.pop()

    def refuse(*_):
        raise ValueError("Expected XMP. Received: XML with a document type. Move it away.")

    parser.StartNamespaceDeclHandler = declare
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(packet, True)
    except expat.ExpatError as error:
        raise ValueError(f"Expected XMP. Received: no XML ({error}). Move it away.") from None
    if found.description < 0:
        raise ValueError("Expected XMP. Received: XML without rdf:Description. Move it away.")
    return found
