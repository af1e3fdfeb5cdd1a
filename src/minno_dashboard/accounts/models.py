"""Users, codes handed over once, the audit log."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy

from minno_dashboard.accounts import audit_actions
from minno_dashboard.accounts.names import fold


class UserManager(BaseUserManager["User"]):
    """Django's manager of users; people are created through `services`."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Find a user by user name or else by email address, ignoring letter case."""
        folded = fold(username or "")
        return self.filter(username=folded).first() or self.get(email=folded)


class User(AbstractBaseUser):
    """A person with an account. User name and email address are stored case-folded; the full name is free text."""

    class Role(models.TextChoices):
        """An admin manages users and configuration, and sees others' studies only by acting as them."""

        RESEARCHER = "researcher", gettext_lazy("Researcher")
        ADMIN = "admin", gettext_lazy("Admin")

    username = models.CharField(max_length=150, unique=True)
    email = models.CharField(max_length=254, unique=True)
    full_name = models.CharField(max_length=200, blank=True, default="")
    role = models.CharField(max_length=20, choices=Role, default=Role.RESEARCHER)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    session_generation = models.PositiveIntegerField(default=0)  # raised to end every session at once
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    theme = models.CharField(max_length=10, blank=True, default="")  # "" follows the system
    language = models.CharField(max_length=10, blank=True, default="")  # "" follows the browser
    hides_first_steps = models.BooleanField(default=False)
    reset_asked_at = models.DateTimeField(null=True, blank=True)  # where no mail could be sent

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.full_name or self.username

    @property
    def is_admin(self) -> bool:
        """Return whether this person manages users and configuration."""
        return self.role == self.Role.ADMIN

    @property
    def is_activated(self) -> bool:
        """Return whether this person has set a password yet."""
        return self.has_usable_password()

    def get_session_auth_hash(self) -> str:
        """Return the value that a session must carry; a changed password or generation ends it."""
        key_salt = "minno_dashboard.accounts.User.get_session_auth_hash"
        return salted_hmac(
            key_salt, f"{self.password}|{self.session_generation}", algorithm="sha256"
        ).hexdigest()


class AccessCode(models.Model):
    """A single-use link: to set a password, or to confirm `new_email`. Only the code's fingerprint is stored."""

    class Purpose(models.TextChoices):
        """What the link is for."""

        ACTIVATE = "activate", "Activation"
        RESET = "reset", "Password reset"
        EMAIL = "email", "E-mail confirmation"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="codes")
    purpose = models.CharField(max_length=10, choices=Purpose)
    fingerprint = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    new_email = models.CharField(max_length=254, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"


class SecondFactor(models.Model):
    """A person's authenticator app with its sealed secret; in force after a first code at `confirmed_at`.

    `last_step` is the time step of the last code used, so that no code works twice.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="second_factor")
    sealed = models.TextField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"second step of {self.user_id}"


class RecoveryCode(models.Model):
    """A single-use code instead of the authenticator app. Only its fingerprint is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    fingerprint = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "fingerprint"], name="one_recovery_code_of_a_kind")
        ]

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class SignIn(models.Model):
    """One browser in which a person is logged in; valid while its session exists and its generation is the user's."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    generation = models.PositiveIntegerField()
    browser = models.CharField(max_length=100)
    address = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} in {self.browser}"


class LoginFailure(models.Model):
    """One failed login; counted per name and per address to limit guessing."""

    name = models.CharField(max_length=254)
    address = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["name", "at"]), models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.name} from {self.address}"


class AuditEntry(models.Model):
    """An audit event: who did what to what, written in the transaction of the action."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=300, blank=True, default="")
    details: Any = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"

    @property
    def who(self) -> str:
        """Who did it, in the reader's language."""
        return audit_actions.doer(self.actor_name, is_person=self.actor_id is not None)

    @property
    def words(self) -> str:
        """The action, in the reader's language; "" where only the stored name is known."""
        return audit_actions.phrase(self.action)
