"""URLs of accounts and of the admin pages."""

from __future__ import annotations

from django.urls import path

from minno_dashboard.accounts.models import AccessCode
from minno_dashboard.accounts.views import (
    appearance,
    audit,
    configuration,
    first_steps,
    login,
    mail,
    passkeys,
    recovery,
    second_step,
    security,
    settings,
    users,
)

urlpatterns = [
    path("login/", login.log_in, name="login"),
    path("login/code/", second_step.second_step, name="second_step"),
    path("login/passkey/begin/", passkeys.begin_log_in, name="begin_passkey_log_in"),
    path("login/passkey/", passkeys.log_in, name="log_in_by_passkey"),
    path("logout/", login.log_out, name="logout"),
    path(
        "activate/<str:code>/",
        login.open_link,
        {"purpose": AccessCode.Purpose.ACTIVATE.value},
        name="activate",
    ),
    path("reset/<str:code>/", login.open_link, {"purpose": AccessCode.Purpose.RESET.value}, name="reset"),
    path("set-password/", login.set_password, name="set_password"),
    path("lost-password/", recovery.lost_password, name="lost_password"),
    path("confirm-email/<str:code>/", recovery.confirm_email, name="confirm_email"),
    path("new-password/", login.replace_password, name="replace_password"),
    path("settings/", settings.show, name="settings"),
    path("settings/profile/", settings.save_profile, name="save_profile"),
    path("settings/password/", settings.save_password, name="save_password"),
    path("settings/email/", settings.save_email, name="save_email"),
    path("settings/security/two-step/", security.turn_on, name="turn_second_step_on"),
    path("settings/security/two-step/off/", security.turn_off, name="turn_second_step_off"),
    path("settings/security/recovery-codes/", security.new_codes, name="new_recovery_codes"),
    path("settings/security/sessions/<int:sign_in_id>/end/", security.end_session, name="end_session"),
    path("settings/security/log-out-everywhere/", security.log_out_everywhere, name="log_out_everywhere"),
    path("settings/passkeys/new/", passkeys.show, name="add_passkey"),
    path("settings/passkeys/begin/", passkeys.begin_adding, name="begin_passkey"),
    path("settings/passkeys/finish/", passkeys.add, name="finish_passkey"),
    path("settings/passkeys/<int:passkey_id>/remove/", passkeys.remove, name="remove_passkey"),
    path("settings/appearance/", appearance.save, name="save_appearance"),
    path("settings/first-steps/hide/", first_steps.hide, name="hide_first_steps"),
    path("admin/configuration/", configuration.show, name="edit_configuration"),
    path("admin/configuration/mail/", mail.save, name="save_mail"),
    path("admin/configuration/mail/test/", mail.test, name="send_test_mail"),
    path("admin/configuration/mail/try-again/", mail.try_again, name="try_mails_again"),
    path("admin/audit/", audit.show, name="audit_log"),
    path("admin/audit/export.csv", audit.export, name="export_audit_log"),
    path("admin/users/", users.show, name="user_management"),
    path("admin/users/new/", users.create, name="new_user"),
    path("admin/users/import/", users.import_many, name="import_users"),
    path("admin/users/<int:user_id>/link/", users.new_link, name="new_user_link"),
    path("admin/users/<int:user_id>/role/", users.change_role, name="change_user_role"),
    path("admin/users/<int:user_id>/deactivate/", users.deactivate, name="deactivate_user"),
    path("admin/users/<int:user_id>/second-step-off/", security.remove_for, name="turn_second_step_off_for"),
    path("admin/users/<int:user_id>/activate/", users.reactivate, name="reactivate_user"),
]
