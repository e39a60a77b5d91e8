"""The plan: what to do first over the whole fleet, so that an hour of work takes away most risk.

In: ``Subject`` of each device (its facts, its product, what publishers tell its owners to do) and the hours that work
takes. Out: ``Plan``, pieces of work in their order, each for all devices of one product, with what it promises for
every device. Around it: acceptance of what is left, tickets for other systems, hours of the day in which a device is
idle. How the order is found and how near it is to the best: ``docs/explanation/plan.md``.
"""

from asepsis.exposure.plan.hours import Hours, HoursError, read_hours
from asepsis.exposure.plan.plan import Plan, plan_of
from asepsis.exposure.plan.subject import Remedial, Subject
from asepsis.exposure.plan.work import Item, Kind, Promise

__all__ = [
    "Hours",
    "HoursError",
    "Item",
    "Kind",
    "Plan",
    "Promise",
    "Remedial",
    "Subject",
    "plan_of",
    "read_hours",
]
