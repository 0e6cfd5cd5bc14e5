"""The codebook of CORNIA."""

import numpy as np
import pytest
from PIL import Image

from kiqa.comparators.learned.cornia import normalised_patches
from kiqa.comparators.learned.fit_cornia import fit_codebook, kept_codebook


def test_codewords_are_of_length_one_in_white_patches(photo):
    """Whitened patches have one variance in each direction; the words are theirs."""
    patches = normalised_patches(photo[:200, :200], 3000)
    codebook = fit_codebook(patches, codewords=12, seed=1)
    assert codebook.kernel.shape == (49, 12) and codebook.bias.shape == (12,)
    found = patches @ codebook.kernel + codebook.bias
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-3)
    assert (found.std(axis=0) < 1.01).all() and (found.std(axis=0) > 0.5).all()
    assert fit_codebook(patches, codewords=12, seed=1).sha256 == codebook.sha256


def test_too_few_patches_are_refused(photo):
    """Both numbers are named."""
    with pytest.raises(ValueError, match="at least 12 patches.*Received: 5"):
        fit_codebook(normalised_patches(photo[:50, :50], 5), codewords=12, seed=1)


def test_it_is_kept_for_the_same_images(tmp_path, photo, monkeypatch):
    """Read again without a fit; made again for others, also of the same names, or another size."""
    paths = [tmp_path / f"{n}.png" for n in range(2)]
    for number, path in enumerate(paths):
        Image.fromarray(photo[number : number + 40, :40]).save(path)
    file = tmp_path / "codebook.npz"
    first = kept_codebook(paths, file, codewords=5, seed=0, report=print)
    with monkeypatch.context() as patch:
        patch.setattr("kiqa.comparators.learned.fit_cornia.fit_codebook", None)
        assert kept_codebook(paths, file, codewords=5, seed=0, report=print).sha256 == first.sha256
    Image.fromarray(photo[90:130, :40]).save(paths[0])
    assert kept_codebook(paths, file, codewords=5, seed=0, report=print).sha256 != first.sha256
    assert len(kept_codebook(paths[1:], file, codewords=6, seed=0, report=print).bias) == 6


def test_an_image_that_cannot_be_used_is_left_out(tmp_path, photo):
    """It is told; the codebook is that of the others."""
    good, small, torn = (tmp_path / name for name in ("good.png", "small.png", "torn.png"))
    Image.fromarray(photo[:40, :40]).save(good)
    Image.fromarray(photo[:5, :40]).save(small)
    torn.write_bytes(good.read_bytes()[:200])
    told = []
    of = {"codewords": 5, "seed": 0, "report": told.append}
    found = kept_codebook([small, good, torn], tmp_path / "a.npz", **of)
    assert [line.split(" is left out: ")[0] for line in told] == ["small.png", "torn.png"]
    assert found.sha256 == kept_codebook([good], tmp_path / "b.npz", **of).sha256
    with pytest.raises(ValueError, match="Received: 2, and none can"):
        kept_codebook([small, torn], tmp_path / "c.npz", **of)
