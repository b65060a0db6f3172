"""Tables from the outside: CKAN's DataStore, dumps, public SQL, rows by programs."""
