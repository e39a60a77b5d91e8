"""Django's settings, made from the configuration of one workspace (``ASEPSIS_HOME``, or ``./asepsis-workspace``)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final

from csp.constants import NONCE, NONE, SELF

from asepsis.pipeline.workspace import Workspace
from asepsis.web import configuration

WORKSPACE: Final = Workspace.place()
CONFIGURATION: Final = configuration.load(WORKSPACE.settings_path)
HERE: Final = Path(__file__).parent


def _secret_key() -> str:
    """Signs sessions and links; made at first start, with the other keys. Without a workspace: this process's own."""
    path = WORKSPACE.keys_path / "web-secret.key"
    if path.exists():
        return path.read_text(encoding="ascii")
    fresh = secrets.token_urlsafe(64)
    if WORKSPACE.exists:
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(fresh)
        except FileExistsError:  # another process was quicker
            return path.read_text(encoding="ascii")
    return fresh


SECRET_KEY = _secret_key()
DEBUG = False
# A name in a Host header that nobody configured is refused; loopback alone needs none.
ALLOWED_HOSTS = [*CONFIGURATION.web.names, "localhost", "127.0.0.1", "[::1]"]
SECURE = CONFIGURATION.web.tls != "none"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tables2",
    "django_tasks",
    "django_tasks_db",
    "asepsis.web.people",
    "asepsis.web.facilities",
    "asepsis.web.devices",
    "asepsis.web.exposure",
    "asepsis.web.papers",
    "asepsis.web.plan",
    "asepsis.web.feeds",
    "asepsis.web.jobs",
    "asepsis.web.cmms",
    "asepsis.web.ledger",
    "asepsis.web.vendors",
    "asepsis.web.authorisation",
    "asepsis.web.overview",
    "asepsis.web.map",
    "asepsis.web.health",
    "asepsis.web.tour",
    "asepsis.web.tokens",
    "asepsis.web.webhooks",
    "asepsis.web.testing",
    "asepsis.web.api",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "asepsis.web.static_files.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "asepsis.web.authorisation.middleware.AuthorisationMiddleware",
    # Outside every view: what a view recorded is durable before its answer leaves.
    "asepsis.web.ledger.middleware.LedgerMiddleware",
    # Before every view: ends sessions that are too old, and lets nobody further who has shown too little.
    "asepsis.web.people.middleware.SignInMiddleware",
]

ROOT_URLCONF = "asepsis.web.urls"
ASGI_APPLICATION = "asepsis.web.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "asepsis.web.navigation.navigation",
            ],
        },
    },
]


def _database() -> dict[str, Any]:
    chosen = CONFIGURATION.database
    if chosen.engine == "postgresql":
        password = ""
        if chosen.password_file:
            password = configuration.secret(chosen.password_file, what="the password of the database")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": chosen.host,
            "PORT": chosen.port,
            "NAME": chosen.name,
            "USER": chosen.user,
            "PASSWORD": password,
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": WORKSPACE.root / "web.sqlite",
        # Opening the file and reading its tables costs as much as a short page.
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # A writer that waits is better than an error; IMMEDIATE, so that two cannot wait for each other.
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["asepsis.web.people.passwords.BoundedArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    # NIST SP 800-63B-4 3.1.1.2: length and lists, no rules of composition, no expiry.
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": "asepsis.web.people.passwords.BreachedPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/account/login/"

# Shared by all processes: a limit that each process counts for itself is none.
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "asepsis_cache"},
    # Counts and drawings, which may be lost; limits and used codes may not, and would be pushed out by these.
    "remembered": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "asepsis_remembered",
        "OPTIONS": {"MAX_ENTRIES": 1000},
    },
}

ACCOUNT_ADAPTER = "asepsis.web.people.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
# Failures of a password are counted by people.attempts; those of a second factor by the person, who showed a first.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "5/5m/key", "reauthenticate": "20/m/user"}
MFA_ADAPTER = "asepsis.web.people.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RECOVERY_CODE_DIGITS = 10
MFA_TOTP_TOLERANCE = 1  # a step before and after: clocks of phones differ
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}
MFA_FORMS = {
    "authenticate": "asepsis.web.people.codes.CodeForm",
    "reauthenticate": "asepsis.web.people.codes.CodeAgainForm",
    "activate_totp": "asepsis.web.people.codes.FirstCodeForm",
    "add_webauthn": "asepsis.web.people.passkeys.AddPasskeyForm",
    "authenticate_webauthn": "asepsis.web.people.passkeys.PasskeyForm",
    "login_webauthn": "asepsis.web.people.passkeys.PasskeySignInForm",
    "reauthenticate_webauthn": "asepsis.web.people.passkeys.PasskeyAgainForm",
}

# How strongly a session proved who somebody is; the demo, which proves nothing, brings its own.
SIGN_IN_STRENGTH = "asepsis.web.people.strength.strength"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-asepsis" if SECURE else "asepsis"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from the hospital's provider
SESSION_COOKIE_AGE = CONFIGURATION.sign_in.session_hours * 3600
CSRF_COOKIE_NAME = "__Host-asepsis-csrf" if SECURE else "asepsis-csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
SECURE_HSTS_SECONDS = 31_536_000 if CONFIGURATION.web.tls == "files" else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [HERE / "static"]
# Served from where they lie; names are not hashed, so that nothing has to be collected at install.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

DJANGO_TABLES2_TEMPLATE = "table.html"

# Files go to disk as they come, for nobody else; a form without files stays small.
FILE_UPLOAD_HANDLERS = ["asepsis.web.arriving.ArrivingFileHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 50

LOG_REQUESTS = True

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"fact": {"()": "asepsis.web.logs.FactFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "fact"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
