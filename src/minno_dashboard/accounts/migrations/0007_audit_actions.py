from django.db import migrations

NAMES = {
    "log in": "session.log_in",
    "give the password": "session.give_password",
    "lost password": "password.ask",
    "end a session": "session.end",
    "log out everywhere": "session.end_others",
    "add a passkey": "passkey.add",
    "remove a passkey": "passkey.remove",
    "refuse a passkey": "passkey.refuse",
    "turn two-step log-in on": "second_step.turn_on",
    "turn two-step log-in off": "second_step.turn_off",
    "make new recovery codes": "second_step.new_recovery_codes",
    "use a recovery code": "second_step.use_recovery_code",
    "set password by link": "password.set_by_link",
    "change own password": "password.change",
    "change own full name": "user.rename",
    "change own e-mail address": "email.change",
    "ask for another e-mail address": "email.ask",
    "create user": "user.create",
    "import users": "user.import",
    "make activation link": "user.make_activation_link",
    "make password reset link": "user.make_reset_link",
    "change role": "user.change_role",
    "deactivate user": "user.deactivate",
    "activate user": "user.activate",
    "begin to act as": "acting.begin",
    "act as": "acting.change",
    "end to act as": "acting.end",
    "changed the configuration": "configuration.change",
    "try mails again": "mail.retry",
    "mail refused": "mail.refuse",
    "make an API token": "token.create",
    "revoke an API token": "token.revoke",
    "revoke all API tokens": "token.revoke_all",
    "connected a Dropbox": "dropbox.connect",
    "disconnected a Dropbox": "dropbox.disconnect",
}


def rename_actions(apps, schema_editor):
    """Give entries of earlier releases the dotted names of this one."""
    entries = apps.get_model("accounts", "AuditEntry").objects
    for before, after in NAMES.items():
        entries.filter(action=before).update(action=after)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_passkeys")]

    operations = [
        migrations.RenameField(model_name="auditentry", old_name="verb", new_name="action"),
        migrations.RunPython(rename_actions, migrations.RunPython.noop),
    ]
