"""An SDC consumer, by sdc11073: finds devices, reads their description, subscribes to their reports.

``python sdc_consumer.py ADDRESS`` goes on for good; ``python sdc_consumer.py ADDRESS LIMIT`` sets the upper limit of
the first alarm that it finds at the first device, and ends.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal

from sdc11073.consumer.consumerimpl import SdcConsumer
from sdc11073.definitions_sdc import SdcV1Definitions
from sdc11073.mdib import ConsumerMdib
from sdc11073.wsdiscovery import WSDiscovery

address = sys.argv[1]
SEARCH_SECONDS = 30
known: dict[str, SdcConsumer] = {}
discovery = WSDiscovery(address)
discovery.start()


def consumers() -> list[SdcConsumer]:
    """Connects to every device that answers and is not known yet."""
    for service in discovery.search_services(types=SdcV1Definitions.MedicalDeviceTypesFilter, timeout=3):
        if service.epr not in known:
            consumer = SdcConsumer.from_wsd_service(service, ssl_context_container=None)
            consumer.set_used_compression()  # none
            consumer.start_all()
            known[service.epr] = consumer
    return list(known.values())


if len(sys.argv) > 2:
    end = time.monotonic() + SEARCH_SECONDS
    while not consumers() and time.monotonic() < end:
        time.sleep(1)
    if not known:
        sys.exit("no device answers")
    target = next(iter(known.values()))
    mdib = ConsumerMdib(target)
    mdib.init_mdib()
    proposed = mdib.entities.by_handle("ac.pressure").state.mk_copy()
    proposed.Limits.Upper = Decimal(sys.argv[2])
    answer = target.set_service_client.set_alert_state("set.limits", proposed).result(timeout=10)
    print(answer.InvocationInfo.InvocationState)
    target.stop_all()
    discovery.stop()
    sys.exit(0)

while True:
    for one in consumers():
        if not hasattr(one, "lab_mdib"):
            one.lab_mdib = ConsumerMdib(one)
            one.lab_mdib.init_mdib()
    time.sleep(20)
