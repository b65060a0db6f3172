"""A dataset is read by a second person, approved, then published: now or at a chosen minute."""
