"""What holds of messages of every protocol: names, provenance, repeats, the document of a device."""

from __future__ import annotations

from asepsis.protocols.mqtt import MqttConnect
from asepsis.protocols.smb_messages import NetbiosSession
from tests.devices.sayings import (
    CT_IMAGES,
    association,
    dhcp,
    dimse,
    lldp,
    names_of,
    snmp,
)
from tests.devices.ward import MONITOR, PC, devices, one, said, sighting


def test_names_are_taken_from_wherever_a_device_gives_one() -> None:
    assert names_of(association("A-ASSOCIATE-RQ", calling="CT_WARD_1")) == ("CT_WARD_1",)
    assert names_of(association("A-ASSOCIATE-RQ", calling="STORESCU")) == ()
    assert names_of(dhcp(host_name="pump-17")) == ("pump-17",)
    assert names_of(snmp(sysName="core-1.example")) == ("core-1.example",)
    assert names_of(lldp(system_name="sw-3")) == ("sw-3",)
    assert names_of(NetbiosSession(called="*SMBSERVER", calling="WS-17<00>")) == ("WS-17",)


def test_repeats_count_and_do_not_make_surer() -> None:
    message = dimse("C-STORE-RQ", CT_IMAGES)
    once = one(sighting(message, PC, "10.0.0.6"))
    often = one(*(sighting(message, PC, "10.0.0.6", at=at, packet=at + 1) for at in range(50)))
    assert often.confidence == once.confidence
    assert often.last_seen_ns > once.last_seen_ns


def test_the_first_sighting_is_the_provenance() -> None:
    message = dimse("C-STORE-RQ", CT_IMAGES)
    found = one(*(sighting(message, PC, "10.0.0.6", at=100 - at, packet=100 - at) for at in range(5)))
    assert {reason.packet for reason in found.evidence if reason.attribute == "category"} == {96}


def test_two_clients_with_the_same_habits_share_the_reading_and_not_the_clues() -> None:
    found = devices(
        *(
            sighting(
                MqttConnect(
                    client_id="x-1",
                    level=4,
                    keep_alive_seconds=60,
                    clean=True,
                    user_name=False,
                    password=False,
                    will_topic="",
                ),
                mac,
                ip,
            )
            for mac, ip in ((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"))
        )
    )
    assert [device.role for device in found] == ["mqtt_client", "mqtt_client"]


def test_the_document_has_the_members_of_the_contract_in_order() -> None:
    document = one(sighting(dhcp(host_name="pump-17"), PC, "0.0.0.0")).document()
    assert list(document) == [
        *("id", "site", "addresses", "names", "category", "vendor", "model", "os", "firmware", "serial", "udi", "role"),
        *("first_seen", "last_seen", "confidence", "evidence"),
    ]
    assert document["first_seen"] == "2023-11-14T22:13:20.000000Z"
    assert {tuple(reason) for reason in document["evidence"]} == {
        ("attribute", "value", "protocol", "weight", "capture", "packet")
    }


def test_said_names_protocols() -> None:
    found = one(sighting(dhcp(vendor_class="udhcp 1.22.1"), PC, "0.0.0.0"))
    assert said(found, "os") == {("Linux", "dhcp")}
