"""``paq2piq-fig9``: the numbers that it is drawn from."""

import pytest

from kiqa.reproduce.__main__ import main


@pytest.mark.slow
def test_three_networks_with_one_body(tmp_path, csv_rows):
    """ResNet-18's four stages; P2P-BM has no RoIPool; the feedback is four more values."""
    assert main(["paq2piq-fig9", "--output", str(tmp_path)]) == 0
    rows = csv_rows(tmp_path / "paq2piq-fig9.csv")
    of = {name: {row["name"]: row for row in rows if row["network"] == name}
          for name in ("P2P-BM", "P2P-RM", "P2P-FM")}  # fmt: skip
    for stages in of.values():
        body = sum(int(row["parameters"]) for row in list(stages.values())[:20]
                   if row["name"].startswith(("conv", "bn", "layer")))  # fmt: skip
        assert body == 11_186_112  # torchvision's 11,689,512 less 513,000, and 9,600 statistics
        assert stages["layer4"]["shape"] == "20 x 20 x 512"
    assert "roi_pool" not in of["P2P-BM"] and of["P2P-RM"]["roi_pool"]["shape"] == "2 x 2 x 512"
    assert of["P2P-BM"]["score"]["shape"] == of["P2P-RM"]["score"]["shape"] == "1"
    assert of["P2P-FM"]["patch_scores"]["shape"] == "4"
    assert of["P2P-FM"]["feedback"]["shape"] == str(1024 + 4)
    assert (tmp_path / "paq2piq-fig9.png").stat().st_size > 1000
