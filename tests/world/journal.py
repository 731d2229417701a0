# SPDX-License-Identifier: Apache-2.0
"""The login log being written: events in the format of the evaluation log, each with its truth."""

import json
from collections import namedtuple
from datetime import timedelta

from atlas import DAY, EPOCH

Visit = namedtuple("Visit", "time tenant source key place")


class Journal:
    def __init__(self, world):
        self.world, self.entries, self.days = world, [], {}

    def add(self, time, person, tenant, host, source, key, truth, outcome="success", step_up_fails=False):
        """`person` is anything with a name; `tenant` None is home; no key means a password."""
        account = tenant.account(person.name) if tenant and hasattr(person, "team") else person.name
        team = f',"hopwarden.team":"{person.team}"' if hasattr(person, "team") else ""
        name = tenant.name if tenant else "home"
        method = "publickey" if key else "password"
        credential = (f',"hopwarden.key":"{key}"' if key else "") + f',"hopwarden.method":"{method}"'
        body = (
            f'"event.outcome":"{outcome}","user.name":"{account}"{team},"hopwarden.tenant":"{name}",'
            f'"host.name":"{name}-{host}","source.ip":"{source.ip}"{source.facts}{credential}'
        )
        if step_up_fails:
            body += ',"hopwarden.step_up":"fail"'
        self.entries.append((int(time), len(self.entries), body, f'"identity":"{person.name}",{truth}'))

    def stamp(self, time):
        day, second = divmod(time, DAY)
        text = self.days.get(day)
        if text is None:
            text = self.days[day] = (EPOCH + timedelta(days=day)).isoformat()
        return f"{text}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"

    def write(self, folder):
        self.entries.sort()
        with open(folder / "events.ndjson", "w") as events, open(folder / "truth.ndjson", "w") as truth:
            for n, (time, _, body, fact) in enumerate(self.entries):
                name = f"w{self.world.seed}-{n}"
                events.write(f'{{"@timestamp":"{self.stamp(time)}","event.id":"{name}",{body}}}\n')
                truth.write(f'{{"event.id":"{name}",{fact}}}\n')


def honest(task, place):
    return f'"kind":"honest","task":"{task}","place":"{place}"'


def write_summary(world, journal, instances, folder):
    """world.json: what the bench needs to count, and what a reader wants to know of this world."""
    start, cut = world.traits.start * DAY, world.measured_days
    people = {
        person.name: {
            "team": person.team,
            "months": round(person.months(cut), 4),
            "country": person.site.country,
            "via": person.via,
            "shift": person.shift,
            "generalist": person.generalist,
            "keys": len(person.keys),
        }
        for person in world.people
    }
    summary = {
        "seed": world.seed,
        "start": start,
        "measured_until": start + cut * DAY,
        "traits": {**vars(world.traits), "geo_errors": world.atlas.errors},
        "people": people,
        "robots": [robot.name for robot in world.robots],
        "tenants": len(world.tenants),
        "events": len(journal.entries),
        "attacks": instances,
    }
    (folder / "world.json").write_text(json.dumps(summary, indent=1) + "\n")
