"""Routes for everybody: version, sign-in and sign-out, one's own password and second factor."""

import json
from dataclasses import replace

from reconciler.sandbox.flowauth import passwords, totp
from reconciler.sandbox.flowauth.context import Context
from reconciler.sandbox.flowauth.responses import crashed, json_response, page, refused
from reconciler.sandbox.flowauth.routing import Access, Route
from reconciler.sandbox.flowauth.session import decode_text, encode_text
from reconciler.sandbox.flowauth.tables import TwoFactor, UserRow
from reconciler.sandbox.http.messages import RefusedError, Response

_SET_UP_LIFE_S = 24 * 3600
_NO_CODE = "Must supply a two-factor authentication code."


def show_version(context: Context) -> Response:
    """GET /version: no login needed."""
    return json_response({"version": context.services.settings.reported_version})


def sign_in(context: Context) -> Response:
    """POST /signin: user name, password and, with a second factor, a code."""
    body = context.json_object()
    if "username" not in body or "password" not in body:
        raise refused("Must supply username or password.")
    user = _user_with_password(context, body["username"], body["password"])
    if user.two_factor is not None:
        code = body.get("two_factor_code")
        if code is None or code == "":
            raise refused(_NO_CODE, need_two_factor=True)
        _use_up_code(context, user, code)
    context.session = replace(context.session, user_id=user.id)
    return _signed_in(user)


def show_signed_in(context: Context) -> Response:
    """GET /is_signed_in: the same body as a sign-in, or 401."""
    return _signed_in(context.signed_in_user())


def sign_out(context: Context) -> Response:
    """GET /signout: forgets the user in this cookie only; copies of it stay signed in."""
    context.session = replace(context.session, user_id=None)
    return json_response({"logged_in": False})


def change_own_password(context: Context) -> Response:
    """PATCH /user/password: sessions stay valid."""
    body = context.json_object()
    if "password" not in body:
        raise refused("Missing old password.", bad_field="password")
    if "newPassword" not in body:
        raise refused("Missing new password.", bad_field="newPassword")
    user = context.signed_in_user()
    if not passwords.is_correct(_text(body["password"]), user.password_hash):
        raise refused("Password incorrect.", bad_field="password")
    new_password = context.check_strength(body["newPassword"], "newPassword")
    context.spend_password_cost()
    context.services.store.set_password(user.username, new_password)
    return json_response({})


def enable_two_factor(context: Context) -> Response:
    """POST /user/enable_two_factor: a proposal; nothing is stored before it is confirmed."""
    issuer = context.services.settings.two_factor_issuer
    secret, codes = totp.new_secret(), totp.new_backup_codes()
    username = context.signed_in_user().username
    sign = context.services.signer.sign
    return json_response(
        {
            "provisioning_url": totp.provisioning_url(secret, username=username, issuer=issuer),
            "secret": sign(secret, "2fa secret"),
            "issuer": issuer,
            "backup_codes": codes,
            "backup_codes_signature": sign(encode_text(json.dumps(codes)), "2fa codes"),
        }
    )


def confirm_two_factor(context: Context) -> Response:
    """POST /user/confirm_two_factor: stores the proposal; the code given is used up by this."""
    body = context.json_object()
    if "two_factor_code" not in body:
        raise refused(_NO_CODE)
    if "secret" not in body:
        raise refused("Must supply a two-factor authentication secret.")
    if "backup_codes_signature" not in body:
        raise refused("Must supply signed backup codes.")
    secret = _unsign(context, body["secret"], "2fa secret")
    codes = json.loads(decode_text(_unsign(context, body["backup_codes_signature"], "2fa codes")))
    step = _step_of_code(context, secret, body["two_factor_code"])
    if step is None:
        raise refused("Code not valid.", code=401)
    factor = TwoFactor(secret, frozenset({step}), frozenset(codes))
    with context.services.store.transaction() as tables:
        tables.users.update(replace(context.signed_in_user(), two_factor=factor))
    return json_response({"two_factor_enabled": True})


def _user_with_password(context: Context, username: object, password: object) -> UserRow:
    users = context.services.store.view().users.listed()
    user = next((row for row in users if row.username == username), None)
    if user is not None and passwords.is_correct(_text(password), user.password_hash):
        return user
    raise refused("Incorrect username or password.", code=401)


def _use_up_code(context: Context, user: UserRow, code: object) -> None:
    """Accept a TOTP code or a backup code once; 401 for a wrong or used one."""
    with context.services.store.transaction() as tables:
        row = tables.users.get(user.id)
        factor = row.two_factor if row else None
        if row is None or factor is None:
            raise RefusedError(page(401))
        step = _step_of_code(context, factor.secret, code)
        if step is not None and step not in factor.used_steps:
            factor = replace(factor, used_steps=factor.used_steps | {step})
        elif isinstance(code, str) and code in factor.backup_codes:
            factor = replace(factor, backup_codes=factor.backup_codes - {code})
        else:
            raise refused("Code not valid.", code=401)
        tables.users.update(replace(row, two_factor=factor))


def _step_of_code(context: Context, secret: str, code: object) -> int | None:
    window = context.services.settings.two_factor_valid_window
    return totp.matching_step(secret, str(code), context.services.clock(), window=window)


def _unsign(context: Context, signed: object, purpose: str) -> str:
    payload = context.services.signer.unsign(_text(signed), purpose, _SET_UP_LIFE_S)
    if payload is None:
        raise refused("Two-factor setup attempt has been tampered with.", code=401)
    return payload


def _signed_in(user: UserRow) -> Response:
    return json_response(
        {
            "logged_in": True,
            "is_admin": user.is_admin,
            "require_two_factor_setup": user.require_two_factor and user.two_factor is None,
        }
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise crashed()
    return value


ROUTES = (
    Route("GET", "/version", show_version, Access.OPEN),
    Route("POST", "/signin", sign_in, Access.OPEN),
    Route("GET", "/is_signed_in", show_signed_in, Access.SIGNED_IN),
    Route("GET", "/signout", sign_out, Access.SIGNED_IN),
    Route("PATCH", "/user/password", change_own_password, Access.SIGNED_IN),
    Route("POST", "/user/enable_two_factor", enable_two_factor, Access.SIGNED_IN),
    Route("POST", "/user/confirm_two_factor", confirm_two_factor, Access.SIGNED_IN),
)
