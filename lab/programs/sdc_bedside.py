"""A ventilator and a bedside consumer by the ``sdc11073`` package: real IEEE 11073 SDC in clear, on loopback.

Runs in the lab's own environment, in a network namespace of its own: ``python sdc_bedside.py``. The provider announces
itself by WS-Discovery; the consumer probes for it, reads its metadata and its description, subscribes, and calls one
remote operation; the provider reports a measurement. Prints ``done`` at the end.
"""

from __future__ import annotations

import logging
import time
import uuid
from decimal import Decimal

from sdc11073.consumer.consumerimpl import SdcConsumer
from sdc11073.definitions_sdc import SdcV1Definitions
from sdc11073.location import SdcLocation
from sdc11073.mdib import ProviderMdib
from sdc11073.provider.providerimpl import SdcProvider
from sdc11073.wsdiscovery import WSDiscovery
from sdc11073.xml_types.dpws_types import ThisDeviceType, ThisModelType

ADDRESS = "127.0.0.1"
WAIT_SECONDS = 10

MDIB = b"""<?xml version="1.0" encoding="utf-8"?>
<msg:GetMdibResponse
 xmlns:msg="http://standards.ieee.org/downloads/11073/11073-10207-2017/message"
 xmlns:pm="http://standards.ieee.org/downloads/11073/11073-10207-2017/participant"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 MdibVersion="1" SequenceId="urn:uuid:11111111-2222-3333-4444-555555555555">
<msg:Mdib MdibVersion="1" SequenceId="urn:uuid:11111111-2222-3333-4444-555555555555">
<pm:MdDescription DescriptionVersion="0"><pm:Mds Handle="mds0" DescriptorVersion="0"><pm:Type Code="70001"/>
<pm:ProductionSpecification><pm:SpecType Code="531975"/><pm:ProductionSpec>3.4.1</pm:ProductionSpec>
</pm:ProductionSpecification>
<pm:AlertSystem Handle="asy0" SelfCheckPeriod="PT5S"/>
<pm:Sco Handle="sco0">
<pm:Operation xsi:type="pm:SetValueOperationDescriptor" Handle="op0" OperationTarget="m0"/></pm:Sco>
<pm:MetaData><pm:Udi><pm:DeviceIdentifier>04012345678901</pm:DeviceIdentifier>
<pm:HumanReadableForm>(01)04012345678901(21)VT-0042</pm:HumanReadableForm>
<pm:Issuer Root="urn:oid:2.51.1.1"/></pm:Udi>
<pm:LotNumber>L9</pm:LotNumber><pm:Manufacturer>Asepsis Lab</pm:Manufacturer><pm:ModelName>Breath</pm:ModelName>
<pm:ModelNumber>900</pm:ModelNumber><pm:SerialNumber>VT-0042</pm:SerialNumber></pm:MetaData>
<pm:SystemContext Handle="sc0"><pm:PatientContext Handle="pc0"/><pm:LocationContext Handle="lc0"/></pm:SystemContext>
<pm:Vmd Handle="vmd0"><pm:Channel Handle="ch0"><pm:Metric xsi:type="pm:NumericMetricDescriptor" Handle="m0"
 MetricCategory="Msrmt" MetricAvailability="Cont" Resolution="0.1"><pm:Type Code="151562"/><pm:Unit Code="264672"/>
</pm:Metric></pm:Channel></pm:Vmd></pm:Mds></pm:MdDescription>
<pm:MdState StateVersion="0">
<pm:State xsi:type="pm:MdsState" DescriptorHandle="mds0"/>
<pm:State xsi:type="pm:AlertSystemState" DescriptorHandle="asy0" ActivationState="On"/>
<pm:State xsi:type="pm:ScoState" DescriptorHandle="sco0"/>
<pm:State xsi:type="pm:SetValueOperationState" DescriptorHandle="op0" OperatingMode="En"/>
<pm:State xsi:type="pm:SystemContextState" DescriptorHandle="sc0"/>
<pm:State xsi:type="pm:VmdState" DescriptorHandle="vmd0"/>
<pm:State xsi:type="pm:ChannelState" DescriptorHandle="ch0"/>
<pm:State xsi:type="pm:NumericMetricState" DescriptorHandle="m0"/>
</pm:MdState></msg:Mdib></msg:GetMdibResponse>
"""


def main() -> None:
    """One meeting of a device and its consumer."""
    logging.disable(logging.CRITICAL)
    device_discovery, consumer_discovery = WSDiscovery(ADDRESS), WSDiscovery(ADDRESS)
    device_discovery.start()
    consumer_discovery.start()
    provider = SdcProvider(
        device_discovery,
        ThisModelType(manufacturer="Asepsis Lab", model_name="Breath", model_number="900"),
        ThisDeviceType(friendly_name="Ventilator 3", firmware_version="2.11", serial_number="VT-0042"),
        ProviderMdib.from_string(MDIB),
        epr=uuid.UUID("4fac1234-31f8-11b4-a222-08002b34c003"),
    )
    provider.start_all(start_rtsample_loop=False)
    provider.set_location(SdcLocation(fac="HOSP", poc="CU1", bed="Bed42"))
    found = consumer_discovery.search_services(
        types=SdcV1Definitions.MedicalDeviceTypesFilter, timeout=WAIT_SECONDS, repeat_probe_interval=2
    )
    consumer = SdcConsumer.from_wsd_service(found[0], ssl_context_container=None)
    consumer.start_all()
    consumer.get_service_client.get_mdib()
    consumer.get_service_client.get_md_description()
    with provider.mdib.metric_state_transaction() as transaction:
        state = transaction.get_state("m0")
        state.mk_metric_value()
        state.MetricValue.Value = Decimal("7734.25")
    consumer.set_service_client.set_numeric_value("op0", Decimal(12)).result(timeout=WAIT_SECONDS)
    time.sleep(1)
    consumer.stop_all()
    provider.stop_all()
    device_discovery.stop()
    consumer_discovery.stop()
    print("done")


if __name__ == "__main__":
    main()
