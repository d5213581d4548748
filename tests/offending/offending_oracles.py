"""The rules of offending stated once more, in plain Python, one person at a time.

`w` is a world whose arrays are lists (:func:`offending_world.plain`); rules take a row and give what happens to it.
"""

import math

from oracle_tools import draw1, draw4, log_odds, logistic, mix, pick, unit

from sim.city.streets import route_cell_inside

HOME, ANCHOR, SHOP, BAR, VISIT, STREET, AWAY = 0, 1, 2, 3, 4, 5, 7
BURGLARY, SHOPLIFTING, PERSON, VEHICLE, ROBBERY, TILL = range(6)
CLOSE = 1e-5  # a draw nearer to its limit than this may fall on either side (float32 columns)


# -- motivation ------------------------------------------------------------------------------------------------------


def readiness(w, i, slice_, fade, use_ties):
    """What the weekly update leaves of a person: (property, violence, both capitals, drawn back)."""
    p = w.params
    capital = w.capital_property[i], w.capital_violence[i]
    if slice_ >= 0 and w.keys[i] // 64 % 7 != slice_:  # neighbours take their turn together
        return w.ready_property[i], w.ready_violence[i], *capital, w.drawn_back[i]
    if not w.alive[i] or w.age[i] < p.min_age:
        return 0.0, 0.0, *capital, w.drawn_back[i]
    if slice_ >= 0:
        capital = tuple(c * fade for c in capital)
    friends = [w.row_of[t] for t in w.ties[i] if t >= 0 and w.row_of[t] >= 0] if use_ties else []
    deeds = sum(
        math.exp(-(w.tick - w.last_offence[f]) / w.ticks_per_day / 90) for f in friends if w.offences[f] > 0
    )
    member = use_ties and w.group[i] >= 0
    peers = p.peers * min((2 if member else min(deeds, 2)) + max(0, w.company[i]), 2) / 2
    working = w.routine[i] in (3, 4, 6)
    ties = p.partner * w.partner[i] + (p.job if working else 0)
    support = w.family[i] if w.age[i] < 18 else 0
    ties += p.bond * (w.hold[i] + support)
    weakness = 0.055 * max(0, w.age[i] - 45)
    shared = -p.legitimacy * (w.trust[i] - 0.6) - p.strength * weakness
    shared += -p.self_control * (w.self_control[i] + w.restraint[i]) + peers + p.male * (w.sex[i] - 0.5)
    drug = p.drug_need * min(1, max(0, w.gap[i]) / p.drug_gap)
    to_take = shared + p.need * w.hardship[i] + drug + p.capital * capital[0] - ties
    to_fight = shared + 0.5 * p.need * w.hardship[i] + 0.6 * p.capital * capital[1] - 0.5 * ties
    to_fight += p.group * member
    drawn = (w.tick - w.last_property[i]) / w.ticks_per_day < p.pull_days
    accompanied = p.supervision * min(1, max(0, (p.supervised_until - w.age[i]) / (p.supervised_until - 10)))
    alone = (1 - accompanied) * (1 - p.family * min(max(support, 0), 1))
    spread = p.readiness_scale
    return (
        alone * logistic((to_take + drawn * p.memory_pull - p.property_threshold) / spread),
        alone * logistic((to_fight - p.violence_threshold) / spread),
        *capital,
        int(drawn),
    )


def chance_still_drawn(w, i):
    """Share of a stored readiness that is left after fresh proceeds and the fading of a good place."""
    p = w.params
    ready = min(max(w.ready_property[i], 1e-12), 1 - 1e-12)
    days = (w.tick - w.last_property[i]) / w.ticks_per_day
    x = log_odds(ready) - p.satiation * math.exp(-days / p.satiation_days) / p.readiness_scale
    if w.drawn_back[i]:
        x -= p.memory_pull * (1 - math.exp(-days / p.good_days)) / p.readiness_scale
    return logistic(x) / ready


# -- police and places -----------------------------------------------------------------------------------------------


