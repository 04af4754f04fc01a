"""Settings of the stand-in; STAND_IN_DATABASE names the file of its database, or is the URL of one
on PostgreSQL.
"""

import os
import warnings

import django

warnings.filterwarnings("ignore")

SECRET_KEY = "of no use"
DEBUG = False
USE_TZ = True


def database(where):
    if not where.startswith("postgresql://"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": where}
    from psycopg.conninfo import conninfo_to_dict

    said = conninfo_to_dict(where)
    words = {
        "NAME": "dbname",
        **{word.upper(): word for word in ("host", "port", "user", "password")},
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{name: said[word] for name, word in words.items() if word in said},
    }


DATABASES = {"default": database(os.environ["STAND_IN_DATABASE"])}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "constance",
    "waffle",
    "nexus.users.apps.UsersConfig",
    "nexus.teams",
]
if django.VERSION < (4,):
    INSTALLED_APPS += ["constance.backends.database", "picklefield"]  # before constance 3
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
MIGRATION_MODULES = dict.fromkeys(
    (
        "auth",
        "contenttypes",
        "sessions",
        "account",
        "constance",
        "waffle",
        "users",
        "teams",
        "database",
    )
)
AUTH_USER_MODEL = "users.User"
PASSWORD_HASHERS = ["nexus.hashing.QuickHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CONSTANCE_BACKEND = "constance.backends.database.DatabaseBackend"
CONSTANCE_CONFIG = {
    "IS_SIGNUPS_OPEN_AFTER_FIRST": (False, "open registration"),
    "IS_SSO_SIGNUP": (False, "accounts by SSO"),
    "IS_AIR_GAPPED": (False, "no telemetry"),
    "MAX_UPLOAD_MB": (100, "no switch"),
}
