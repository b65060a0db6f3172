"""Tables: read them whole, keep them for good, ask them questions, write them out.

Pure: no Django, no network. Everything that reads or writes tabular data goes through here.
"""