def police_here(w, codes, i, cell, minute, rate):
    """(what is seen of the police now, whether they were noticed)."""
    p = w.params
    visits = range(w.v_first[cell], w.v_first[cell] + w.v_count[cell]) if w.v_count[cell] else ()
    now = any(w.v_start[v] <= minute < w.v_start[v] + w.v_minutes[v] for v in visits)
    stay = sum(
        max(0.0, min(w.v_start[v] + w.v_minutes[v], minute) - max(w.v_start[v], minute - 30)) for v in visits
    )
    if not now and stay == 0:
        return 0.0, False
    u = draw1(w.seed, codes[1], w.tick, mix(w.key[i], cell))
    if u >= 1 - math.exp(-rate * max(stay, 1.0)):
        return 0.0, False
    return (p.police_now if now else p.police_before), True


def police_remembered(w, i, cell):
    """Strongest of the four remembered sightings, faded with days, distance and uneventful repeats."""
    if w.sighted[i] < 0:
        return 0.0
    d, best = w.learned, 0.0
    for where, when, times in zip(*(table[w.sighted[i]] for table in (w.s_cells, w.s_ticks, w.s_times))):
        if where >= 0:
            distance = math.dist(divmod(where, w.width), divmod(cell, w.width))
            days = (w.tick - when) / w.ticks_per_day
            fresh = d.memory_strength * math.exp(-days / d.memory_days) * math.exp(-distance / d.memory_cells)
            best = max(best, fresh / (1 + d.habituation * (max(times, 1) - 1)))
    return best


def beside(w, cell, dx, dy):
    """The cell so many steps away, at the edge of the grid where it would leave it."""
    x, y = cell % w.width + dx, cell // w.width + dy
    return min(max(y, 0), w.height - 1) * w.width + min(max(x, 0), w.width - 1)


def places_known(w, codes, i):
    """[(number of the place, cell, slot of memory or None)]: the way, the node, near by, memory; in the city, once."""
    words = [draw4(w.seed, codes[0], w.tick, w.key[i], k) for k in range(6)]
    here, home = w.cell[i], w.home[i]
    origin = home if here != home else w.shops_of[i][0]
    where = [
        int(route_cell_inside(origin, here, unit(words[0][q]), w.width, w.period, w.area_array, w.order))
        for q in range(3)
    ]
    where += [here, beside(w, here, pick(words[0][3], 5) - 2, pick(words[1][0], 5) - 2)]
    found = []
    for number, cell in enumerate(where):
        if w.area[cell] >= 0 and cell not in where[:number]:
            found.append((number, cell, None))
    if w.memory[i] >= 0:
        for slot, (cell, when) in enumerate(zip(w.m_cell[w.memory[i]], w.m_tick[w.memory[i]])):
            if cell < 0 or w.tick - when >= 60 * w.ticks_per_day:
                continue
            chance, dx, dy, _ = words[2 + slot]
            if unit(chance) < w.params.next_door:
                cell = beside(w, cell, pick(dx, 3) - 1, pick(dy, 3) - 1)
            if w.area[cell] >= 0:
                found.append((5 + slot, cell, slot))
    return found, words


# -- property offences -----------------------------------------------------------------------------------------------


