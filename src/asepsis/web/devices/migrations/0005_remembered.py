from typing import Any

from django.core.management import call_command
from django.db import migrations


def make_cache(apps: Any, editor: Any) -> None:
    """Makes the table of what pages counted, where it is not there yet."""
    call_command("createcachetable", database=editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0004_projected"),
    ]

    operations = [
        migrations.RunPython(make_cache, migrations.RunPython.noop),
    ]
