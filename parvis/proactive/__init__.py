"""Proactive publication: classes of documents that the law names, and registers as typed tables."""
