"""Choice of routes, what controls and senders learn from seizures, and the passing of single units.

Form after NarcoLogic (Magliocca et al. 2019): senders spread over routes by cost over the chance to get through,
learn from losses, and controls go where something was seized lately. Footprints therefore move instead of ending.
"""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays, uniforms


def learn(st: dict, p) -> None:
    """Take in what was sent and seized since yesterday: beliefs of senders, attention of controls."""
    sent, seized = st["sent_today"], st["seized_today"]
    fade = np.exp(-1.0 / p.memory_days)
    st["sent_memory"] = fade * st["sent_memory"] + sent
    st["seized_memory"] = fade * st["seized_memory"] + seized
    # Belief: losses remembered over units remembered, with the prior weighing as much as a tenth of all traffic.
    prior = 0.1 * st["sent_memory"].sum() + 1e-9
    st["belief"] = np.clip((st["seized_memory"] + prior * st["usual_loss"]) / (st["sent_memory"] + prior), 0.0, 0.95)
    total = seized.sum()
    if total > 0:
        st["watch"] = (1.0 - p.follow_rate) * st["watch"] + p.follow_rate * seized / total


def plan(st: dict, flow, p, added: np.ndarray) -> None:
    """Risks and shares of the routes for today. added: seizures put on top by levers, by route."""
    n = len(st["cost"])
    st["risk"] = np.clip(flow.seizure * (1.0 - p.follow + p.follow * n * st["watch"]) + added, 0.0, 0.98)
    worth = np.log((1.0 + st["cost"]) / (1.0 - st["belief"])) + p.crowding * st["share"]
    weight = np.exp(-p.sharpness * (worth - worth.min()))
    # Senders change their ways gradually: contracts, drivers and friends at a gate are not found in a day.
    st["share"] = 0.9 * st["share"] + 0.1 * weight / weight.sum()


def parcels(st: dict, flow) -> int:
    """How finely a load is split: the more is lost, the smaller the parcels."""
    risk = float((st["share"] * st["belief"]).sum())
    return int(np.clip(round((1.0 + 8.0 * risk) / (1.0 + 8.0 * flow.seizure)), 1, 4))


def ship(seed, tick: int, name: str, st: dict, units: float) -> None:
    """Send a day's units; every one of them is seized or lands by a draw of its own."""
    st["waiting"] = st["waiting"] + units * st["share"]
    sent = np.floor(st["waiting"])
    st["waiting"] = st["waiting"] - sent
    seized = np.zeros(len(sent))
    count = sent.astype(np.int64)
    if count.any():
        route = np.repeat(np.arange(len(sent)), count)
        nth = np.arange(len(route)) - np.repeat(np.cumsum(count) - count, count)
        keys = np.empty(len(route), np.uint64)
        mix_arrays(st["key"][route], nth.astype(np.uint64), keys)
        lost = uniforms(seed, f"flows.{name}", tick, keys) < st["risk"][route]
        seized = np.bincount(route[lost], minlength=len(sent)).astype(float)
    settle(st, sent, seized)


def settle(st: dict, sent: np.ndarray, seized: np.ndarray, landed: np.ndarray | None = None) -> None:
    """Enter a day into the books of a flow."""
    landed = sent - seized if landed is None else landed
    st["sent_today"], st["seized_today"], st["landed_today"] = sent, seized, landed
    st["landed_total"] = st["landed_total"] + landed
    st["seized_total"] = st["seized_total"] + seized
