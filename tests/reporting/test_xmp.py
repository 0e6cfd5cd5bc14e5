"""Stars in sidecars: what is there stays, byte for byte, but for the rating."""

import re
from xml.etree import ElementTree

import pytest

from kiqa.reporting.xmp import new_sidecar, rating_of, sidecars, with_rating, write_rating

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMP = "http://ns.adobe.com/xap/1.0/"
LIGHTROOM = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about=""
    xmlns:xmp="{XMP}" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:Rating="0" xmp:Label='a > "b"'
   crs:Exposure2012="+0.50">
   <crs:ToneCurve><rdf:Seq><rdf:li>0, 0</rdf:li></rdf:Seq></crs:ToneCurve>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
""".encode()
DARKTABLE = f"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about="" xmlns:darktable="http://darktable.sf.net/"
   darktable:history_end="3"><!-- kept --></rdf:Description>
 </rdf:RDF>
</x:xmpmeta>""".encode()
ELEMENT = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">
<rdf:Description xmlns:xap="{XMP}"><xap:Rating>0</xap:Rating><xap:CreatorTool>ä</xap:CreatorTool>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()
OTHER_PREFIX = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">
<rdf:Description xmlns:xmp="http://example.org/other" xmp:Rating="1"/>
</rdf:RDF></x:xmpmeta>""".encode()


def _attributes(packet):
    """All tags, attributes and texts but the rating."""
    found = []
    for element in ElementTree.fromstring(packet).iter():
        own = {key: value for key, value in element.attrib.items() if key != f"{{{XMP}}}Rating"}
        text = "" if element.tag == f"{{{XMP}}}Rating" else (element.text or "").strip()
        found.append((element.tag, own, text))
    return found


@pytest.mark.parametrize(
    "packet", [LIGHTROOM, DARKTABLE, ELEMENT, OTHER_PREFIX, b"\xef\xbb\xbf" + LIGHTROOM],
    ids=["lightroom", "darktable", "element", "other prefix", "byte order mark"],
)  # fmt: skip
def test_a_rating_is_added_and_all_else_stays(packet):
    """Whether it was 0, an element or not there."""
    assert rating_of(packet) in (None, 0)
    merged = with_rating(packet, 4)
    assert rating_of(merged) == 4
    assert _attributes(merged) == _attributes(packet)
    if LIGHTROOM in packet:
        assert merged == packet.replace(b'Rating="0"', b'Rating="4"')
    else:
        without = re.sub(rb'( xmlns:\w+="[^"]+")? \w+:Rating="4"|[04]', b"", merged)
        assert without == re.sub(rb"[04]", b"", packet)
    assert with_rating(merged, 2) == merged


def test_an_empty_rating_element_is_filled():
    """Written as one tag."""
    packet = ELEMENT.replace(b"<xap:Rating>0</xap:Rating>", b"<xap:Rating/>")
    assert rating_of(with_rating(packet, 3)) == 3


@pytest.mark.parametrize("rating", [b"inf", b"1e999", b"nan", b"good"])
def test_a_rating_that_is_no_number_of_stars_is_none(rating):
    """It ends no run."""
    assert rating_of(LIGHTROOM.replace(b'Rating="0"', b'Rating="' + rating + b'"')) is None


@pytest.mark.parametrize("rating", [b"3", b"-1", b"5"])
def test_a_rating_of_somebody_stays(rating):
    """Also that of a rejected image."""
    packet = LIGHTROOM.replace(b'Rating="0"', b'Rating="' + rating + b'"')
    assert with_rating(packet, 5) == packet


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"no XML",
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
        b"<html><body/></html>",
        f'<rdf:RDF xmlns:rdf="{RDF}"/>'.encode(),
        LIGHTROOM.decode().encode("utf-16"),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + LIGHTROOM,
        LIGHTROOM[:-40],
    ],
    ids=["empty", "text", "open", "html", "no description", "utf-16", "entities", "cut"],
)
def test_what_is_no_xmp_is_refused(packet):
    """In one sentence."""
    with pytest.raises(ValueError, match="Expected XMP"):
        with_rating(packet, 5)


def test_a_new_sidecar_is_read_by_a_parser():
    """As the three programs do."""
    (element,) = ElementTree.fromstring(new_sidecar(5)).iter(f"{{{RDF}}}Description")
    assert element.attrib == {f"{{{RDF}}}about": "", f"{{{XMP}}}Rating": "5"}


def test_sidecars_that_are_there_are_rated(tmp_path):
    """Both forms; without any a new one, in the form asked for."""
    image = tmp_path / "a.b.jpg"
    assert [path.name for path in sidecars(image)] == ["a.b.jpg.xmp", "a.b.xmp"]
    assert write_rating(image, 5, short_names=True) == [tmp_path / "a.b.xmp"]
    assert write_rating(image, 4) == []
    (tmp_path / "a.b.jpg.xmp").write_bytes(DARKTABLE)
    (tmp_path / "a.b.xmp").write_bytes(LIGHTROOM)
    assert write_rating(image, 4) == sidecars(image)
    assert [rating_of(path.read_bytes()) for path in sidecars(image)] == [4, 4]
    assert write_rating(tmp_path / "c.jpg", 1) == [tmp_path / "c.jpg.xmp"]


@pytest.mark.parametrize("rating", [b"2", b"-1"])
@pytest.mark.parametrize("rated", [0, 1])
def test_a_rating_in_one_sidecar_leaves_both(tmp_path, rating, rated):
    """No program is told something else than another one."""
    image = tmp_path / "a.jpg"
    packets = [DARKTABLE, DARKTABLE]
    packets[rated] = LIGHTROOM.replace(b'Rating="0"', b'Rating="' + rating + b'"')
    for path, packet in zip(sidecars(image), packets, strict=True):
        path.write_bytes(packet)
    assert write_rating(image, 5) == []
    assert [path.read_bytes() for path in sidecars(image)] == packets


def test_one_bad_sidecar_of_two_leaves_both(tmp_path):
    """Nothing is written for such an image."""
    (tmp_path / "a.jpg.xmp").write_bytes(DARKTABLE)
    (tmp_path / "a.xmp").write_bytes(b"no XMP")
    with pytest.raises(ValueError, match="a.xmp: Expected XMP"):
        write_rating(tmp_path / "a.jpg", 5)
    assert (tmp_path / "a.jpg.xmp").read_bytes() == DARKTABLE
    (tmp_path / "b.xmp").mkdir()
    with pytest.raises(ValueError, match="no file"):
        write_rating(tmp_path / "b.jpg", 5)
