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
LEAF_BYTES = 65_535
CHART_ANSWERS_MIN = 10
"""Public charts appear from this many answers on (TRUST: publication threshold)."""
CELL_MIN = 10
DRAFT_DAYS = 30
WALK_NODES = 50
"""Nodes returned by level of a thread; counts are exact."""
