"""``wadiqam-fig3`` to ``wadiqam-fig5``: maps of quality and weight."""

import numpy as np
import pytest
from PIL import Image

from kiqa.data.distortions.blocks import local_blocks
from kiqa.reproduce.__main__ import main

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.slow
@pytest.mark.parametrize("number", [3, 4, 5])
def test_maps_of_quality_and_weight(number, photo, random_file, tmp_path):
    """Fig. 3 with and without a reference, Fig. 5 of two images; a reference is asked for."""
    files = []
    for index in range(2):
        files.append(str(tmp_path / f"{index}.png"))
        Image.fromarray(photo[64 * index : 64 * index + 96, :128]).save(files[-1])
    models = [str(random_file(mode, "weighted", "both")) for mode in ("fr", "nr")]
    out = ["--output", str(tmp_path)]
    if number == 3:
        options = ["--image", files[0], "--model", models[0], "--model", models[1], *out]
        assert main(["wadiqam-fig3", *options]) == 2
        assert main(["wadiqam-fig3", *options, "--reference", files[1]]) == 0
    elif number == 4:
        options = ["--image", files[0], "--model", models[0], "--seed", "3", *out]
        assert main(["wadiqam-fig4", *options, "--blocks", "2", "--reference", files[1]]) == 2
        assert main(["wadiqam-fig4", *options, "--blocks", "500"]) == 2  # fit in no image
        assert main(["wadiqam-fig4", *options, "--blocks", "2"]) == 0
        made = np.array(Image.open(tmp_path / "wadiqam-fig4.png"))
        worse = str(tmp_path / "worse.png")
        pixels = local_blocks(np.array(Image.open(files[0])), 2, np.random.default_rng(3))
        Image.fromarray(pixels).save(worse)
        given = ["--image", worse, "--reference", files[0], "--model", models[0], *out]
        assert main(["wadiqam-fig4", *given]) == 0
        drawn = np.array(Image.open(tmp_path / "wadiqam-fig4.png"))
        below = len(made) // 4  # the title names another file
        assert (made[below:] == drawn[below:]).all() and (made[:below] != drawn[:below]).any()
    else:
        images = ["--image", files[0], "--image", files[1], "--model", models[1], *out]
        assert main(["wadiqam-fig5", *images, "--stride", "16"]) == 0
        assert main(["wadiqam-fig5", *images, "--reference", files[0]]) == 2
    assert (tmp_path / f"wadiqam-fig{number}.png").stat().st_size > 20_000
