"""Django's settings for every process that keeps or reads records (gateway, worker, command line)."""

from __future__ import annotations

import contextlib
import os
import secrets
import warnings
from pathlib import Path

import dj_database_url

from alarp.records.configuration import configuration

ALARP = configuration()


def _secret_key(folder: Path) -> str:
    """One secret per installation, made at the first start and readable by its owner alone."""
    file = folder / "django-secret"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(64), encoding="ascii")
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)  # whoever comes first wins; nobody overwrites
        fresh.unlink()
    return file.read_text(encoding="ascii")


SECRET_KEY = _secret_key(ALARP.keys)
DEBUG = False
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "alarp.records.people",
    "alarp.records.products",
    "alarp.records.deployments",
    "alarp.records.evidence",
    "alarp.records.messages",
    "alarp.records.ledger",
    "alarp.records.appraisals",
    "alarp.records.hazards",
    "alarp.records.governance",
    "alarp.records.training",
    "alarp.records.monitors",
    "alarp.records.watch",
    "alarp.records.assurance",
    "alarp.records.protocols",
    "alarp.records.audit",
]
DATABASES = {"default": dj_database_url.parse(ALARP.database, conn_max_age=600)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Measured: without IMMEDIATE a read-then-write transaction fails at once on a stale snapshot (ADR 0001).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
AUTH_USER_MODEL = "people.Person"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
# pydicom warns of a value by telling it, and what it says on the standard stream stands in the service's log.
warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": ALARP.log_level},
    # pynetdicom's own logger prints data sets at DEBUG: patient identifiers never reach a log.
    # WeasyPrint complains of every screen-only rule of a style sheet that is meant for both.
    "loggers": {
        "pynetdicom": {"level": "ERROR"},
        "pydicom": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
    },
}
