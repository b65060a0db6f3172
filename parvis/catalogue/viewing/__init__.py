"""Tables, charts, maps, files and differences as pages: all that is shown is in the address."""
