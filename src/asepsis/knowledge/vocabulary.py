"""The closed lists: what a device can be (category) and what it does on the network (role).

Both lists are part of the contract of ``asepsis devices --json`` and are described, from this file, in
``docs/reference/categories.md`` and ``docs/reference/roles.md``.
"""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """What a device is. A value is stable once published; its meaning stands beside it."""

    meaning: str
    # An enum hashes by name, in Python; these are keys of dictionaries by the hundred thousand.
    __hash__ = str.__hash__

    def __new__(cls, value: str, meaning: str = "") -> Category:
        """Makes a member whose value is the word that programs see and whose ``meaning`` is for people."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    # Imaging
    CT = "ct", "Computed tomography scanner"
    MR = "mr", "Magnetic resonance scanner"
    ULTRASOUND = "ultrasound", "Ultrasound system"
    XRAY = "xray", "Radiography, fluoroscopy, angiography or C-arm system, and plate readers"
    MAMMOGRAPHY = "mammography", "Mammography system"
    NUCLEAR = "nuclear_medicine", "Gamma camera, SPECT or PET scanner, also combined with CT or MR"
    RADIOTHERAPY = "radiotherapy", "Linear accelerator or treatment planning system"
    ENDOSCOPY = "endoscopy", "Endoscopy or other visible-light imaging system"
    OPHTHALMIC = "ophthalmic", "Fundus camera, OCT or other eye instrument"
    IMAGING_MODALITY = "imaging_modality", "Something that makes DICOM images; which kind is not known"
    IMAGING_WORKSTATION = "imaging_workstation", "Diagnostic viewer or post-processing workstation"
    PACS = "pacs", "Picture archive, or a DICOM router in front of one"
    MODALITY_WORKLIST = "modality_worklist", "Server that tells scanners whom they examine next"
    FILM_PRINTER = "film_printer", "DICOM film or paper printer"
    # Information systems
    INTERFACE_ENGINE = "interface_engine", "Engine that receives, changes and forwards HL7 messages"
    EHR_SERVER = "ehr_server", "Server of the patient record or of admission and discharge"
    RADIOLOGY_SYSTEM = "radiology_information_system", "Radiology information system"
    LAB_SYSTEM = "laboratory_information_system", "Laboratory information system"
    PHARMACY_SYSTEM = "pharmacy_system", "Pharmacy information system"
    LAB_MIDDLEWARE = "lab_middleware", "Software between analysers and the laboratory system"
    MEDICAL_SERVER = "medical_server", "Server of a clinical system; which kind is not known"
    # Laboratory and point of care
    LAB_ANALYSER = "lab_analyser", "Laboratory analyser or sequencer"
    BLOOD_GAS_ANALYSER = "blood_gas_analyser", "Blood gas analyser"
    GLUCOSE_METER = "poc_glucose_meter", "Point-of-care glucose meter or its base station"
    # Therapy
    INFUSION_PUMP = "infusion_pump", "Infusion or syringe pump"
    PUMP_SERVER = "pump_server", "Server or rack that gathers and programs infusion pumps"
    INSULIN_PUMP = "insulin_pump", "Insulin pump or its controller"
    VENTILATOR = "ventilator", "Ventilator"
    ANAESTHESIA = "anaesthesia_machine", "Anaesthesia machine"
    DIALYSIS = "dialysis", "Dialysis or blood purification machine"
    DEFIBRILLATOR = "defibrillator", "Defibrillator"
    ELECTROSURGERY = "electrosurgery", "Electrosurgical or energy generator"
    COMPOUNDER = "pharmacy_compounder", "Compounder for infusions or nutrition"
    IMPLANT_PROGRAMMER = "implant_programmer", "Programmer of pacemakers and other implants"
    IMPLANT_TRANSMITTER = "implant_transmitter", "Bedside transmitter of an implant's readings"
    # Monitoring
    PATIENT_MONITOR = "patient_monitor", "Bedside, transport or worn patient monitor"
    CENTRAL_STATION = "central_station", "Central station or telemetry server of patient monitors"
    FETAL_MONITOR = "fetal_monitor", "Fetal or maternal monitor"
    ECG = "ecg", "Electrocardiograph, stress or Holter system"
    EEG = "eeg", "Electroencephalograph or sleep laboratory system"
    SPIROMETER = "spirometer", "Lung function instrument"
    BLOOD_PRESSURE = "blood_pressure_monitor", "Blood pressure meter"
    SCALE = "scale", "Weighing scale"
    WEARABLE = "wearable", "Worn sensor or activity tracker"
    REMOTE_MONITORING_HUB = "remote_monitoring_hub", "Hub that sends a patient's readings from home"
    DEVICE_GATEWAY = "device_gateway", "Serial or device gateway between bedside devices and the network"
    MEDICAL_DEVICE = "medical_device", "A medical device; which kind is not known"
    # Care environment
    NURSE_CALL = "nurse_call", "Nurse call system"
    MEDICATION_CABINET = "medication_cabinet", "Automated medication cabinet"
    SMART_BED = "smart_bed", "Networked hospital bed"
    TELEMEDICINE_CART = "telemedicine_cart", "Telemedicine or video consultation cart"
    PNEUMATIC_TUBE = "pneumatic_tube", "Pneumatic tube transport system"
    MEDICAL_GAS = "medical_gas", "Medical gas or air supply controller"
    # Offices and people
    WORKSTATION = "workstation", "Desktop or laptop computer"
    SERVER = "server", "Server without a more exact kind"
    PHONE_MOBILE = "smartphone_or_tablet", "Smartphone or tablet"
    PHONE = "phone", "Desk or wireless IP telephone"
    PRINTER = "printer", "Printer, scanner or multifunction device"
    CAMERA = "camera", "Network camera or video doorbell"
    TV_MEDIA = "tv_or_media", "Television, media player, loudspeaker or game console"
    SINGLE_BOARD = "single_board_computer", "Single-board or hobby computer"
    # Network and building
    SWITCH = "network_switch", "Network switch"
    ROUTER = "router", "Router"
    ACCESS_POINT = "access_point", "Wireless access point or controller"
    FIREWALL = "firewall", "Firewall or VPN concentrator"
    STORAGE = "storage", "Network storage"
    UPS = "ups", "Uninterruptible power supply or power distribution unit"
    BUILDING_CONTROLLER = "building_controller", "Heating, ventilation, lighting or other building automation"
    INDUSTRIAL_CONTROLLER = "industrial_controller", "Programmable controller or other industrial automation"
    BADGE_DOOR = "badge_or_door", "Badge reader, door controller or time clock"
    SERIAL_SERVER = "serial_server", "Serial device server without a medical purpose that we know of"
    REMOTE_CONSOLE = "remote_console", "Management controller or KVM of another computer"
    SMART_HOME = "smart_home", "Smart plug, light, sensor or other household device"
    VIRTUAL_MACHINE = "virtual_machine", "Virtual machine without a more exact kind"
    SCANNER = "network_scanner", "Something that probes other devices"
    UNKNOWN = "unknown", "Looked at by a person and still not known; the engine itself says null"


class Role(StrEnum):
    """What a device does on the network, the most telling first: the order decides which role is shown."""

    meaning: str
    __hash__ = str.__hash__

    def __new__(cls, value: str, meaning: str = "") -> Role:
        """Makes a member whose value is the word that programs see and whose ``meaning`` is for people."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    ROUTER = "router", "Forwards packets of other devices"
    DICOM_ARCHIVE = "dicom_archive", "Answers queries for images, which it accepts and keeps"
    DICOM_WORKLIST = "dicom_worklist_provider", "Answers modality worklist queries"
    DICOM_PRINT = "dicom_print_server", "Accepts images to print"
    HL7_ENGINE = "hl7_engine", "Receives HL7 messages and passes them on to others"
    DICOM_SENDER = "dicom_image_source", "Sends images to an archive"
    DICOM_VIEWER = "dicom_query_client", "Queries or retrieves images"
    DICOM_RECEIVER = "dicom_image_receiver", "Accepts images; whether it is an archive is not known"
    DICOM_CLIENT = "dicom_client", "Opens DICOM associations; for what is not known"
    DICOM_SERVER = "dicom_server", "Accepts DICOM associations; for what is not known"
    HL7_RECEIVER = "hl7_receiver", "Receives HL7 messages"
    HL7_RESULT_SENDER = "hl7_result_sender", "Sends results or observations as HL7 messages"
    HL7_SENDER = "hl7_sender", "Sends HL7 messages"
    MEDICAL_DATA_SOURCE = "medical_data_source", "Sends readings by a medical device protocol"
    MQTT_BROKER = "mqtt_broker", "Passes on MQTT messages"
    DHCP_SERVER = "dhcp_server", "Gives out addresses"
    DHCP_RELAY = "dhcp_relay", "Passes address requests on to a server in another network"
    DNS_SERVER = "dns_server", "Answers name queries"
    DIRECTORY_SERVER = "directory_server", "Answers LDAP or Kerberos requests"
    NTP_SERVER = "time_server", "Gives the time"
    SWITCHING = "bridge", "Joins network segments"
    WIRELESS_ACCESS = "wireless_access", "Gives wireless access"
    MQTT_CLIENT = "mqtt_client", "Publishes or subscribes by MQTT"
    BUILDING_AUTOMATION = "building_automation", "Speaks BACnet, Modbus or another building protocol as a server"
    PRINT_SERVER = "print_server", "Accepts print jobs"
    VIDEO_SERVER = "video_server", "Serves video streams"
    VOICE_ENDPOINT = "voice_endpoint", "Makes or carries voice calls"
    DATABASE_SERVER = "database_server", "Serves a database"
    FILE_SERVER = "file_server", "Serves files"
    MAIL_SERVER = "mail_server", "Accepts mail"
    WEB_SERVER = "web_server", "Serves web pages or a web API"
    REMOTE_LOGIN_SERVER = "remote_login_server", "Accepts SSH, Telnet or remote desktop sessions"
    MANAGED_AGENT = "managed_agent", "Answers SNMP"
    NETWORK_MANAGER = "network_manager", "Queries other devices by SNMP"
    CLIENT = "client", "Only asks others"


