"""Forms about Dropbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext, gettext_lazy


class SecretInput(forms.TextInput):
    """A text box whose value is never sent back to the browser."""

    def format_value(self, value: object) -> None:
        """Return nothing, whatever was entered or stored."""
        return


class DropboxForm(forms.Form):
    """The section Dropbox of the configuration; an empty secret keeps the stored one."""

    ON: ClassVar[str] = "on"
    OFF: ClassVar[str] = "off"

    synchronization = forms.ChoiceField(
        choices=[
            (ON, gettext_lazy("Enable Dropbox Synchronization")),
            (OFF, gettext_lazy("Disable Dropbox Synchronization")),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose whether to enable or disable Dropbox synchronization.")
        },
    )
    app_key = forms.CharField(
        label=gettext_lazy("App key"),
        required=False,
        max_length=100,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9_-]*\Z",
                gettext_lazy("An app key contains only letters and digits. Copy it again from Dropbox."),
            )
        ],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}),
    )
    app_secret = forms.CharField(
        label=gettext_lazy("App secret"),
        required=False,
        max_length=200,
        validators=[
            RegexValidator(
                r"^[!-~]*\Z",
                gettext_lazy(
                    "An app secret contains no spaces and no accented letters. Copy it again from Dropbox."
                ),
            )
        ],
        widget=SecretInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}),
    )
    app_name = forms.CharField(
        label=gettext_lazy("Name of the Dropbox app"),
        required=False,
        max_length=100,
        validators=[
            RegexValidator(r"^[^/\\]*\Z", gettext_lazy("The name of an app contains neither / nor \\."))
        ],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "auto"}),
    )

    def __init__(
        self,
        data: Mapping[str, object] | None = None,
        *,
        initial: dict[str, object] | None = None,
        has_secret: bool = False,
        stored_key: str = "",
    ) -> None:
        super().__init__(data, initial=initial)
        self._has_secret = has_secret
        self._stored_key = stored_key

    @property
    def is_enabled(self) -> bool:
        """Return whether the admin chose to enable the synchronization."""
        return bool(self.cleaned_data["synchronization"] == self.ON)

    def clean(self) -> dict[str, object]:
        """Enabling takes a key and a secret; another key takes its own secret."""
        values: dict[str, object] = super().clean() or {}
        key, secret = values.get("app_key", ""), values.get("app_secret", "")
        if values.get("synchronization") == self.ON and not key and "app_key" not in self.errors:
            self.add_error("app_key", gettext("Enter the App key of your app at Dropbox."))
        if key and not secret and "app_secret" not in self.errors:
            if self._has_secret and key != self._stored_key:
                self.add_error(
                    "app_secret",
                    gettext(
                        "The stored secret belongs to the previous app key. Enter this app's secret too."
                    ),
                )
            elif not self._has_secret and values.get("synchronization") == self.ON:
                self.add_error("app_secret", gettext("Enter the App secret of your app at Dropbox."))
        return values


class PolicyForm(forms.Form):
    """What happens in Dropbox to a file that was deleted in the Dashboard."""

    KEEP: ClassVar[str] = "keep"
    DELETE: ClassVar[str] = "delete"

    deleted_files = forms.ChoiceField(
        label=gettext_lazy("Files you delete in the Dashboard"),
        choices=[
            (KEEP, gettext_lazy("Move to the folder “Deleted” in your Dropbox, for 90 days")),
            (DELETE, gettext_lazy("Delete in your Dropbox too")),
        ],
        widget=forms.RadioSelect,
    )

    @property
    def keeps_deleted(self) -> bool:
        """Return whether deleted files stay in `/Deleted`."""
        return bool(self.cleaned_data["deleted_files"] == self.KEEP)


class RemovalAnswerForm(forms.Form):
    """The user's answer about a mass removal."""

    CHOICES: ClassVar[list[tuple[str, str]]] = [("accept", "accept"), ("refuse", "refuse")]
    answer = forms.ChoiceField(choices=CHOICES)
