# SPDX-License-Identifier: Apache-2.0
"""The report, as Markdown."""

from collections import Counter, defaultdict

from bounds import poisson_upper, share_bounds
from measure import FLOORED, caught, threshold

SEVEN = ("naive", "vpn", "targeted", "colleague", "hop-fast", "hop-slow", "seat")
KINDS = SEVEN + ("poisoner", "graft", "stuffing")
BUDGETS = (0.5, 1, 2)
WITNESSES = ("home", "tenant")
WHEN = ("login 1", "tenant 3", "tenant 12")


def share(value):
    return f"{value:.2f}".replace("0.", ".", 1)


def triple(values):
    return " / ".join(share(v) for v in values)


def mean(rows):
    """Column means; of nothing, zeros."""
    rows = list(rows)
    return [sum(column) / len(rows) for column in zip(*rows)] if rows else [0.0, 0.0, 0.0]


def by_kind(attacks, steps_of):
    """{kind: [caught triples]} over (attack, its steps)."""
    found = defaultdict(list)
    for attack, steps in zip(attacks, steps_of):
        found[attack["kind"]].append(caught(steps))
    return found


def mean_of(found, kinds):
    return mean(mean(found[kind]) for kind in kinds if found[kind])


def put_row(cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def put_header(cells):
    put_row(cells)
    put_row(["---"] * len(cells))


def put(results, with_hopwarden):
    attacks = [attack for result in results for attack in result["attacks"]]
    months = sum(result["months"] for result in results)
    honest = sum(result["honest"] for result in results)
    print(f"{honest} honest logins of people in {months:.0f} admin-months; months of long leave do not count.\n")
    if with_hopwarden:
        put_cost(results, months)
        put_detection(results, attacks)
        put_shares(results, attacks)
        put_causes(results, months)
    put_budgets(results, attacks, months)


def total(results, witness, what):
    return sum(result["verdicts"][witness][what] for result in results)


def put_cost(results, months):
    print("### hopwarden as configured: what honest people pay\n")
    put_header(["", "one trust domain", "a witness per tenant"])
    logins = sum(result["automation"] for result in results)

    def put_both(label, what, text):
        put_row([label] + [text(total(results, witness, what)) for witness in WITNESSES])

    put_both("step-ups per admin-month, everything included", "asked", lambda n: f"{n / months:.2f}")
    put_both("of these from floors alone", "floored", lambda n: f"{n / months:.2f}")
    put_both("honest logins blocked", "blocked", lambda n: f"{n} in {months:.0f} months")
    put_both("the same, once per person, tenant and day", "episodes", str)
    put_both("false blocks, exact 95 % upper bound", "blocked", lambda n: f"{poisson_upper(n) / months:.4f} per month")
    put_both("automation stopped inside its binding", "automation", lambda n: f"{n} of {logins}")
    print()


def steps_as_configured(results, witness):
    return [steps for result in results for steps in result["verdicts"][witness]["attacks"]]


def put_detection(results, attacks):
    print("### hopwarden as configured: attacks caught, with Clopper-Pearson's 95 % interval\n")
    put_header(["attack", "n"] + [f"{w}: {when}" for w in WITNESSES for when in WHEN])
    found = {w: by_kind(attacks, steps_as_configured(results, w)) for w in WITNESSES}
    for kind in KINDS:
        cells = [kind, len(found["home"][kind])]
        for witness in WITNESSES:
            cells += [interval(sum(column), len(found[witness][kind])) for column in zip(*found[witness][kind])]
        put_row(cells)
    for label, kinds in (("mean of the first seven", SEVEN), ("mean of all", KINDS)):
        count = sum(len(found["home"][kind]) for kind in kinds)
        put_row([f"**{label}**", count] + [share(v) for w in WITNESSES for v in mean_of(found[w], kinds)])
    print()


def interval(count, n):
    low, high = share_bounds(count, n)
    return f"{share(count / n)} ({share(low)}–{share(high)})"


def put_shares(results, attacks):
    print("### the same by how many of the touched tenants the victim knew (mean of the first seven)\n")
    put_header(["tenants known"] + [f"{w}: {' / '.join(WHEN)}" for w in WITNESSES])
    for known in sorted({attack["share"] for attack in attacks}):
        cells = [f"{known} %"]
        for witness in WITNESSES:
            pairs = [(a, s) for a, s in zip(attacks, steps_as_configured(results, witness)) if a["share"] == known]
            cells.append(triple(mean_of(by_kind(*zip(*pairs)), SEVEN)))
        put_row(cells)
    print()


def put_causes(results, months):
    print("### what honest people were asked for (step-ups per admin-month)\n")
    put_header(["witness", "first reason", "doing what, where from", "first reason of blocks"])
    for witness in WITNESSES:
        cells = [witness]
        for what in ("reasons", "about", "blocked for"):
            counts = sum((result["verdicts"][witness][what] for result in results), Counter())
            cells.append("; ".join(f"{name} {n / months:.3f}" for name, n in counts.most_common(12)))
        put_row(cells)
    print()


def put_budgets(results, attacks, months):
    """Detectors at the same number of honest step-ups, each with the threshold that yields it."""
    names = list(results[0]["scores"])
    names.sort(key=lambda name: not name.startswith("hopwarden"))
    for budget in BUDGETS:
        print(f"### at {budget} step-ups per admin-month: {' / '.join(WHEN)}\n")
        put_header(["detector", "mean of seven", *KINDS])
        for name in names:
            put_row(budget_row(name, results, attacks, int(budget * months)))
        print()


def budget_row(name, results, attacks, allowed):
    honest = sorted((score for result in results for score in result["scores"][name]["honest"]), reverse=True)
    if allowed < len(honest) and honest[allowed] >= FLOORED:
        return [name, "its floors alone cost more"] + [""] * len(KINDS)
    limit = threshold(honest, allowed)
    every = (steps for result in results for steps in result["scores"][name]["attacks"])
    found = by_kind(attacks, ([(score >= limit, tenant) for score, tenant in steps] for steps in every))
    cells = [triple(mean(found[kind])) if found[kind] else "" for kind in KINDS]
    return [name, f"**{triple(mean_of(found, SEVEN))}**"] + cells
