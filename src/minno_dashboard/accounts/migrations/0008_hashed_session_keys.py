from hashlib import sha256

from django.db import migrations


def hash_keys(apps, schema_editor):
    """Replace session keys by their fingerprints; the browsers stay logged in."""
    sessions = apps.get_model("sessions", "Session").objects
    sign_ins = apps.get_model("accounts", "SignIn").objects
    for one in list(sessions.all()):
        key = sha256(one.session_key.encode()).hexdigest()[:40]
        sign_ins.filter(session_key=one.session_key).update(session_key=key)
        sessions.filter(pk=one.pk).update(session_key=key)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_audit_actions"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(hash_keys, migrations.RunPython.noop)]
