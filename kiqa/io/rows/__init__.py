"""Rows of results: their forms, files that they are appended to, and folders of parts."""

from kiqa.io.rows.files import RowFile, read_rows

__all__ = ["RowFile", "read_rows"]
