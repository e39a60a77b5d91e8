"""MQTT by Mosquitto, over TLS and in clear."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import services
from lab.hospital.topology import Device

USER = "device"


def broker(hospital: Hospital, device: Device) -> None:
    """Starts Mosquitto on 1883 (password in clear) and 8883 (TLS)."""
    host = hospital.hosts[device.name]
    key, chain = services.certificate(hospital, device)
    host.write(
        "/run/mosquitto.conf",
        f"per_listener_settings false\nlistener 1883\nlistener 8883\ncertfile {chain}\nkeyfile {key}\n"
        "allow_anonymous false\npassword_file /run/mosquitto.passwords\nuser root\n",
    )
    host.run(["mosquitto_passwd", "-c", "-b", "/run/mosquitto.passwords", USER, services.PASSWORD])
    # A client needs the certificate that it is to trust.
    (hospital.scratch / f"{device.name}.crt").write_bytes(host.path(chain).read_bytes())
    argv = ["mosquitto", "-c", "/run/mosquitto.conf"]
    hospital.lasting(device.name, "brokers MQTT", argv, port=8883, application="mqtt")


def publish(hospital: Hospital, client: str, broker: str, topic: str, text: str, *, tls: bool) -> None:
    """Publishes once, with quality of service 1."""
    argv = ["mosquitto_pub", "-h", hospital.full_name(broker), "-i", client, "-q", "1", "-u", USER]
    argv += ["-P", services.PASSWORD, "-t", topic, "-m", text, *_secured(hospital, broker, tls=tls)]
    port, application = (8883, "tls") if tls else (1883, "mqtt")
    hospital.do(client, "publishes", argv, server=broker, port=port, application=application, timeout_seconds=30)
    if not tls:
        hospital.announces(client, "mqtt.clientid", client)


def subscribe(hospital: Hospital, client: str, broker: str, topic: str, *, tls: bool) -> None:
    """Subscribes for good."""
    argv = ["mosquitto_sub", "-h", hospital.full_name(broker), "-k", "30", "-i", f"{client}-view", "-u", USER]
    argv += ["-P", services.PASSWORD, "-t", topic, *_secured(hospital, broker, tls=tls)]
    hospital.lasting(client, "reads topics", argv, application="tls" if tls else "mqtt", talks=True)


def _secured(hospital: Hospital, broker: str, *, tls: bool) -> list[str]:
    if not tls:
        return []
    return ["-p", "8883", "--cafile", str(hospital.scratch / f"{broker}.crt")]
