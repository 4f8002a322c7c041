"""Django's settings for the web server: the records' settings, and what only pages need."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONE, SELF

from alarp.records.settings import *  # noqa: F403
from alarp.records.settings import ALARP, INSTALLED_APPS

HERE = Path(__file__).resolve().parent

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "alarp.web.account.sessions.SessionLimits",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "alarp.web.refusals.RefusalMiddleware",
]
ROOT_URLCONF = "alarp.web.urls"
WSGI_APPLICATION = "alarp.web.server.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "environment": "alarp.web.environment.environment",
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "alarp.web.navigation.around_the_page",
            ],
        },
    }
]
CACHES = {
    # On disk, so that every web process counts the same failed sign-ins.
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": ALARP.data / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

# Files that are sent as they are
STATIC_URL = "static/"
STATIC_ROOT = ALARP.data / "static"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]  # ours alone, no package's
STATICFILES_DIRS = [HERE / "static"] if (HERE / "static").is_dir() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Who may ask, and over which wire
ALLOWED_HOSTS = [host.strip() for host in ALARP.web_hosts.split(",") if host.strip()]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ALARP.web_https
SECURE_HSTS_SECONDS = 31_536_000 if ALARP.web_https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALARP.web_https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "alarp.web.refusals.forged"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# How long a person stays signed in (alarp.web.account.sessions keeps both limits)
SESSION_COOKIE_AGE = ALARP.session_most_h * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Signing in: local accounts, a second factor for who wants it, no registration by strangers
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "board"
ACCOUNT_ADAPTER = "alarp.web.account.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "alarp.web.account.forms.SignInForm",
    "change_password": "alarp.web.account.forms.ChangePasswordForm",
    "reauthenticate": "alarp.web.account.forms.ConfirmForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_TEMPLATE_EXTENSION = "jinja"
ACCOUNT_RATE_LIMITS = {
    # A hospital often reaches us through one address, so the limits per address are wide and those per
    # account narrow.
    "login": "300/m/ip",
    "login_failed": "60/m/ip,5/5m/key",
    "reauthenticate": "10/m/user",
    "step_up_failed": "5/5m/user",
}
MFA_ADAPTER = "alarp.web.account.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "alarp.web.account.forms.SecondFactorForm",
    "reauthenticate": "alarp.web.account.forms.ConfirmCodeForm",
    "activate_totp": "alarp.web.account.forms.ActivateAppForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Alarp"
