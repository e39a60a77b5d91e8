"""What messages of buildings, machines and radio say of devices. One test: who says what, and what is shown."""

from __future__ import annotations

from asepsis.protocols.bacnet import Bacnet
from asepsis.protocols.ble import Ble
from asepsis.protocols.ethernet_ip import EthernetIp
from asepsis.protocols.hci import HciBle
from asepsis.protocols.modbus import Modbus
from asepsis.protocols.opcua import Opcua
from asepsis.protocols.wifi import Wifi
from tests.devices.ward import PC, PHONE_MONDAY, by_ip, devices, one, sighting

# Of a prefix that is assigned to nobody: no maker contradicts what is said.
CONTROLLER, PUMP, METER = "00:ff:f0:00:00:07", "00:ff:f0:00:00:08", "00:ff:f0:00:00:09"
STATION = "10.0.0.7"


def test_a_building_controller_is_named_by_its_device_object() -> None:
    announced = Bacnet(message="I-Am", from_server=True, device="260001", vendor_id=5)
    said = Bacnet(
        message="ReadPropertyMultiple-ACK",
        from_server=True,
        device="260001",
        vendor_name="Johnson Controls, Inc.",
        model_name="VMA1632",
        firmware_revision="10.1",
        object_name="AHU-3",
        serial_number="S0815",
    )
    device = one(sighting(announced, CONTROLLER, STATION), sighting(said, CONTROLLER, STATION))
    assert (device.category, device.role) == ("building_controller", "building_automation")
    assert (device.vendor, device.model, device.firmware) == ("Johnson Controls", "VMA1632", "10.1")
    assert (device.serial, device.names) == ("S0815", ("AHU-3",))


def test_what_a_router_passes_on_is_not_said_of_the_router() -> None:
    routed = Bacnet(message="I-Am", from_server=True, device="9", vendor_id=5, source_network=2001, source_address="0b")
    assert devices(sighting(routed, CONTROLLER, STATION)) == []


def test_a_forwarded_message_is_of_who_sent_it_first() -> None:
    forwarded = Bacnet(message="I-Am", from_server=True, device="9", vendor_id=5, origin="10.0.9.9")
    itself = Bacnet(message="ReadProperty-ACK", from_server=True)
    found = devices(sighting(forwarded, CONTROLLER, STATION), sighting(itself, METER, "10.0.9.9"))
    assert by_ip(found, "10.0.9.9").vendor == "Johnson Controls"
    assert all(device.vendor is None for device in found if "10.0.9.9" not in device.ips)


def test_a_modbus_device_says_what_it_is_and_one_behind_a_gateway_does_not_name_the_gateway() -> None:
    said = {"vendor_name": "Schneider Electric", "product_code": "BMX P34 2020", "revision": "v2.9"}
    itself = Modbus(function="Encapsulated Interface Transport", unit=255, from_server=True, **said)  # type: ignore[arg-type]  # texts
    device = one(sighting(itself, CONTROLLER, STATION))
    assert (device.vendor, device.model, device.firmware) == ("Schneider Electric", "BMX P34 2020", "v2.9")
    behind = Modbus(function="Encapsulated Interface Transport", unit=17, from_server=True, **said)  # type: ignore[arg-type]  # texts
    assert one(sighting(behind, CONTROLLER, STATION)).confidence.get("model", 0) < device.confidence["model"]


def test_who_only_asks_is_no_controller() -> None:
    asks = Modbus(function="Read Coils", unit=1, from_server=False)
    assert devices(sighting(asks, PC, "10.0.0.3")) == []


def test_a_machine_says_its_identity() -> None:
    said = EthernetIp(
        command="ListIdentity",
        from_server=True,
        vendor_id=1,
        device_type="programmable logic controller",
        revision="33.11",
        serial="deadbeef",
        product_name="1756-L72/B",
    )
    device = one(sighting(said, CONTROLLER, STATION))
    assert (device.category, device.vendor) == ("industrial_controller", "Rockwell Automation")
    assert (device.model, device.firmware, device.serial) == ("1756-L72/B", "33.11", "deadbeef")


def test_a_server_of_opc_ua_has_a_name() -> None:
    said = Opcua(message="GetEndpointsResponse", from_server=True, application_name="Air handling")
    device = one(sighting(said, CONTROLLER, STATION))
    assert (device.role, device.names) == ("building_automation", ("Air handling",))


def test_an_access_point_is_what_announces_a_network() -> None:
    beacon = Wifi(frame="beacon", transmitter=CONTROLLER, bssid=CONTROLLER, access_point=True, network="Ward 3")
    device = one(sighting(beacon, CONTROLLER))
    assert (device.category, device.role) == ("access_point", "wireless_access")


def test_a_station_that_offers_its_set_up_says_what_it_is() -> None:
    probe = Wifi(
        frame="probe request",
        transmitter=PUMP,
        simple_configuration=True,
        manufacturer="B. Braun",
        model_name="SpaceStation",
        serial_number="0815",
    )
    device = one(sighting(probe, PUMP))
    assert (device.vendor, device.model, device.serial) == ("B. Braun", "SpaceStation", "0815")


def test_a_station_whose_address_is_made_up_is_no_device() -> None:
    probe = Wifi(frame="probe request", transmitter=PHONE_MONDAY, simple_configuration=True, manufacturer="Samsung")
    assert devices(sighting(probe, PHONE_MONDAY)) == []


def test_a_meter_advertises_what_it_is() -> None:
    said = Ble(
        packet="ADV_IND",
        address=METER,
        address_kind="public",
        name="meter+06109421",
        appearance=0x0400,
        companies=(368,),
        services=("1808",),
    )
    device = one(sighting(said, METER))
    assert (device.category, device.vendor) == ("poc_glucose_meter", "Roche")


def test_strings_of_the_device_information_service_are_those_of_the_peer() -> None:
    of_the_pump = {"address": PUMP, "address_kind": "public"}
    told = [{"manufacturer": "Medtronic"}, {"model": "MMT-1886"}, {"serial": "NG123"}, {"firmware": "6.21"}]
    device = one(*(sighting(HciBle(packet="Device Information", **of_the_pump, **said)) for said in told))  # type: ignore[arg-type]  # texts
    assert device.macs == (PUMP,)
    assert (device.vendor, device.model, device.serial, device.firmware) == ("Medtronic", "MMT-1886", "NG123", "6.21")


def test_an_address_that_changes_is_no_device_and_neither_is_who_scans() -> None:
    private = Ble(packet="ADV_IND", address=PHONE_MONDAY, address_kind="random resolvable", name="A phone")
    scans = Ble(packet="SCAN_REQ", address=PUMP, address_kind="public", peer=PHONE_MONDAY)
    assert devices(sighting(private, PHONE_MONDAY), sighting(scans, PHONE_MONDAY)) == []
