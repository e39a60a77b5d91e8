"""What people have recorded of devices that a scan must know: read from the tables at the moment of the question."""

from __future__ import annotations

from django.db import DatabaseError

from asepsis.exposure.scanning.plan import ScanError
from asepsis.web.devices.models import DeviceRecord


def life_sustaining(site: str) -> frozenset[str]:
    """The devices of a site that somebody has recorded as sustaining life.

    Raises:
        ScanError: The tables cannot be read; then nobody may be asked.
    """
    kept = DeviceRecord.objects.filter(device__site__name=site, criticality=DeviceRecord.Criticality.LIFE_SUSTAINING)
    try:
        return frozenset(kept.values_list("device_id", flat=True))
    except DatabaseError as error:
        raise ScanError(
            "what people have recorded of the devices cannot be read, so nobody is asked",
            code="scan-records",
            hint='In the scanner\'s namespace PostgreSQL is reached by its socket alone: host = "/run/postgresql".',
        ) from error
