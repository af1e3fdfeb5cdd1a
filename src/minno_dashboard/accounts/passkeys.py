"""Login by passkey (WebAuthn): a device signs a single-use challenge.

A passkey asks its owner for a fingerprint, a face or a PIN each time, so it stands for the password and the second
step together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import webauthn
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, gettext_noop
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from minno_dashboard.accounts import throttle
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.confirmation import check_password
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.notices import Notice, tell
from minno_dashboard.accounts.passkey_models import Passkey
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, NotFound

MAX_PASSKEYS = 20
MAX_NAME_LENGTH = 60
REQUIRED = UserVerificationRequirement.REQUIRED
NOT_ADDED = gettext_noop(
    "The answer from your device does not match the request, so no passkey was added. Start again."
)
WRONG = gettext_noop(
    "This passkey cannot be used here: it was removed, or its answer does not match. Try "
    "again, or use your password."
)


@dataclass(frozen=True)
class PasskeyOrigin:
    """The domain and origin that passkeys are bound to, or why passkeys are not available."""

    domain: str
    origin: str
    why_not: str = ""


def place() -> PasskeyOrigin:
    """Return the domain and origin for passkeys, from the public address MINNO_SERVER_URL."""
    parts = urlsplit(settings.SERVER_URL)
    domain, origin = parts.hostname or "", f"{parts.scheme}://{parts.netloc}"
    if parts.scheme != "https" and domain != "localhost":
        why = gettext("Passkeys need a secure (https) address. This Dashboard's address is %(origin)s.") % {
            "origin": origin
        }
        return PasskeyOrigin(domain, origin, why)
    if _is_number(domain):
        why = gettext(
            "Passkeys need an address with a host name, not a number. This Dashboard's address is %(origin)s."
        ) % {"origin": origin}
        return PasskeyOrigin(domain, origin, why)
    return PasskeyOrigin(domain, origin)


def passkeys_of(user: User) -> list[Passkey]:
    """Return a person's passkeys, the oldest first."""
    return list(Passkey.objects.filter(user=user).order_by("created_at", "pk"))


def options_to_add(*, user: User, password: str, address: str) -> tuple[str, str]:
    """Return the options for the device, as JSON, and the challenge to store until its answer.

    Raises:
        Invalid: the password is wrong, there are too many passkeys, or none at this address.
        TooMany: the password was guessed too often.
    """
    where = _offered()
    check_password(user=user, password=password, address=address)
    known = passkeys_of(user)
    if len(known) >= MAX_PASSKEYS:
        raise Invalid(
            gettext("You already have %(most_passkeys)s passkeys. Remove one first.")
            % {"most_passkeys": MAX_PASSKEYS}
        )
    options = webauthn.generate_registration_options(
        rp_id=where.domain,
        rp_name=f"Minno {where.domain}",
        user_id=_handle(user),
        user_name=user.username,
        user_display_name=str(user),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(one.credential_id)) for one in known],
    )
    return webauthn.options_to_json(options), options.challenge.hex()