def options(w, codes, i, minute, dark, passing_share, open_share):
    """Options of a looker as [(kind, cell, dwelling or -1, utility)], in order; where police was seen; the draw."""
    p = w.params
    found, words = places_known(w, codes, i)
    mine = w.memory[i]
    skill = [p.skill * s for s in w.m_skill[mine]] if mine >= 0 else [0.0] * 3
    listed, seen = [], {}
    for number, c, slot in found:
        noticed, was_seen = police_here(w, codes, i, c, minute, p.notice)
        if was_seen:
            seen[number] = c
        near_home = math.exp(-math.dist(divmod(c, w.width), divmod(w.home[i], w.width)) / 1.5)
        deterred = noticed + police_remembered(w, i, c) + p.risk * w.risk[i] + p.management * w.lever_management[c]
        deterred += p.home_recognition * logistic(w.efficacy[w.home[i]]) * near_home
        crowd = float(w.in_public[c]) if w.interactions else 0.0
        eyes = p.passers * math.log(1 + 0.05 * min(200, w.flow[c] * passing_share + crowd))
        good = 0.0
        if slot is not None:
            good = p.good_place * math.exp(-(w.tick - w.m_tick[mine][slot]) / w.ticks_per_day / p.good_days)
        unlit = dark * (1 - min(1.0, w.light[c] + w.lever_light[c]))
        kept = p.management * (w.management[c] - 0.5)
        homes = list(range(w.dwelling_first[c], w.dwelling_first[c + 1]))
        around = 0.3 * math.log(1 + min(w.at_home[c] if w.interactions else w.dwellings[c], 20))
        filmed = p.camera * w.lever_cameras[c]
        if homes and slot in (None, 0, 1):  # memories of burglaries lead to burglaries
            d = homes[pick(words[1][1] ^ (number * 2654435761 % 2**32), len(homes))]
            if slot is not None and c == w.m_cell[mine][slot] and unit(words[1][2]) < p.same_home:
                d = next((q for q in homes if w.d_id[q] == w.m_dwelling[mine][slot]), d)
            inside = min(2, sum(w.activity[m] == HOME for m in household(w, d))) if w.interactions else 0
            u = p.value * w.d_value[d] + p.cover * (w.d_cover[d] - w.lever_gated[c]) - filmed / 2
            u -= p.security * (w.d_security[d] + w.lever_security[c])
            u -= p.occupied * inside + eyes
            u -= p.neighbours * (logistic(w.efficacy[c]) + w.lever_watch[c]) * around
            if w.interactions:
                u -= p.alert * min(2, w.alert[c])
            if w.d_first_member[d] >= 0:  # a vacant dwelling is left alone
                listed.append((BURGLARY, c, d, u + good + skill[0] - deterred - p.theta_burglary))
        if slot in (0, 1):
            continue
        other = p.good_other * good - deterred
        robbed = p.good_robbery * good - deterred
        kinds = {}
        if w.shops[c] > 0:
            if open_share > 0:
                u = 0.42 * math.log(1 + w.shops[c]) - kept + p.choice_scale * math.log(open_share)
                kinds[SHOPLIFTING] = u + skill[1] - p.theta_shop
            u = 0.45 * math.log(1 + w.shops[c]) - 1.5 * kept + 0.4 * dark
            kinds[TILL] = u + p.choice_scale * math.log(max(open_share, 0.15)) + skill[2] - p.theta_till
        if crowd > 0 or not w.interactions:
            stop = min(1, w.stops[c])
            kinds[PERSON] = p.crowd * math.log(1 + crowd) + 0.4 * stop + skill[1] - p.theta_person - filmed
            u = p.dark * unlit + p.patrons * dark * min(1, w.bars[c] / 2) + 0.3 * stop
            u += 0.3 * math.log(1 + crowd) - p.bystanders * min(60, crowd) - kept
            u += p.vacant * w.vacant[c] + p.outlet_robbery * w.outlets[c] - filmed
            residents = w.at_home[c] if w.interactions else w.dwellings[c]
            u -= p.step_in_robbery * (logistic(w.efficacy[c]) - 0.5) * math.log(1 + min(20, residents))
            kinds[ROBBERY] = u + skill[2] - p.theta_robbery
        cars = 0.7 * w.dwellings[c] + 0.2 * crowd
        taken = -1
        if homes:  # the easier of two cars
            one, two = (homes[pick(words[1][q] ^ (number * by % 2**32), len(homes))]
                        for q, by in ((2, 2654435761), (1, 2246822519)))
            taken = two if w.d_cars_secured[two] < w.d_cars_secured[one] else one
        locked = w.lever_security[c] + (w.d_cars_secured[taken] if homes else 0)
        u = 0.3 * math.log(1 + cars) + 0.5 * p.dark * unlit - p.security * locked - eyes
        u -= filmed + p.neighbours * w.lever_watch[c] * around
        kinds[VEHICLE] = u + skill[1] - p.theta_vehicle
        listed += [
            (k, c, taken if k == VEHICLE else -1, kinds[k] + (robbed if k in (ROBBERY, TILL) else other))
            for k in sorted(kinds)
        ]
    return listed, seen, unit(words[1][3])


def household(w, dwelling):
    """Rows of the members of a household."""
    member = w.d_first_member[dwelling]
    while member >= 0 and w.row_of[member] >= 0:
        yield w.row_of[member]
        member = w.next_member[w.row_of[member]]


