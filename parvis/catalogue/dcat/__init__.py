"""The catalogue in the words of others: DCAT-AP 3, schema.org, Croissant, DataCite.

Only what is public goes out. `records` reads, `graph` and `schemaorg` say, `triples` writes.
"""
