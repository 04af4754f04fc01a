"""The app of users, which breaks when a test says so."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "nexus.users"
    label = "users"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from nexus.users import trouble

        trouble.connect()
