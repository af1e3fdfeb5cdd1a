"""Two-step login: six digits of an authenticator app (TOTP, RFC 6238), or a recovery code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pyotp
import segno
from django.conf import settings
from django.db import transaction
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts import throttle
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.confirmation import check_password
from minno_dashboard.accounts.models import RecoveryCode, SecondFactor, User
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.notices import Notice, tell
from minno_dashboard.core import clock
from minno_dashboard.core.ids import fingerprint
from minno_dashboard.siteconfig.sealing import SealBroken, seal, unseal

STEP_SECONDS = 30
DRIFT_STEPS = 1  # a phone's clock may be half a minute off
RECOVERY_CODES = 10
MAX_CODES = 20
"""Wrong codes of one account in 15 minutes, from everywhere: six digits are few, and only who has the password types any."""
# Without 0, 1, i, l, o, u: nothing that is misread from paper.
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
WRONG = gettext_noop("Wrong code, or it was already used. Wait for the next code and type it.")
UNREADABLE = gettext_noop(
    "The codes of your app cannot be checked, because the secret key of this Dashboard "
    "changed. Use a recovery code, or ask an administrator to turn off two-step login "
    "for you."
)


@dataclass(frozen=True)
class Setup:
    """What an authenticator app needs once: the secret as text, and as a QR code."""

    secret: str = field(repr=False)
    qr: SafeString = field(repr=False)


def is_on(user: User) -> bool:
    """Return whether a person uses two-step login."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def codes_left(user: User) -> int:
    """Return how many recovery codes are unused."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def begin(*, user: User) -> Setup:
    """Return the secret to put into an app; the same one until it is confirmed.

    Raises:
        FieldRefused: the second step is on already.
    """
    if is_on(user):
        raise FieldRefused("code", gettext("Two-step login is already on."))
    factor, _ = SecondFactor.objects.get_or_create(
        user=user, defaults={"sealed": seal(pyotp.random_base32())}
    )
    try:
        secret = unseal(factor.sealed)
    except SealBroken:  # begun before the installation's key changed, and never confirmed
        secret = pyotp.random_base32()
        SecondFactor.objects.filter(pk=factor.pk, confirmed_at=None).update(sealed=seal(secret))
    issuer = f"Minno {urlsplit(settings.SERVER_URL).netloc}"
    address = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=issuer)
    drawn = segno.make(address, error="m", micro=False).svg_inline(
        scale=4, border=4, light="#fff", dark="#000"
    )
    return Setup(secret, mark_safe(drawn))  # noqa: S308 - drawn by the library from our own address


@transaction.atomic
def confirm(*, user: User, code: str) -> list[str]:
    """Turn the second step on with a first code of the app; return the recovery codes, shown only now.

    Raises:
        FieldRefused: the code is wrong.
    """
    factor = SecondFactor.objects.filter(user=user, confirmed_at=None).first()
    if factor is None or not _use(factor, code):
        raise FieldRefused("code", gettext(WRONG))
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=clock.now())
    record(actor=user, action=AuditAction.SECOND_STEP_TURN_ON, target=user.username)
    tell(user, Notice.SECOND_STEP_ON)
    return _new_codes(user)


def check(*, user: User, code: str, address: str) -> None:
    """Check the code of a two-step login.

    Raises:
        FieldRefused: the code is wrong.
        TooMany: too many codes were wrong; nothing was checked.
    """
    attempt = throttle.begin(name=f"second step of {user.pk}", address=address, max_anywhere=MAX_CODES)
    factor = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    if factor is not None and not _use_recovery_code(user, code) and not _use(factor, code):
        record(actor=None, action=AuditAction.SESSION_REFUSE, target=user.username, address=address)
        raise FieldRefused("code", gettext(WRONG))
    throttle.succeeded(attempt)
    record(actor=user, action=AuditAction.SESSION_LOG_IN, target=user.username, second_step=True)


def new_recovery_codes(*, user: User, password: str, address: str) -> list[str]:
    """Return new recovery codes in place of the old ones.

    Raises:
        FieldRefused: the password is wrong.
    """
    check_password(user=user, password=password, address=address)
    with transaction.atomic():
        record(actor=user, action=AuditAction.SECOND_STEP_NEW_RECOVERY_CODES, target=user.username)
        tell(user, Notice.RECOVERY_CODES)
        return _new_codes(user)


def turn_off(*, user: User, password: str, address: str) -> None:
    """Turn off one's own two-step login.

    Raises:
        FieldRefused: the password is wrong.
    """
    check_password(user=user, password=password, address=address)
    remove(user=user, by=user)


@transaction.atomic
def remove(*, user: User, by: User | None) -> None:
    """Turn off somebody else's two-step login, who may have lost the phone and the codes."""
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    record(actor=by, action=AuditAction.SECOND_STEP_TURN_OFF, target=user.username)
    tell(user, Notice.SECOND_STEP_OFF)


def _use(factor: SecondFactor, code: str) -> bool:
    """Accept a code of the app if it is right and newer than the last one used."""
    digits = "".join(code.split())
    try:
        totp = pyotp.TOTP(unseal(factor.sealed))
    except SealBroken as error:
        raise FieldRefused("code", gettext(UNREADABLE)) from error
    now = int(clock.now().timestamp()) // STEP_SECONDS
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if secrets.compare_digest(totp.generate_otp(step).encode(), digits.encode()):
            unused = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
            return bool(unused.update(last_step=step))
    return False


def _use_recovery_code(user: User, code: str) -> bool:
    mark = fingerprint("".join(code.lower().split()).replace("-", ""))
    unused = RecoveryCode.objects.filter(user=user, fingerprint=mark, used_at=None)
    if not unused.update(used_at=clock.now()):
        return False
    record(
        actor=user,
        action=AuditAction.SECOND_STEP_USE_RECOVERY_CODE,
        target=user.username,
        left=codes_left(user),
    )
    tell(user, Notice.RECOVERY_CODE_USED)
    return True


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, fingerprint=fingerprint(code)) for code in codes)
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]
