"""Settings of the tests: a home of their own, no page cache; the rest is what people run."""

import atexit
import os
import shutil
import tempfile

os.environ["PARVIS_TESTING"] = "1"
os.environ.setdefault("PARVIS_SECRET_KEY", "for-tests-only")
os.environ["PARVIS_HOME"] = tempfile.mkdtemp(prefix="parvis-test-")
atexit.register(shutil.rmtree, os.environ["PARVIS_HOME"], ignore_errors=True)
os.environ.setdefault("PARVIS_PAGE_CACHE", "0")

from parvis.settings import *
from parvis.settings import DATABASES, HOME

if DATABASES["default"]["ENGINE"] == "parvis.core.sqlite":
    # A file, as people run it; each parallel worker adds its own suffix. It need not outlive the
    # machine: what a crash leaves is asked of processes of their own, on the settings people run.
    DATABASES["default"]["TEST"] = {"NAME": str(HOME / "test.db")}
    _options = DATABASES["default"]["OPTIONS"]
    _options["init_command"] += " PRAGMA synchronous=OFF;"

# Hashing a password is slow on purpose; a file of the pages is looked for when it is asked.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True

# No test asks the network: a domain has no record until a test gives it some.
DNS_LOOKUP = "tests.settings.no_record"


def no_record() -> object:
    """Return what answers that there is nothing."""
    return lambda _name, _kind: []
