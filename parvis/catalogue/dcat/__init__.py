"""The catalogue in the words of others: DCAT-AP 3, schema.org, Croissant, DataCite.

Only what is public goes out. `records` reads, the other modules write; `graph` alone needs rdflib,
which is imported when a graph is asked for, so that pages and start-up stay light.
"""
