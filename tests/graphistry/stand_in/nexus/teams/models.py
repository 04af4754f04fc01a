"""An organisation, who is in it, and two decoys."""

from django.conf import settings
from django.db import models


class Organization(models.Model):
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=100, blank=True)


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE)
    role = models.CharField(
        max_length=20, choices=[("member", "Member"), ("admin", "Admin"), ("owner", "Owner")]
    )

    class Meta:
        unique_together = (("user", "org"),)


class Dashboard(models.Model):
    """A decoy: a unique slug, and nobody is in it."""

    slug = models.SlugField(unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)


class Star(models.Model):
    """A decoy: it joins users and organisations and says no role."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE)