def choices(listed, u, scale):
    """What a multinomial logit with "nothing" (utility 0) makes of the draw: all choices within rounding of it."""
    weights = [1.0, *(math.exp(utility / scale) for _, _, _, utility in listed)]
    named = [(-1, None, None), *(option[:3] for option in listed)]
    total, at, possible = sum(weights), 0.0, []
    for weight, what in zip(weights, named):
        if at - CLOSE * total <= u * total < at + weight + CLOSE * total:
            possible.append(what)
        at += weight
    return possible


# -- quarrels --------------------------------------------------------------------------------------------------------


def quarrel(w, codes, i, first, minute, dark, awake, drugged, strain, min_age):
    """(kind, cell, victim's id or -1, cell where police was seen or -1, chance, draw)."""
    p = w.params
    u = unit(draw4(w.seed, codes[0], w.tick, w.key[i])[0])
    influence = p.influence * under_influence(w, codes, i, drugged)
    c = w.cell[i]
    if w.activity[i] == HOME:
        present, member = [], first
        while member >= 0 and w.row_of[member] >= 0:
            row = w.row_of[member]
            if row != i and w.activity[row] == HOME and w.age[row] >= min_age:
                couple = w.partner[i] == 1 and w.partner[row] == 1
                present.append((not couple, mix(w.key[i], w.key[row]), member))
            member = w.next_member[row]
        if not present:
            return -1, None, -1, -1, 0.0, u
        x = 0.4 * p.drink * dark + influence + strain
        chance = awake * logistic((x - p.theta_domestic) / p.choice_scale)
        return (1, c, min(present)[2], -1, chance, u) if u < chance else (-1, None, -1, -1, chance, u)
    company = float(w.in_public[c]) if w.interactions else 10.0
    if company < 2:
        return -1, None, -1, -1, 0.0, u
    noticed, was_seen = police_here(w, codes, i, c, minute, p.notice)
    x = p.drink * dark * (1 if w.activity[i] == BAR else p.drink_elsewhere) + p.company * math.log(1 + min(60, company))
    x += 0.3 * dark * (1 - min(1.0, w.light[c] + w.lever_light[c]))
    x += influence + p.vacant * w.vacant[c] + w.tension[c]
    if w.interactions and w.activity[i] != ANCHOR:
        near = p.step_in_bars if w.activity[i] == BAR else 1
        x -= near * p.step_in * (logistic(w.efficacy[c]) - 0.5) * math.log(1 + min(20, w.at_home[c]))
    x -= 1.6 * p.management * (w.management[c] - 0.5) + p.management * w.lever_management[c]
    x -= p.supervised * (w.activity[i] == ANCHOR) + p.risk * w.risk[i] + noticed + police_remembered(w, i, c)
    chance = logistic((x - p.theta_quarrel) / p.choice_scale)
    seen = c if was_seen else -1
    return (0, c, -1, seen, chance, u) if u < chance else (-1, None, -1, seen, chance, u)


def under_influence(w, codes, i, drugged):
    return unit(draw4(w.seed, codes[0], w.tick, w.key[i])[1]) < drugged


def victim(w, code, offender, cell, taste, people):
    """Row of the victim among `people` (rows), -1 when nobody else is in the cell."""
    salt = mix(mix(w.key[offender], w.tick), (code + taste) ^ w.seed)
    met = sorted((mix(salt, w.key[q]), q) for q in people if w.cell[q] == cell and q != offender)[:3]
    if not met:
        return -1
    if taste == 0:
        return met[0][1]

    def likeness(row):
        years = abs(w.age[row] - w.age[offender])
        return 0.5 * math.log(w.ready_violence[row] + 1e-6) + 1.2 * (w.activity[row] == BAR) - 0.05 * years

    return max((row for _, row in met), key=likeness)


# -- the act ---------------------------------------------------------------------------------------------------------


