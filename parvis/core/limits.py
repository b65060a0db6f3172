"""Every limit in one place: sizes in characters or bytes, durations in seconds."""

TITLE_CHARACTERS = 200
SHORT_CHARACTERS = 300
TEXT_CHARACTERS = 20_000
CONTRIBUTION_CHARACTERS = 3_500
COMMENT_CHARACTERS = 2_000
REASON_CHARACTERS = 1_000
SEARCH_CHARACTERS = 200
PAGE_ROWS = 20
COMMENTS_PAGE_ROWS = 50
UPLOAD_BYTES = 10_000_000
IMPORT_BYTES = 50_000_000
IMPORT_ROWS = 200_000
TABLE_BYTES = 500_000_000
"""The largest file that becomes a table of the catalogue."""
TABLE_AT_ONCE_BYTES = 2_000_000
"""Larger files are read by a job, outside the request."""
UPLOAD_KEPT_DAYS = 7
"""How long a file that could not be read is kept, for somebody to accept it as it is."""
LEAF_BYTES = 65_535
CHART_ANSWERS_MIN = 10
"""Public charts appear from this many answers on (TRUST: publication threshold)."""
CELL_MIN = 10
DRAFT_DAYS = 30
WALK_NODES = 50
"""Nodes returned by level of a thread; counts are exact."""
SQL_SECONDS = 5.0
"""How long one statement of the public may take."""
SQL_ROWS = 32_000
SQL_STATEMENTS = 30
"""Statements a minute from one network, by server process."""
