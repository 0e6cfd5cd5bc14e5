"""Published rows beside ours, as data frames."""

from kiqa.reproduce.beside import Beside


def test_rows_without_a_metric_stay_rows():
    """A method may have several, none of which has SROCC, PLCC or RMSE."""
    rows = [{"method": "one", "seconds": 0.5}, {"method": "one", "seconds": 0.25}]
    (frame,) = Beside("x", rows, []).frames()
    assert list(frame.index) == [("paper", "one")] * 2
    assert list(frame["seconds"]) == ["0.500", "0.250"]
