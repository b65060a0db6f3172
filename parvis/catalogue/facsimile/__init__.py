"""Files that are no tables, looked at here: pages, pictures, texts, lists, maps."""
