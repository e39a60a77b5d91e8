"""A workspace whose scans are approved, in a process of its own: ``scan_hospital approve|record FOLDER``.

``approve`` analyses traffic of this moment, makes the tables and two approved scans, and prints their ids and the id of
the device that they ask. ``record`` runs the second one, and between the check of everything and the first packet
somebody records that the device sustains life; it prints what the receipt says.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from asepsis.exposure.scanning.approval import approve
from asepsis.exposure.scanning.plan import Question
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.scanning.approved import prepare, run_approved
from asepsis.pipeline.scanning.folder import ScanFolder, signing_key
from asepsis.pipeline.scanning.planning import look, make_plan
from asepsis.pipeline.scanning.settings import scanning_of
from asepsis.pipeline.workspace import ENVIRONMENT_VARIABLE, Workspace
from tests.pipeline.scanning.traffic import SERVER, seen_just_now

SITE = "north"
SCANS = ("scan0001", "scan0002")


def approve_two(workspace: Workspace, folder: Path) -> None:
    """Two scans that ask the server for its banner."""
    workspace.create()
    workspace.settings_path.write_text('format = 1\n[scanning]\ninterface = "scan0"\n')
    device = seen_just_now(workspace, folder, site=SITE)[SERVER]
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    from asepsis.web.devices.projection import refresh

    # The tables as they are now, without the steps that led to them: a tenth of the time.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)
    refresh(workspace)
    now_ns = time.time_ns()
    plan = make_plan(
        look(workspace, SITE), scanning_of(workspace), site=SITE, now_ns=now_ns, questions={Question.BANNER}
    )
    for scan in SCANS:
        made = approve(
            plan,
            scan=scan,
            proposer="ada",
            approver="ben",
            from_ns=now_ns - SECOND_NS,
            until_ns=now_ns + 4 * 3600 * SECOND_NS,
        )
        kept = ScanFolder(workspace, scan)
        kept.make(plan)
        kept.keep_approval(made.sealed(signing_key(workspace)))
    sys.stdout.write(json.dumps({"device": device}))


def record(workspace: Workspace) -> None:
    """Runs the second scan while somebody records something."""
    import django

    django.setup()
    from asepsis.web.devices.models import DeviceRecord
    from asepsis.web.testing.recorded import life_sustaining

    prepared = prepare(workspace, SCANS[1], now_ns=time.time_ns(), recorded=life_sustaining)
    (target,) = prepared.plan.targets
    assert not prepared.skip
    DeviceRecord.objects.create(device_id=target.device, criticality=DeviceRecord.Criticality.LIFE_SUSTAINING)
    done = run_approved(prepared)
    sys.stdout.write(
        json.dumps({"packets": done.verdict.packets, "skipped": done.verdict.skipped, "asked": done.asked})
    )


if __name__ == "__main__":
    _, step, where = sys.argv
    place = Workspace(Path(where) / "workspace")
    os.environ[ENVIRONMENT_VARIABLE] = str(place.root)
    os.environ["DJANGO_SETTINGS_MODULE"] = "asepsis.web.settings"
    if step == "approve":
        approve_two(place, Path(where))
    else:
        record(place)