def accomplices(w, code, i, violent, joint, mates):
    """Ids of up to three friends who are out and join, in the order of the ties, and the smallest slack of a draw."""
    out, slack = [], 1.0
    ready = w.ready_violence if violent else w.ready_property
    for friend in w.ties[i] if w.interactions else ():
        row = w.row_of[friend] if friend >= 0 else -1
        if row in (-1, i) or friend in out or len(out) == 3:
            continue
        if not SHOP <= w.activity[row] <= STREET or ready[row] <= 0:
            continue
        words = draw4(w.seed, code, w.tick, mix(w.key[i], w.key[row]))  # a theft and a fight draw apart
        more = joint + mates * (w.group[i] >= 0 and w.group[i] == w.group[row])
        u, chance = unit(words[1 if violent else 0]), logistic(log_odds(min(ready[row], 0.999)) + more)
        slack = min(slack, abs(u - chance))
        if u < chance:
            out.append(friend)
    return out, slack


def blow(w, code, i, assault, gun, weapon, gun_used, lethal_weapon, lethal_firearm, lethal_unarmed):
    """(weapon, firearm, death) of an offence against a person; a robbery kills a quarter as often as an assault."""
    a, b, c, _ = draw4(w.seed, code, w.tick, w.key[i])
    shot = gun and unit(c) < gun_used
    armed = shot or unit(a) < logistic(log_odds(weapon) + 0.5 * min(3, w.capital_violence[i]))
    chance = lethal_firearm if shot else lethal_weapon if armed else lethal_unarmed
    return armed, shot, unit(b) < (chance if assault else chance / 4)


def target_and_loss(w, code, tick, kind, cell, dwelling, key, loss_of):
    """(victim's id, dwelling's id, thing taken from, loss) of a property offence before anybody present is met."""
    _, shop, one, two = draw4(w.seed, code, tick, key)
    median, spread = loss_of[kind]
    loss = median * math.exp(spread * math.sqrt(-2 * math.log(unit(one))) * math.cos(2 * math.pi * unit(two)))
    if dwelling >= 0:
        return w.d_first_member[dwelling], w.d_id[dwelling], w.d_id[dwelling], loss
    if kind in (SHOPLIFTING, TILL):
        return -1, -1, pick(shop, max(1, w.shops[cell])), loss
    return -1, -1, (key + tick + 2**63) % 2**64 - 2**63, loss


def strikes_back(w, code, avenger, foe, chance, base):
    """(chance, draw) that somebody hurt strikes back now; None when it cannot be. Both are given by id."""
    a, b = w.row_of[avenger], w.row_of[foe]
    if a < 0 or b < 0 or w.ready_violence[a] <= 0 or w.cell[a] < 0 or w.cell[b] < 0:
        return None
    if w.activity[a] in (HOME, ANCHOR) or w.activity[b] in (HOME, ANCHOR):
        return None
    far = [abs(p - q) for p, q in zip(divmod(w.cell[a], w.width), divmod(w.cell[b], w.width))]
    if max(far) > 6:
        return None
    temper = min(5.0, max(0.1, math.sqrt(w.ready_violence[a] / base)))
    return chance * temper, unit(draw4(w.seed, code, w.tick, mix(w.key[a], w.key[b]))[0])


def minute_of(w, code, i, table):
    """Minute within the tick: an hour by the cumulated shares of the activity, then any of its minutes."""
    a, b, _, _ = draw4(w.seed, code, w.tick, w.key[i])
    shares = table[w.routine[i]][min(w.activity[i], 5)]
    hour = next(h for h, limit in enumerate(shares) if unit(a) < limit or h == len(shares) - 1)
    return 60 * hour + int(60 * unit(b))


def first_claims(target, minute, key):
    """The claims that are kept: for each target the earliest, then the one of the lowest key; all without a target."""
    kept = {}
    for j, t in enumerate(target):
        if t >= 0 and (t not in kept or (minute[j], key[j]) < (minute[kept[t]], key[kept[t]])):
            kept[t] = j
    return [t < 0 or kept[t] == j for j, t in enumerate(target)]


def slot_for(burglary, where, cells, ticks):
    """Which of four slots takes a good place: of its two, the one that holds the cell already, else the older."""
    first, second = (0, 1) if burglary else (2, 3)
    if cells[first] == where:
        return second if cells[second] == where else first
    if cells[second] == where:
        return second
    return second if ticks[second] < ticks[first] else first
