"""BRISQUE's published files: a LIBSVM model and its ranges."""

import numpy as np
import pytest

from kiqa.cli.main import main
from kiqa.convert.brisque import convert_brisque
from kiqa.io.weights import load_model, read_info

VECTORS, GAMMA, RHO = 5, 0.05, -153.591


@pytest.fixture
def release(tmp_path):
    """``allmodel`` and ``allrange`` of random numbers, zeros left out, and the numbers."""
    rng = np.random.default_rng(2)
    vectors = rng.uniform(-1, 1, (VECTORS, 36))
    vectors[1, 4] = 0
    coefficients = rng.uniform(-50, 50, VECTORS)
    low = rng.uniform(-1, 0, 36)
    high = low + rng.uniform(0.5, 4, 36)
    lines = ["svm_type epsilon_svr", "kernel_type rbf", f"gamma {GAMMA}", "nr_class 2"]
    lines += [f"total_sv {VECTORS}", f"rho {RHO}", "SV"]
    for coefficient, vector in zip(coefficients, vectors, strict=True):
        cells = [f"{i}:{value:.9g}" for i, value in enumerate(vector, 1) if value]
        lines.append(" ".join([f"{coefficient:.9g}", *cells]) + " ")
    (tmp_path / "allmodel").write_text("\n".join(lines) + "\n")
    ranges = [f"{i} {a:.9g} {b:.9g}" for i, (a, b) in enumerate(zip(low, high, strict=True), 1)]
    (tmp_path / "allrange").write_text("\n".join(["x", "-1 1", *ranges]) + "\n")
    return tmp_path, vectors, coefficients, low, high


def test_the_network_equals_the_machine(release, capsys):
    """To 1e-3 on the scale 0..100; the file says where it is from and which way is better."""
    folder, vectors, coefficients, low, high = release
    output = folder / "live.h5"
    assert main(["convert", "brisque", str(folder / "allmodel"), "--output", str(output)]) == 0
    assert "scale 0..100, lower is better" in capsys.readouterr().out
    statistics = np.random.default_rng(3).uniform(low, high, (6, 36))
    scaled = 2 * (statistics - low) / (high - low) - 1
    distances = np.sum((scaled[:, None] - vectors[None]) ** 2, axis=2)
    expected = np.exp(-GAMMA * distances) @ coefficients - RHO
    found = np.asarray(load_model(output)(statistics.astype(np.float32)))[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    details = read_info(output).details
    assert (details.origin.project, details.trained_on) == ("BRISQUE", None)


@pytest.mark.parametrize(
    ("file", "before", "after", "message"),
    [
        ("allmodel", "epsilon_svr", "c_svc", "LIBSVM file"),
        ("allmodel", "total_sv 5", "total_sv 6", "5 support vectors"),
        ("allmodel", " 36:", " 37:", "statistic 37"),
        ("allrange", "-1 1", "0 1", "-1 1, and 36 lines"),
        ("allrange", "\n7 ", "\n8 ", "36 lines"),
    ],
)
def test_other_files_are_refused(release, file, before, after, message):
    """Each by name, with what is missing."""
    path = release[0] / file
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(ValueError, match=message):
        convert_brisque(release[0] / "allmodel", release[0] / "out.h5")


def test_lines_of_blanks_are_passed_over(release):
    """Whatever editor put them there."""
    path = release[0] / "allmodel"
    convert_brisque(path, release[0] / "plain.h5")
    path.write_text(path.read_text().replace("\nSV\n", "\n  \nSV\n \t\n") + "   \n")
    convert_brisque(path, release[0] / "blank.h5")
    plain, blank = (load_model(release[0] / f"{name}.h5") for name in ("plain", "blank"))
    for one, two in zip(plain.get_weights(), blank.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_ranges_are_needed(release):
    """They lie beside the model, or are named."""
    (release[0] / "allrange").rename(release[0] / "other")
    with pytest.raises(FileNotFoundError, match="allrange"):
        convert_brisque(release[0] / "allmodel", release[0] / "out.h5")
    ranges = release[0] / "other"
    assert convert_brisque(release[0] / "allmodel", release[0] / "out.h5", ranges=ranges).is_file()


@pytest.mark.parametrize(
    ("before", "after"),
    [("gamma 0.05", "gamma nan"), ("gamma 0.05", "gamma 1e308"), ("gamma 0.05", "gamma -1"),
     ("rho -153.591", "rho inf"), (" 36:", " 36:1e300 36:")],
)  # fmt: skip
def test_numbers_are_possible_ones(release, before, after, recwarn):
    """Nothing overflows in the network; refused at once, without foreign warnings."""
    path = release[0] / "allmodel"
    text = path.read_text().replace(before, after, 1)
    path.write_text(text.replace("36:1e300 36:", "36:1e300 1:"))
    with pytest.raises(ValueError, match="numbers up to"):
        convert_brisque(path, release[0] / "out.h5")
    assert not recwarn.list


def test_no_gigabytes(release):
    """A sparse file is refused by its size."""
    with (release[0] / "allmodel").open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(ValueError, match="at most 67108864 bytes"):
        convert_brisque(release[0] / "allmodel", release[0] / "out.h5")
