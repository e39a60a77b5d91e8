"""The database lists exactly the rows on which single decisions allow the action."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.web.authorisation import asking, decide, schema
from asepsis.web.authorisation.actions import Action, Kind, Obligation, Role
from asepsis.web.authorisation.asking import Asker, facts_of, keep, place_of, subject_of
from asepsis.web.authorisation.conditions import AttributeIs, InGroup, Unlistable
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.facts import HOSPITAL, Circumstances, Grant, Scope, ScopeFacts, Subject, VendorAccess
from asepsis.web.authorisation.models import BreakGlassUse
from asepsis.web.authorisation.policies import read, shipped
from asepsis.web.authorisation.queries import ROWS, to_q
from asepsis.web.cmms.models import AssetImport
from asepsis.web.devices.models import Device, DeviceRecord, Note
from asepsis.web.facilities.models import Department, DeviceGroup, Site
from asepsis.web.people.models import Person, RoleGrant
from tests.web.authorisation.worlds import DEPARTMENTS, GROUPS, NOW, OWN_POLICIES, SITES, circumstances, subjects
from tests.web.conftest import MakeDevice, MakePerson

DEVICE_ACTIONS = [action for action, facts in schema.actions().items() if Kind.DEVICE in facts.kinds]
USUAL = Circumstances(assurance_level=2, device_bound=False, signed_in_seconds_ago=5, now=NOW)


@pytest.fixture
def hospital(make_device: MakeDevice) -> list[Device]:
    """A device for every placement that there can be."""
    sites = [Site.objects.create(pk=int(pk), name=f"site {pk}") for pk in SITES]
    departments = [
        None,
        *(Department.objects.create(pk=int(pk), site_id=int(site), name=pk) for pk, site in DEPARTMENTS.items()),
    ]
    groups = [DeviceGroup.objects.create(pk=int(pk), name=pk) for pk in GROUPS]
    chosen = [(), (groups[0],), (groups[1],), tuple(groups)]
    made = []
    names = iter(["a", "b", "c", "d", *(f"device{number}" for number in range(99))])
    for site, department, members in itertools.product(sites, departments, chosen):
        device = make_device(next(names), site=site.name)
        # Some have no record at all, as after the first capture.
        if department is not None or members:
            DeviceRecord.objects.create(device=device, department=department)
        device.groups.set(members)
        made.append(device)
    return list(Device.objects.select_related("record"))


@pytest.mark.parametrize("own", [False, True], ids=["ours", "with a hospital's own"])
def test_the_database_lists_what_single_decisions_allow(
    hospital: list[Device], make_person: MakePerson, monkeypatch: pytest.MonkeyPatch, *, own: bool
) -> None:
    engine = Engine([*shipped(), *(read({"own.cedar": OWN_POLICIES}, own=True) if own else [])])
    monkeypatch.setattr(decide, "engine", lambda: engine)
    person = make_person("me")
    facts = {device.pk: facts_of(device, Action.DEVICE_VIEW) for device in hospital}
    everything = list(Obligation)

    @settings(max_examples=60, deadline=None)
    @given(subject=subjects, how=circumstances, action=st.sampled_from(DEVICE_ACTIONS))
    def same(subject: Subject, how: Circumstances, action: Action) -> None:
        keep(person, Asker(subject=subject, circumstances=how))
        rows = visible(person, action, Device.objects.all(), fulfils=everything)
        listed = sorted(rows.values_list("pk", flat=True))
        assert listed == sorted(
            pk for pk, fact in facts.items() if may(person, action, fact, fulfils=everything).allowed
        )

    same()


def test_a_list_that_owes_what_its_caller_does_not_do_is_empty(hospital: list[Device], make_person: MakePerson) -> None:
    person = make_person("me")
    keep(person, Asker(subject=_subject(Role.NETWORK_ENGINEER), circumstances=USUAL))
    assert visible(person, Action.DEVICE_LIST, Device.objects.all()).count() == len(hospital)
    assert not visible(person, Action.PACKET_VIEW, Device.objects.all()).exists()
    refused = may(person, Action.PACKET_VIEW, hospital[0])
    assert (refused.allowed, refused.fault) == (False, "owes mask_payload")
    assert may(person, Action.PACKET_VIEW, hospital[0], fulfils=[Obligation.MASK_PAYLOAD]).allowed


def test_who_is_not_signed_in_sees_nothing(hospital: list[Device], make_person: MakePerson) -> None:
    assert not visible(AnonymousUser(), Action.DEVICE_LIST, Device.objects.all()).exists()
    assert not may(AnonymousUser(), Action.ACCOUNT).allowed
    # A person of whom no sign-in is known has proved nothing.
    analyst = make_person("ada", "security_analyst")
    assert not visible(analyst, Action.DEVICE_LIST, Device.objects.all()).exists()
    assert not may(analyst, Action.DEVICE_VIEW, hospital[0]).allowed


def test_proposals_are_listed_by_site_and_by_proposer(hospital: list[Device], make_person: MakePerson) -> None:
    one, two = Site.objects.order_by("pk")
    me, other = make_person("me"), make_person("other")
    mine = AssetImport.objects.create(site=two, file_name="x", digest="", text="", proposer=me)
    theirs = AssetImport.objects.create(site=one, file_name="y", digest="", text="", proposer=other)
    AssetImport.objects.create(site=two, file_name="z", digest="", text="", proposer=other)
    subject = Subject(id=str(me.pk), grants=(Grant(role=Role.CLINICAL_ENGINEER, scope=Scope(site=str(one.pk))),))
    keep(me, Asker(subject=subject, circumstances=USUAL))
    assert set(visible(me, Action.IMPORT_VIEW, AssetImport.objects.all())) == {mine, theirs}
    assert set(visible(me, Action.IMPORT_APPLY, AssetImport.objects.all())) == {theirs}


def test_a_site_stands_for_a_device_in_it_where_devices_are_asked_for(hospital: list[Device]) -> None:
    site = Site.objects.first()
    assert site is not None
    assert facts_of(site, Action.CAPTURE_UPLOAD) == ScopeFacts(scope=Scope(site=str(site.pk)))
    assert facts_of(site, Action.DEVICE_LIST).uid()["type"] == "Device"
    department = Department.objects.first()
    assert department is not None
    scope = Scope(site=str(department.site_id), department=str(department.pk))
    assert facts_of(department, Action.CAPTURE_UPLOAD) == ScopeFacts(scope=scope)


def test_a_table_that_policies_know_nothing_of_is_a_mistake_of_ours(make_person: MakePerson) -> None:
    with pytest.raises(TypeError, match="Note"):
        visible(make_person("me"), Action.DEVICE_LIST, Note.objects.all())
    with pytest.raises(TypeError, match="Note"):
        facts_of(Note(), Action.DEVICE_LIST)


def test_a_condition_that_rows_do_not_bear_is_refused() -> None:
    with pytest.raises(Unlistable, match="owner"):
        to_q(AttributeIs(attribute="owner", values=frozenset({"x"})), ROWS[Device])
    assert "pk__in" in str(to_q(InGroup(groups=frozenset({"7"})), ROWS[AssetImport]))


def test_a_persons_rights_are_read_from_the_database(hospital: list[Device], make_person: MakePerson) -> None:
    now = datetime.now(UTC)
    person = make_person("ada", "security_analyst", expires=now + timedelta(hours=1))
    department = Department.objects.get(pk=11)
    RoleGrant.objects.create(person=person, role="clinician", department=department)
    group = DeviceGroup.objects.get(pk=7)
    # A role that is not a vendor's is never bound to a group, and counts for nothing where it is.
    RoleGrant.objects.create(person=person, role="auditor", device_group=group)
    end = now + timedelta(days=1)
    RoleGrant.objects.create(person=person, role="vendor", device_group=group, expires=end)
    device = hospital[0]
    for number, ended in enumerate((None, now)):
        BreakGlassUse.objects.create(
            person=person,
            device=hospital[number],
            site=device.site,
            reason="ETREAT",
            until=now + timedelta(minutes=30),
            ended=ended,
        )
    found = subject_of(person)
    assert {(grant.role, grant.scope) for grant in found.grants} == {
        (Role.SECURITY_ANALYST, HOSPITAL),
        (Role.CLINICIAN, Scope(site="1", department="11")),
    }
    assert found.vendor == VendorAccess(group="7", until=end)
    assert [glass.device for glass in found.break_glass] == [device.pk]
    assert place_of(Device.objects.get(pk=device.pk)) == Scope(site=str(device.site_id))


def test_a_vendor_without_an_end_has_no_access(hospital: list[Device], make_person: MakePerson) -> None:
    person = make_person("vic", "vendor", device_group=DeviceGroup.objects.get(pk=7))
    assert subject_of(person).vendor is None


def test_a_tokens_person_may_what_the_token_says(hospital: list[Device], make_person: MakePerson) -> None:
    person = make_person("ada", "security_analyst")
    RoleGrant.objects.create(person=person, role="administrator")
    person = Person.objects.get(pk=person.pk)
    asking.attach_token(person, Role.SECURITY_ANALYST, Scope(site="1"), "fe80::1%eth0")
    assert {row.site_id for row in visible(person, Action.DEVICE_LIST, Device.objects.all())} == {1}
    assert not may(person, Action.PERSON_LIST).allowed
    assert not may(person, Action.SETTINGS_CHANGE).allowed
    asking.forget(person)
    assert not may(person, Action.DEVICE_LIST).allowed


def _subject(*roles: Role) -> Subject:
    return Subject(id="me", grants=tuple(Grant(role=role, scope=HOSPITAL) for role in roles))