# Words that say little. Evidence for one of them never contradicts a more exact word, and loses to it: a CT's
# console is a Windows workstation too, a PACS runs on a server, and what probes others may be any of them.
GENERAL_CATEGORIES = frozenset(
    {
        Category.WORKSTATION,
        Category.SERVER,
        Category.SINGLE_BOARD,
        Category.VIRTUAL_MACHINE,
        Category.SERIAL_SERVER,
        Category.SCANNER,
    }
)

_IMAGING = (
    Category.CT,
    Category.MR,
    Category.ULTRASOUND,
    Category.XRAY,
    Category.MAMMOGRAPHY,
    Category.NUCLEAR,
    Category.RADIOTHERAPY,
    Category.ENDOSCOPY,
    Category.OPHTHALMIC,
)

_MEDICAL_SYSTEMS = (
    Category.PACS,
    Category.MODALITY_WORKLIST,
    Category.INTERFACE_ENGINE,
    Category.EHR_SERVER,
    Category.RADIOLOGY_SYSTEM,
    Category.LAB_SYSTEM,
    Category.PHARMACY_SYSTEM,
    Category.LAB_MIDDLEWARE,
    Category.PUMP_SERVER,
    Category.CENTRAL_STATION,
)

_MEDICAL_DEVICES = (
    Category.IMAGING_MODALITY,
    Category.LAB_ANALYSER,
    Category.BLOOD_GAS_ANALYSER,
    Category.GLUCOSE_METER,
    Category.INFUSION_PUMP,
    Category.INSULIN_PUMP,
    Category.VENTILATOR,
    Category.ANAESTHESIA,
    Category.DIALYSIS,
    Category.DEFIBRILLATOR,
    Category.ELECTROSURGERY,
    Category.COMPOUNDER,
    Category.IMPLANT_PROGRAMMER,
    Category.IMPLANT_TRANSMITTER,
    Category.PATIENT_MONITOR,
    Category.FETAL_MONITOR,
    Category.ECG,
    Category.EEG,
    Category.SPIROMETER,
    Category.BLOOD_PRESSURE,
    Category.SCALE,
    Category.WEARABLE,
    Category.REMOTE_MONITORING_HUB,
    Category.DEVICE_GATEWAY,
    Category.SMART_BED,
    Category.NURSE_CALL,
    Category.MEDICATION_CABINET,
)

