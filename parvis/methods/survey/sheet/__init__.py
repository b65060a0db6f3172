"""A questionnaire as a spreadsheet: written, read back with each error at its cell, compared.

`columns` says what each column holds; `write` makes the files; `read` takes one back; `guard`
refuses a hostile one before it is parsed; `compare` says what would change.
"""
