"""Measures for anybody's predictions and maps: NumPy and SciPy only.

- ``correlation``: SROCC, PLCC, KROCC, RMSE and their bootstrap intervals.
- ``logistic``: the VQEG logistic functions fitted before PLCC and RMSE.
- ``roc``: the exact area under the ROC curve of a map against a mask.
- ``report``: tables as dictionaries, Markdown, CSV and JSON.
- ``local``: AUCs of local maps, and their summary.
- ``study``: from people's ratings to mean opinion scores, and studies of
  invented people.
"""
