"""Studies can be looked up by their folded names."""

from typing import Any

from django.db import migrations, models

from minno_dashboard.core.names import fold


def fold_names(apps: Any, schema_editor: Any) -> None:
    studies = apps.get_model("studies", "Study").objects
    for pk, name in studies.values_list("pk", "name"):
        studies.filter(pk=pk).update(name_key=fold(name))


class Migration(migrations.Migration):
    dependencies = [("studies", "0003_tags")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="name_key",
            field=models.CharField(default="", editable=False, max_length=510),
            preserve_default=False,
        ),
        migrations.RunPython(fold_names, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="study",
            index=models.Index(fields=["owner", "name_key"], name="studies_by_name"),
        ),
    ]
