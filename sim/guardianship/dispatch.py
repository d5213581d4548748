"""Kernels that plan the patrol visits of a tick: regular visits by unit, ordered visits by place."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, uint32, uint64

from sim.draws import draw1, draw4, mix, pick, unit

TRIES = 16  # looks into the table of recorded events before a unit roams instead


@njit(cache=True, inline="always")
def around_recorded(seed, code, tick, key, near, reach, table_cell, table_day, today, half_life, walkable, width):
    """With probability `near` a cell around the place of a recorded event, else -1 (also when none is found)."""
    if table_cell.size == 0 or draw1(seed, code, tick, key, 2 + TRIES) >= near:
        return np.int64(-1)
    for k in range(TRIES):
        a, b, c, d = draw4(seed, code, tick, key, 3 + TRIES + k)
        s = pick(a, table_cell.size)
        if table_cell[s] >= 0 and unit(b) < 2.0 ** (-(today - table_day[s]) / half_life):
            x = table_cell[s] % width + pick(c, 2 * reach + 1) - reach
            y = table_cell[s] // width + pick(d, 2 * reach + 1) - reach
            if 0 <= x < width and 0 <= y * width < walkable.size and walkable[y * width + x]:
                return np.int64(y * width + x)
    return np.int64(-1)


@njit(cache=True, nogil=True)
def regular_visits(seed, code, code_where, tick, unit_keys, beats, wanted, tick_minutes, mean_minutes, share, strategy,
                   table_cell, table_day, today, half_life, hot, beat_first, beat_count, beat_cells, cells,
                   near, reach, walkable, width, salt, out_cell, out_start, out_minutes, out_unit, out_key):
    """Fill one tick's regular visits of all units and return their number.

    A unit's tick is split into as many slots as it has visits; a visit lies wholly in its slot, so a unit is never in
    two places. With probability `share` the visit goes where `strategy` says (1: to the place of a recorded event, kept
    with probability ``2 ** -(age / half_life)``; 2: to one of the cells `hot`); else the unit roams: with probability
    `near` up to `reach` cells around the place of a recorded event kept in the same way, as the call there brought it,
    else anywhere in its beat. `walkable` (uint8 of all cells) says where it can. A `salt` other than 0 makes the visits
    of units beside those of the keys.
    """
    n = 0
    for u in range(unit_keys.size):
        own = unit_keys[u] if salt == 0 else mix(unit_keys[u], uint64(salt) << uint64(32))
        count = int(math.floor(wanted))
        if draw1(seed, code, tick, own, 0) < wanted - count:
            count += 1
        for v in range(count):
            key = mix(own, v)
            a, b, c, d = draw4(seed, code_where, tick, key, 0)
            slot = tick_minutes // count
            stay = 1 + int(-math.log(unit(b)) * (mean_minutes - 1.0))
            stay = max(1, min(stay, slot - 1))
            out_start[n] = v * slot + pick(c, slot - stay + 1)
            out_minutes[n] = stay
            where = -1
            if unit(a) < share:
                if strategy == 2 and hot.size > 0:
                    where = hot[pick(d, hot.size)]
                elif strategy == 1 and table_cell.size > 0:
                    for k in range(TRIES):
                        e, f, _, _ = draw4(seed, code_where, tick, key, 1 + k)
                        s = pick(e, table_cell.size)
                        if table_cell[s] >= 0 and unit(f) < 2.0 ** (-(today - table_day[s]) / half_life):
                            where = table_cell[s]
                            break
            if where < 0 and near > 0.0:
                where = around_recorded(seed, code_where, tick, key, near, reach, table_cell, table_day, today,
                                        half_life, walkable, width)
            if where < 0:
                beat = beats[u]
                e, _, _, _ = draw4(seed, code_where, tick, key, 1 + TRIES)
                if beat >= 0 and beat_count[beat] > 0:
                    where = beat_cells[beat_first[beat] + pick(e, beat_count[beat])]
                else:
                    where = cells[pick(e, cells.size)]
            out_cell[n] = where
            out_unit[n] = u
            out_key[n] = key
            n += 1
    return n


@njit(cache=True, nogil=True)
def ordered_visits(seed, code, day, slot, slots, source, cells, per_day, minutes, tick_minutes,
                   out_cell, out_start, out_minutes, out_key, out_rank):
    """Fill the ordered visits that fall into this tick and return their number.

    Each place has ``per_day`` visits a day, a fraction being a visit on some days; visit j has the same tick and minute
    whatever the dose. `out_rank` decides who is served when the force does not suffice.
    """
    n = 0
    stay = max(1, min(int(minutes), tick_minutes))
    for i in range(cells.size):
        place = mix(source, cells[i])
        count = int(math.floor(per_day[i]))
        if draw1(seed, code, day, place, 0) < per_day[i] - count:
            count += 1
        for j in range(count):
            key = mix(place, j)
            a, b, c, _ = draw4(seed, code, day, key, 1)
            if slots[pick(a, slots.size)] == slot:
                out_cell[n] = cells[i]
                out_start[n] = pick(b, tick_minutes - stay + 1)
                out_minutes[n] = stay
                out_key[n] = mix(key, uint64(day))
                out_rank[n] = uint32(c)
                n += 1
    return n


@njit(cache=True, nogil=True)
def enter_recorded(seed, code, cell, key, tick, day, table_cell, table_day):
    """Write recorded events into the table of recent ones, each at a slot that is its own.

    An event more or less changes one slot, so all other visits stay where they were.
    """
    for i in range(cell.size):
        w, _, _, _ = draw4(seed, code, tick[i], key[i], 0)
        s = pick(w, table_cell.size)
        table_cell[s] = cell[i]
        table_day[s] = day
