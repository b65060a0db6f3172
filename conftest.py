"""Every test runs in a home of its own, on the database that PARVIS_DATABASE_URL names."""

import os
import tempfile

os.environ["PARVIS_TESTING"] = "1"
os.environ.setdefault("PARVIS_SECRET_KEY", "for-tests-only")
os.environ["PARVIS_HOME"] = tempfile.mkdtemp(prefix="parvis-test-")
os.environ.setdefault("PARVIS_PAGE_CACHE", "0")

from parvis.core.catalogs import compile_all  # noqa: E402

compile_all()
