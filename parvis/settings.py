"""Every setting of Parvis, read from the environment once, at start.

The variables are documented in docs/operators.md; a test keeps that page complete.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from parvis.core.hosts import AddedHosts, to_ascii
from parvis.tables import choice

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("PARVIS_HOME", BASE_DIR / "var")).resolve()
HOME.mkdir(parents=True, exist_ok=True)


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def _secret() -> str:
    """The site's secret: given, or made on first run and kept in the home with mode 0600."""
    if given := os.environ.get("PARVIS_SECRET_KEY"):
        return given
    path = HOME / "secret.key"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "parvis.core.sqlite",
            "NAME": unquote(parts.path),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # FULL: a receipt is shown only once the commit is on disk.
                # secure_delete: an erased answer leaves no copy in free pages.
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                    "PRAGMA secure_delete=ON; PRAGMA cache_size=-32000; PRAGMA mmap_size=268435456;"
                ),
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(query.get("host", parts.hostname or "")),
            "PORT": str(query.get("port", parts.port or "")),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
        }
    raise ValueError(f"PARVIS_DATABASE_URL: {parts.scheme!r} is not sqlite or postgresql")


SITE_URL = os.environ.get("PARVIS_SITE_URL", "http://127.0.0.1:8000").rstrip("/")
_site = urlsplit(SITE_URL)
SECURE_SITE = _site.scheme == "https"
DEMO = _flag("PARVIS_DEMO")
DEBUG = _flag("PARVIS_DEBUG")
TESTING = _flag("PARVIS_TESTING")
SECRET_KEY = _secret()
# Accents are fine: requests say names as the DNS does. The last entry: names added at the desk.
ALLOWED_HOSTS = [
    *(
        to_ascii(host.strip()) if not host.isascii() else host.strip()
        for host in os.environ.get("PARVIS_HOSTS", f"{_site.hostname},127.0.0.1,localhost").split(
            ","
        )
        if host.strip()
    ),
    AddedHosts("names added at the desk"),
]
HOST_NAMES = "parvis.pages.standing.is_ours"
HOST_ORIGINS = "parvis.pages.standing.origins"
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SECURE_SITE else []

# Ways to participate: one folder and one line each.
METHODS = ["parvis.methods.survey", "parvis.methods.proposals"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "ninja",
    "parvis.core",
    "parvis.core.synonyms",
    "parvis.consult",
    "parvis.consult.approval",
    "parvis.consult.launch",
    "parvis.understand",
    "parvis.plan",
    "parvis.strategy",
    "parvis.collaborate",
    "parvis.catalogue",
    "parvis.catalogue.finding",
    "parvis.catalogue.texts",
    "parvis.catalogue.facsimile",
    "parvis.proactive",
    "parvis.catalogue.ckan",
    "parvis.catalogue.harvest",
    "parvis.catalogue.datastore",
    "parvis.catalogue.approval",
    "parvis.catalogue.conformity",
    "parvis.catalogue.anonymisation",
    "parvis.catalogue.asking",
    "parvis.catalogue.discussing",
    "parvis.moderation",
    "parvis.innovation",
    "parvis.ledger",
    "parvis.notify",
    "parvis.pages",
    *METHODS,
    "parvis.site",
    "parvis.site.alerts",
    "parvis.site.owners",
]

MIDDLEWARE = [
    "parvis.core.middleware.AccessLog",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "parvis.core.csrf.Csrf",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "parvis.core.middleware.CurrentActor",
    "parvis.core.middleware.SpokenErrors",
    "parvis.core.middleware.PublicCache",
    "parvis.pages.middleware.Standing",
]

ROOT_URLCONF = "parvis.urls"
WSGI_APPLICATION = "parvis.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "parvis" / "site" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "parvis.site.context.site",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "parvis.core.templatetags.parvis",
                "parvis.core.templatetags.keeping",
            ],
        },
    }
]
FORM_RENDERER = "parvis.core.forms.Renderer"

