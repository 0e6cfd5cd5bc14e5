"""The one reader of tables that people bring: CSV of any dialect, and workbooks.

Columns are looked up by name, whatever their case.
"""

from kiqa.data.tables.cells import read_header, read_text
from kiqa.data.tables.columns import match_columns, read_table
from kiqa.data.tables.spreadsheets import read_sheet
from kiqa.data.tables.wide import read_long

__all__ = ["match_columns", "read_header", "read_long", "read_sheet", "read_table", "read_text"]
