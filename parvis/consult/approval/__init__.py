"""A second person reads before the public does: draft, review, approved, scheduled, open."""
