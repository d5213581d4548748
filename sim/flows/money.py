"""Illicit money: proceeds that leave the city, and capital that comes in when the trade's own is short.

What importers earn beyond what they pay for goods, and what exploiters make, is the capital with which stocks are
financed and officials are paid. The trade keeps some weeks of its turnover; what is above goes out over weeks, part
of it beyond the city (laundered), and when it falls short lenders beyond the city fill the gap (UNODC 2011 on
proceeds and their ways). Amounts are in the city's currency.
"""

from __future__ import annotations

from sim.drugs.tables import IMPORT_REVENUE, PAID_BEYOND
from sim.flows import routes

WEEKS = 4.0  # weeks of turnover that the trade holds as capital
MEMORY = 1.0 / 90.0  # per day: memory of the usual turnover
SPEND = 0.05  # per day: part of what is above the need that is taken out
SETTLING = 28  # days until the usual turnover is known


def begin(st: dict) -> None:
    st.update(held=0.0, target=0.0, turnover=0.0, days=0, out_today=0.0, earned=0.0, paid=0.0)


def step(flows, model, st: dict) -> None:
    """A day of proceeds, outflow and lending."""
    p = flows.params
    drugs = model.mechanisms.get("drugs")
    ledger = drugs.state.get("ledger") if drugs is not None else None
    earned, paid = (float(ledger[IMPORT_REVENUE]), float(ledger[PAID_BEYOND])) if ledger is not None else (0.0, 0.0)
    if st["days"] == 0:
        st["earned"], st["paid"] = earned, paid
    extra = flows.state["people"]["earnings_today"]
    revenue = (earned - st["earned"]) / 100.0 + extra
    net = revenue - (paid - st["paid"]) / 100.0
    st["earned"], st["paid"] = earned, paid
    if st["days"] > 0:
        st["turnover"] += max(MEMORY, 1.0 / st["days"]) * (revenue - st["turnover"])
    st["days"] += 1
    st["target"] = 7.0 * WEEKS * st["turnover"]
    if st["days"] <= SETTLING:
        st["held"] = st["target"]
        return
    st["held"] = max(st["held"] + net, 0.0)
    spent = SPEND * max(st["held"] - st["target"], 0.0)
    st["out_today"] = p.launder * spent
    offered = p.finance * max(st["target"] - st["held"], 0.0)
    change = flows.change(model, "money")
    offered = offered * (1.0 + change) if change < 0.0 else offered + change * st["out_today"]
    sent = offered * st["share"]
    seized = sent * st["risk"]  # many small transfers: the expected share is lost
    routes.settle(st, sent, seized)
    st["held"] += float((sent - seized).sum()) - spent
