"""The program that runs inside Graphistry, in its `manage.py shell`; it is sent there as text.

Nothing of it runs here, and it imports nothing but itself, Django and what Graphistry has beside.
It takes Django from 2.2 on and Python from 3.7 on: which of them a release of Graphistry has is not
published. Sources: graphistry-cli, docs/tools/user-creation.md (the users' levels); graph-app-kit,
graphistry-service-account.sh (the same way in, and `nexus.users.models.User` with its `name`);
django-allauth, `account.EmailAddress`; django-constance.

The modules, in the order in which each needs those before: `models` (what is there, and what stands
against an operation), `reading`, `writing`, `members`, `frame` (a request and its answer). `start`
makes modules of their texts.
"""
