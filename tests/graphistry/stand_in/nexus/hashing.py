"""Django's hasher with few rounds: a thousand tests' passwords need no protection."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 10