DATABASES = {
    "default": _database(os.environ.get("PARVIS_DATABASE_URL", f"sqlite://{HOME / 'parvis.db'}"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Called inside the transaction of every event, in this order.
EVENT_CONSUMERS_IN_TRANSACTION = [
    "parvis.ledger.consume.write_leaf",
    "parvis.methods.proposals.consume.count",
    "parvis.catalogue.finding.index.note",
    "parvis.catalogue.discussing.consume.follow",
]
# Called by the worker after commit, each idempotent.
EVENT_CONSUMERS = [
    "parvis.core.search.consume",
    "parvis.catalogue.finding.index.consume",
    "parvis.understand.consume.consume",
    "parvis.notify.consume.consume",
    "parvis.site.publication.consume",
    "parvis.site.registers.consume",
    "parvis.catalogue.texts.tasks.consume",
    "parvis.catalogue.facsimile.tasks.consume",
    "parvis.methods.survey.consume.consume",
]

# What else may be missing before a consultation opens: consultation -> list of holes.
CONSULTATION_HOLES: list[str] = ["parvis.consult.legal.holes.holes"]

AUTH_USER_MODEL = "core.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_ADAPTER = "parvis.core.accounts.AccountAdapter"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# By address, MAIL_GATE counts, in the database and in words of our own.
ACCOUNT_RATE_LIMITS = {"request_login_code": "20/m/ip"}
ACCOUNT_CHANGE_EMAIL = True
# By code, so that no secret stands in an address that a log would keep.
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_FORMS = {"login": "parvis.core.accounts.SignInForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "parvis.core.accounts.SecondFactorAdapter"
MFA_TOTP_ISSUER = "Parvis"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "America/Toronto"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = HOME / "files"
WHITENOISE_USE_FINDERS = TESTING
WHITENOISE_MAX_AGE = 31536000
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
# How many requests a minute a network may make to the Action API without a token; 0: any number.
API_PER_MINUTE = int(os.environ.get("PARVIS_API_PER_MINUTE", "0" if TESTING else "3000"))
# Whether the Action API refuses to publish what lacks a field of the profile, as the desk does.
CATALOGUE_API_COMPLETE = _flag("PARVIS_API_COMPLETE")

SESSION_COOKIE_NAME = "__Host-session" if SECURE_SITE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_SITE else "csrf"
LANGUAGE_COOKIE_NAME = "langue"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SITE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SITE else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if _flag("PARVIS_BEHIND_PROXY") else None
)
# Not "no-referrer": browsers then send `Origin: null`, and every form of the page is refused.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "parvis.site.views.errors.csrf_failure"
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "script-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

# Mail: a folder and a page in the demo; SMTP in production (smtp://user:password@host:587).
MAIL_URL = os.environ.get("PARVIS_MAIL_URL", "folder:")
DEFAULT_FROM_EMAIL = os.environ.get("PARVIS_MAIL_FROM", f"parvis@{_site.hostname}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_FOLDER = HOME / "mail"
if MAIL_URL.startswith("smtp"):
    _mail = urlsplit(MAIL_URL)
    # A request never waits for the mail server: the worker carries what the queue holds.
    EMAIL_BACKEND = "parvis.notify.queue.Backend"
    MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or 25
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_TLS = _mail.scheme == "smtp+tls" or EMAIL_PORT == 587
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MAIL_FOLDER
# Notices sent in a minute, at most; minutes that news wait for more news before they leave.
MAIL_PER_MINUTE = int(os.environ.get("PARVIS_MAIL_PER_MINUTE", "120"))
MAIL_QUIET_MINUTES = int(os.environ.get("PARVIS_MAIL_QUIET_MINUTES", "0" if DEMO else "15"))
# The name under which the mail server signs (DKIM); what answers questions about domains.
MAIL_DKIM_SELECTOR = os.environ.get("PARVIS_MAIL_DKIM_SELECTOR", "")
DNS_LOOKUP = "parvis.core.dns.Resolver"
# The days within which the site promises to answer a request for data.
DATA_REQUEST_DAYS = int(os.environ.get("PARVIS_DATA_REQUEST_DAYS", "30"))
# Whose messages about data a moderator reads before they show: everybody, no_account or nobody.
DISCUSSIONS_READ_FIRST = os.environ.get("PARVIS_DISCUSSIONS_READ_FIRST", "no_account")
# What harvests and link checks may reach: places inside (host or host:port), and nothing else but.
EGRESS_INSIDE = os.environ.get("PARVIS_EGRESS_INSIDE", "").split(",")
EGRESS_ONLY = os.environ.get("PARVIS_EGRESS_ONLY", "").split(",")
LINK_CHECKS = _flag("PARVIS_LINK_CHECKS", not (DEMO or TESTING))
# What other parts show on the pages of consultations, commitments and documents: node -> HTML.
PAGE_SLOTS = ["parvis.innovation.slots.alternatives", "parvis.catalogue.harvest.slots.origin"]
# Asked before each message that a stranger can cause: (address, ip) -> None, or raises TooMany.
MAIL_GATE = "parvis.notify.limits.take"
# What else ends when an address wants no more news: address -> how many things ended.
MAIL_ENDERS = ["parvis.site.alerts.services.end_all"]

_memory = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {"default": {"BACKEND": _memory}}
# What answers queries over tables reads PARVIS_ENGINE and PARVIS_SPARK_MASTER by itself; what
# cannot start is refused now, with what to install.
choice.checked()
PAGE_CACHE_SECONDS = int(os.environ.get("PARVIS_PAGE_CACHE", "60"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "parvis.core.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("PARVIS_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
        "fontTools": {"level": "WARNING"},
    },
}