MEDICAL: frozenset[str] = frozenset((*_IMAGING, *_MEDICAL_SYSTEMS, *_MEDICAL_DEVICES)) | {
    Category.MEDICAL_DEVICE,
    Category.MEDICAL_SERVER,
}
"""Every category that takes part in care or holds what care needs to know."""

# A more exact word to the wider words that it implies.
WIDER: dict[Category, tuple[Category, ...]] = {
    **dict.fromkeys(_IMAGING, (Category.IMAGING_MODALITY, Category.MEDICAL_DEVICE)),
    **dict.fromkeys(_MEDICAL_SYSTEMS, (Category.MEDICAL_SERVER,)),
    **dict.fromkeys(_MEDICAL_DEVICES, (Category.MEDICAL_DEVICE,)),
    # An electrocardiograph or an eye camera that sends DICOM is seen as some modality first.
    Category.ECG: (Category.MEDICAL_DEVICE, Category.IMAGING_MODALITY),
    Category.CAMERA: (Category.SMART_HOME,),
    Category.TV_MEDIA: (Category.SMART_HOME,),
}


def category_agrees(wide: str, exact: str) -> bool:
    """True when evidence for ``wide`` supports ``exact``: the same word, or a wider word for the same thing."""
    if wide == exact:
        return True
    try:
        return wide in WIDER.get(Category(exact), ())
    except ValueError:
        return False
