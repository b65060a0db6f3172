"""What the server calls: the page cache, then Django."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parvis.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from parvis.core.cache import PageCache

application = PageCache(get_wsgi_application(), settings.PAGE_CACHE_SECONDS)

# What was loaded stays for good: the collector need not walk it at every request.
gc.collect()
gc.freeze()