@transaction.atomic
def add(*, user: User, name: str, challenge: str, credential: Any) -> Passkey:
    """Store the passkey that a device created for this challenge.

    Raises:
        Invalid: the name is not good, or the device's answer does not fit.
    """
    name = _checked_name(name)
    where = _offered()
    try:
        made = webauthn.verify_registration_response(
            credential=json.dumps(credential),
            expected_challenge=bytes.fromhex(challenge),
            expected_rp_id=where.domain,
            expected_origin=where.origin,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise Invalid(gettext(NOT_ADDED)) from error
    mark = _mark(made.credential_id)
    User.objects.select_for_update().get(pk=user.pk)
    if not challenge or Passkey.objects.filter(fingerprint=mark).exists():
        raise Invalid(gettext(NOT_ADDED))
    passkey = Passkey.objects.create(
        user=user,
        name=name,
        fingerprint=mark,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        created_at=clock.now(),
    )
    record(actor=user, action=AuditAction.PASSKEY_ADD, target=user.username, name=name)
    tell(user, Notice.PASSKEY_ADDED, name=name)
    return passkey


@transaction.atomic
def remove(*, user: User, passkey_id: int) -> None:
    """Delete one of a person's passkeys.

    Raises:
        NotFound: it was removed already, or is somebody else's.
    """
    passkey = Passkey.objects.filter(user=user, pk=passkey_id).first()
    if passkey is None:
        raise NotFound(gettext("This passkey has already been removed."))
    passkey.delete()
    record(actor=user, action=AuditAction.PASSKEY_REMOVE, target=user.username, name=passkey.name)
    tell(user, Notice.PASSKEY_REMOVED, name=passkey.name)


def options_to_log_in(*, user: User | None = None) -> tuple[str, str]:
    """Return the options for the device, as JSON, and the challenge to store until its answer.

    `user` is who gave the password already; without one, the device offers whom it knows.

    Raises:
        Invalid: there are no passkeys at this address.
    """
    known = passkeys_of(user) if user else []
    options = webauthn.generate_authentication_options(
        rp_id=_offered().domain,
        allow_credentials=[PublicKeyCredentialDescriptor(id=bytes(one.credential_id)) for one in known],
        user_verification=REQUIRED,
    )
    return webauthn.options_to_json(options), options.challenge.hex()


def check_log_in(*, challenge: str, credential: Any, address: str, user: User | None = None) -> User:
    """Return the owner of the passkey that signed this challenge; `user` gave the password already, if anybody did.

    Raises:
        Invalid: it is unknown, removed, somebody else's, or its answer does not fit.
        TooMany: like Invalid, and too many answers from this address were wrong.
    """
    try:
        return _checked(challenge, credential, user)
    except Invalid:
        throttle.begin(name="unknown passkey", address=address)
        raise


def _checked(challenge: str, credential: Any, user: User | None) -> User:
    where = _offered()
    passkey = _named(credential)
    if passkey is None or not passkey.user.is_active or not challenge:
        raise Invalid(gettext(WRONG))
    if user is not None and user.pk != passkey.user_id:
        raise Invalid(gettext(WRONG))
    try:
        done = webauthn.verify_authentication_response(
            credential=json.dumps(credential),
            expected_challenge=bytes.fromhex(challenge),
            expected_rp_id=where.domain,
            expected_origin=where.origin,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        record(actor=None, action=AuditAction.PASSKEY_REFUSE, target=passkey.user.username, name=passkey.name)
        raise Invalid(gettext(WRONG)) from error
    if not _is_theirs(credential, passkey.user):
        raise Invalid(gettext(WRONG))
    _enter(passkey, done.new_sign_count)
    return passkey.user


@transaction.atomic
def _enter(passkey: Passkey, count: int) -> None:
    """Store the device's counter; of two answers with the same counter only one logs in."""
    unused = Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count)
    if not unused.update(sign_count=count, last_used_at=clock.now()):
        raise Invalid(gettext(WRONG))
    record(
        actor=passkey.user,
        action=AuditAction.SESSION_LOG_IN,
        target=passkey.user.username,
        passkey=passkey.name,
    )


def _named(credential: Any) -> Passkey | None:
    """Return the passkey whose id an answer names."""
    given = credential.get("id") if isinstance(credential, dict) else None
    if not isinstance(given, str) or not given.isascii():
        return None
    try:
        credential_id = base64url_to_bytes(given)
    except ValueError:
        return None
    return Passkey.objects.select_related("user").filter(fingerprint=_mark(credential_id)).first()


def _is_theirs(credential: Any, user: User) -> bool:
    """Return whether the answer names nobody, or the person whose passkey it is."""
    given = credential["response"].get("userHandle")
    return not given or base64url_to_bytes(given) == _handle(user)


def _handle(user: User) -> bytes:
    """Return the random id of a person on their devices; it reveals nothing about them."""
    key_salt = "minno_dashboard.accounts.passkeys.handle"
    return salted_hmac(key_salt, str(user.pk), algorithm="sha256").digest()


def _offered() -> PasskeyOrigin:
    where = place()
    if where.why_not:
        raise Invalid(where.why_not)
    return where


def _mark(credential_id: bytes) -> str:
    return sha256(credential_id).hexdigest()


def _is_number(domain: str) -> bool:
    try:
        ip_address(domain)
    except ValueError:
        return False
    return True


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise Invalid(
            gettext("Give the passkey a name of at most %(longest_name)s printable characters.")
            % {"longest_name": MAX_NAME_LENGTH}
        )
    return name
