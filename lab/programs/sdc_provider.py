"""A ventilator as an SDC provider, by sdc11073; the description of the device is ours (material/ventilator.mdib.xml).

``python sdc_provider.py ADDRESS MAC VENDOR MODEL SERIAL FIRMWARE``: found by WS-Discovery, reports its metrics, lets an
alarm's limits be set by whoever asks, as a provider without TLS does.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

from sdc11073.location import SdcLocation
from sdc11073.mdib import ProviderMdib
from sdc11073.provider.baseproduct import BaseProduct
from sdc11073.provider.operations import ExecuteResult, OperationDefinitionBase
from sdc11073.provider.providerimpl import RoleProviderComponents, SdcProvider
from sdc11073.wsdiscovery import WSDiscovery
from sdc11073.xml_types import pm_types
from sdc11073.xml_types.dpws_types import ThisDeviceType, ThisModelType
from sdc11073.xml_types.msg_types import InvocationState

address, mac, vendor, model, serial, firmware = sys.argv[1:]
REPORT_SECONDS = 5.0


class AlarmLimits:
    """Carries out the one operation there is: new limits for an alarm."""

    def __init__(self, mdib: ProviderMdib) -> None:
        self.mdib = mdib

    def init_operations(self, sco: object) -> None:
        """Nothing to prepare."""

    def make_operation_instance(self, descriptor: object, class_of: object) -> OperationDefinitionBase | None:
        """The operation of a descriptor."""
        return class_of(descriptor.NODETYPE)(  # type: ignore[operator, attr-defined]
            descriptor.Handle,  # type: ignore[attr-defined]
            descriptor.OperationTarget,  # type: ignore[attr-defined]
            self.set_limits,
            coded_value=descriptor.Type,  # type: ignore[attr-defined]
        )

    def make_missing_operations(self, sco: object) -> list[OperationDefinitionBase]:
        """None are made."""
        return []

    def on_pre_commit(self, *_: object) -> None:
        """Nothing to add."""

    def on_post_commit(self, *_: object) -> None:
        """Nothing to add."""

    def stop(self) -> None:
        """Nothing to stop."""

    def set_limits(self, parameters: object) -> ExecuteResult:
        """Takes the limits over."""
        proposed = parameters.operation_request.argument  # type: ignore[attr-defined]
        with self.mdib.alert_state_transaction() as transaction:
            state = transaction.get_state(proposed.DescriptorHandle)
            state.Limits = proposed.Limits
        return ExecuteResult(InvocationState.FINISHED, self.mdib.mdib_version_group, proposed.DescriptorHandle)


class Ventilator(BaseProduct):
    """The product: its one role."""

    def __init__(self, mdib: ProviderMdib, sco: object, log_prefix: str | None = None) -> None:
        super().__init__(mdib, sco, log_prefix)
        self._ordered_role_providers = [AlarmLimits(mdib)]


text = (Path(__file__).parent.parent / "material" / "ventilator.mdib.xml").read_text()
for word, value in (("vendor", vendor), ("model", model), ("serial", serial)):
    text = text.replace(f"${word}", escape(value))
mdib = ProviderMdib.from_string(text.encode())
discovery = WSDiscovery(address)
discovery.start()
provider = SdcProvider(
    discovery,
    ThisModelType(manufacturer=vendor, model_name=model, model_number="1"),
    ThisDeviceType(friendly_name=f"{model} {serial}", firmware_version=firmware, serial_number=serial),
    mdib,
    epr=uuid.uuid5(uuid.NAMESPACE_OID, mac),
    role_provider_components=RoleProviderComponents(role_provider_class=Ventilator),
)
provider.set_used_compression()  # none, as small devices do
provider.start_all(start_rtsample_loop=False)
provider.set_location(SdcLocation(fac="LAB", poc="ICU", bed=serial))
provider.publish()
chance = random.Random(serial)
while True:
    with mdib.metric_state_transaction() as transaction:
        for handle, low, high in (("m.pressure", 16, 24), ("m.rate", 12, 18)):
            state = transaction.get_state(handle)
            if state.MetricValue is None:
                state.mk_metric_value()
            state.MetricValue.Value = Decimal(chance.randrange(low, high))
            state.MetricValue.MetricQuality.Validity = pm_types.MeasurementValidity.VALID
    time.sleep(REPORT_SECONDS)
