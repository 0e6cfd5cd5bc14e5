"""Measures for anybody's predictions and maps: NumPy and SciPy only.

- ``correlation``: SROCC, PLCC, KROCC, RMSE and their bootstrap intervals.
- ``logistic``: the VQEG logistic functions fitted before PLCC and RMSE.
- ``roc``: the exact area under the ROC curve of a map against a mask.
- ``report``: tables as dictionaries, Markdown, CSV and JSON.
- ``ratings``, ``rejection``, ``agreement``, ``subjective``, ``consistency``:
  from people's ratings to mean opinion scores; ``simulated_ratings``: studies
  of invented people.
"""
