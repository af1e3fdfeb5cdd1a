"""Django's settings; every value that an installation may choose comes through `env`."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from minno_dashboard.config import env, logs

PACKAGE = Path(__file__).resolve().parent.parent

DATA_DIR = env.data_dir()
HOST = env.text("MINNO_HOST", "127.0.0.1")
PORT = env.integer("MINNO_PORT", 8000, low=0, high=65535)
SERVER_URL = env.server_url(PORT)
# A second host for participants' pages alone; "" without one, and then they run in a sandbox on this one.
PARTICIPANT_URL = env.participant_url(SERVER_URL)
PARTICIPANT_HOST = PARTICIPANT_URL.partition("://")[2]
TRUSTED_PROXIES = env.trusted_proxies(SERVER_URL)
# Who may read /metrics; nobody by default.
METRICS_FROM = env.metrics_from()
METRICS_TOKEN = env.metrics_token()
# How long a worker holds a piece of work without a sign of life; longer than any single call to Dropbox takes.
LEASE_SECONDS = env.integer("MINNO_LEASE_SECONDS", 240, low=2, high=3600)
SECRET_KEY = env.secret_key(DATA_DIR)
BACKUP_BEFORE_UPGRADE = env.text("MINNO_BACKUP_BEFORE_UPGRADE", "yes").lower() not in ("no", "0", "false")
BLOB_STORE = env.blob_store(DATA_DIR)
DATABASES = {"default": env.database(DATA_DIR)}

DEBUG = False
FIRST_ADMIN_PASSWORD = env.text("MINNO_ADMIN_PASSWORD")
ALLOWED_HOSTS = env.allowed_hosts(SERVER_URL, HOST, *filter(None, [PARTICIPANT_URL]))
USE_X_FORWARDED_HOST = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = [SERVER_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "minno_dashboard.jobs",
    "minno_dashboard.siteconfig",
    "minno_dashboard.ui",
    "minno_dashboard.accounts",
    "minno_dashboard.files",
    "minno_dashboard.studies",
    "minno_dashboard.collection",
    "minno_dashboard.results",
    "minno_dashboard.runtime",
    "minno_dashboard.mirror",
    "minno_dashboard.administration",
    "minno_dashboard.api",
    "minno_dashboard.operations",
]
MIDDLEWARE = [
    "minno_dashboard.config.request_log.RequestLogMiddleware",
    "minno_dashboard.accounts.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "minno_dashboard.ui.static_files.StaticFilesMiddleware",
    "minno_dashboard.runtime.middleware.ParticipantHostMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "minno_dashboard.accounts.language.LanguageMiddleware",
    "minno_dashboard.config.download_limit.DownloadShareMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "minno_dashboard.administration.middleware.ActAsMiddleware",
    "minno_dashboard.accounts.middleware.LogInRequiredMiddleware",
    "minno_dashboard.accounts.rendered_for.RenderedForMiddleware",
    "minno_dashboard.accounts.middleware.PasswordChangeMiddleware",
    "minno_dashboard.accounts.middleware.LastSeenMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "minno_dashboard.ui.middleware.RefusedMiddleware",
]
ROOT_URLCONF = "minno_dashboard.config.urls"
WSGI_APPLICATION = "minno_dashboard.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/login/"
CSRF_FAILURE_VIEW = "minno_dashboard.accounts.views.login.csrf_refused"
LOGIN_REDIRECT_URL = "/studies/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "email", "full_name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Cookies belong to a host name, whatever its port: two Dashboards on one name would log each other out. The cookie
# against forged forms may be shared: it says nothing of who somebody is.
SESSION_COOKIE_NAME = f"sessionid{env.cookie_suffix(SERVER_URL)}"
KNOWN_BROWSER_COOKIE_NAME = f"known_browser{env.cookie_suffix(SERVER_URL)}"
SESSION_ENGINE = "minno_dashboard.accounts.session_store"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVER_URL.startswith("https:")
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
# Sent over https only. Without subdomains and without preload: this Dashboard speaks for its own name alone.
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SERVER_URL.startswith("https:") else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        # Browsers hold the redirect after a form to this list: "connect" leads to Dropbox's consent page.
        "form-action": [SELF, *env.dropbox_web_origins()],
        "frame-ancestors": [SELF],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("he", "עברית"), ("ar", "العربية")]
LOCALE_PATHS = [PACKAGE / "locale"]
LANGUAGE_COOKIE_NAME = "language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = None  # nothing is collected: WhiteNoise serves what the finders find
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None

LOGGING = logs.described()
