"""Reports of collections: groups, choices, the page, and what is done with the best.

`kiqa.report` is `kiqa.reporting.report.report`.
"""
