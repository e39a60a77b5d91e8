"""The story of results: HL7 over MLLP on two ports, and MQTT."""

from __future__ import annotations

import time
from pathlib import Path

from lab.hosts import DOMAIN
from lab.ward import MATERIAL, PROGRAM_FILES, Ward

HL7_PORT = 2575
DEVICE_PORT = 6661
"""Not the registered port of HL7: devices often get a listener of their own."""
MQTT_PORT = 1883
ANSWER_SECONDS = 10.0
SENSOR_USER, SENSOR_PASSWORD = "fridge7", "lab-only"  # Nothing outside the recording has this password.


def servers(ward: Ward) -> None:
    """Starts the interface engine's listeners and broker, and the radiology system's sender."""
    python = str(ward.environment / "bin" / "python")
    if ward.has("engine1"):
        for program, port in (("mllp_listener.py", HL7_PORT), ("mllp_device_gateway.py", DEVICE_PORT)):
            argv = [python, str(PROGRAM_FILES / program), str(port)]
            ward.serve("engine1", "listens for HL7", argv, port=port, application="hl7")
        host = ward.hosts["engine1"]
        host.write("/run/mosquitto.conf", f"listener {MQTT_PORT}\npassword_file /run/mosquitto.passwords\nuser root\n")
        host.run(["mosquitto_passwd", "-c", "-b", "/run/mosquitto.passwords", SENSOR_USER, SENSOR_PASSWORD])
        argv = ["mosquitto", "-c", "/run/mosquitto.conf"]
        ward.serve("engine1", "brokers MQTT", argv, port=MQTT_PORT, application="mqtt")
    if ward.has("ris1", "engine1"):
        # One connection for all messages, opened now and kept, as integrations do.
        _spool(ward).mkdir()
        argv = [python, str(PROGRAM_FILES / "mllp_spool.py"), "engine1", str(HL7_PORT), str(_spool(ward))]
        ward.serve("ris1", "sends HL7 over a kept connection", argv, application="hl7")
        _wait(_spool(ward) / "connected")


def subscribers(ward: Ward) -> None:
    """Starts the administrator's subscription, which lasts through the recording."""
    if ward.has("admin1", "engine1"):
        login = ["-u", SENSOR_USER, "-P", SENSOR_PASSWORD]
        argv = ["mosquitto_sub", "-h", "engine1", "-k", "20", "-i", "admin1-view", *login, "-t", "ward/#"]
        ward.serve("admin1", "reads all topics", argv, application="mqtt")
        ward.announces("admin1", "mqtt.clientid", "admin1-view")


def morning(ward: Ward) -> None:
    """Admission and order; then the devices report."""
    if not ward.has("engine1"):
        return
    for name in ("admission", "order"):
        _from_ris(ward, name)
    if ward.has("chem1"):
        _mllp_send(ward, "chem1", str(ward.fill("chemistry.hl7")), HL7_PORT, "reports chemistry results")
        ward.announces("chem1", "hl7.field", "LABCHEM")
    if ward.has("pump-0117"):
        _mllp_send(ward, "pump-0117", str(ward.fill("infusion.hl7")), DEVICE_PORT, "reports an infusion")
        ward.announces("pump-0117", "hl7.field", "LABPUMP^0003B1FFFE210117^EUI-64")
        ward.announces("pump-0117", "hl7.field", "09504000059118")
        ward.announces("pump-0117", "hl7.field", "LAB-PUMP-0117")
    for number in range(1, 4):
        vitals(ward, number)
        temperature(ward, number)


def vitals(ward: Ward, number: int) -> None:
    """The monitor sends one set of vital signs, each over a connection of its own."""
    if ward.has("mon-b07", "engine1"):
        _mllp_send(ward, "mon-b07", str(ward.fill("vitals.hl7", n=str(number))), DEVICE_PORT, "reports vital signs")
        ward.announces("mon-b07", "hl7.field", "LABMON^0009FBFFFE4A0B07^EUI-64")


def temperature(ward: Ward, number: int) -> None:
    """The thermometer publishes once."""
    if ward.has("fridge7", "engine1"):
        argv = ["mosquitto_pub", "-h", f"engine1.{DOMAIN}", "-i", "fridge7-thermo", "-q", "1"]
        argv += ["-u", SENSOR_USER, "-P", SENSOR_PASSWORD, "-t", "ward/fridge7/temperature", "-m", f"4.{number}"]
        ward.do("fridge7", "publishes a temperature", argv, server="engine1", port=MQTT_PORT, application="mqtt")
        ward.announces("fridge7", "mqtt.clientid", "fridge7-thermo")
        ward.announces("fridge7", "mqtt.topic", "ward/fridge7/temperature")


def evening(ward: Ward) -> None:
    """The discharge goes over the connection that the admission opened."""
    if ward.has("engine1"):
        _from_ris(ward, "discharge")


def _from_ris(ward: Ward, name: str) -> None:
    if not ward.has("ris1"):
        return
    message = _spool(ward) / f"{name}.new"
    message.write_text((MATERIAL / f"{name}.hl7").read_text())
    what = f"sends the {name} over the kept connection"
    ward.do(
        "ris1",
        what,
        ["mv", str(message), str(message.with_suffix(".hl7"))],
        server="engine1",
        port=HL7_PORT,
        application="hl7",
    )
    _wait(message.with_suffix(".ack"))
    ward.announces("ris1", "hl7.field", "LABRIS")


def _spool(ward: Ward) -> Path:
    return ward.scratch / "spool"


def _wait(file: Path) -> None:
    end = time.monotonic() + ANSWER_SECONDS
    while not file.exists():
        if time.monotonic() > end:
            raise RuntimeError(f"ris1: no {file.name} after {ANSWER_SECONDS:.0f} s")
        time.sleep(0.05)


def _mllp_send(ward: Ward, host: str, file: str, port: int, what: str) -> None:
    argv = [str(ward.environment / "bin" / "mllp_send"), "--loose", "-f", file, "-p", str(port), "engine1"]
    ward.do(host, what, argv, server="engine1", port=port, application="hl7")
    ward.announces("engine1", "hl7.field", "LABENGINE")
    time.sleep(0.2)
