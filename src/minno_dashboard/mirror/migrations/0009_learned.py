"""`pace` is `learned` now; the row of a moved folder stands in a column of its own."""

from django.db import migrations, models


def move_rows(apps, schema_editor):
    """Take the rows of moved folders out of `expected`."""
    Intent = apps.get_model("mirror", "Intent")
    for intent in Intent.objects.filter(kind="moved"):
        intent.moved_row = intent.expected[0]["row"]
        intent.expected = []
        intent.save(update_fields=["moved_row", "expected"])


class Migration(migrations.Migration):
    dependencies = [("mirror", "0008_installation_marker")]

    operations = [
        migrations.RenameField(model_name="link", old_name="pace", new_name="learned"),
        migrations.AddField(
            model_name="intent", name="moved_row", field=models.BigIntegerField(blank=True, null=True)
        ),
        migrations.RunPython(move_rows, migrations.RunPython.noop),
    ]
