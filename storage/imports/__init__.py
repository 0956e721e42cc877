"""Spreadsheets into the base (表格导入): read safely, checked cell by cell, stored by portions, taken back as a whole.

`reading` opens what a clerk sends, `headers` finds out which column is which, `*_cells` turn a cell into a value
or say what is wrong with it, `kinds*` tell what each kind of spreadsheet holds and which verb takes its rows,
`runs` stores them and `undo` takes the last import back. The kinds are listed in `everything`.
"""
