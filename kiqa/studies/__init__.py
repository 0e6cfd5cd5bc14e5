"""Experiments with people as pages that a laboratory opens in a browser.

The thesis's three, and the rating study of PaQ-2-PiQ.

Each page is one HTML file with the images inside. It needs no server and no
network, keeps answers in the browser and saves them as the CSV that kiqa
reads. `docs/studies.md` says how to run a study.

Public names: :func:`write_boxes_study`, :func:`write_jnd_study`,
:func:`write_patches_study`, :func:`write_ratings_study`, :class:`StudyPage`.

References:
    Thesis, sections 3.1 (patches), 5.3 (boxes) and 6.3 (noticeable
    differences); Ying et al. 2020, sections 3.3 and 3.4 (ratings).
"""

from kiqa.studies.boxes import write_boxes_study
from kiqa.studies.jnd import write_jnd_study
from kiqa.studies.page import StudyPage
from kiqa.studies.patches import write_patches_study
from kiqa.studies.ratings import write_ratings_study

__all__ = [
    "StudyPage",
    "write_boxes_study",
    "write_jnd_study",
    "write_patches_study",
    "write_ratings_study",
]
