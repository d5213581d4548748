"""Settings of bribery."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mechanism import MechanismParams
from sim.parameters import param

CHOICE = "modelling choice"
WAGES = "median weekly wages"


@dataclass(frozen=True)
class BriberyParams(MechanismParams):
    """Settings of bribery. Money is counted in median weekly wages of the city."""

    officials_per_1000: float = param(
        6.0, unit="per 1,000 residents", low=0, high=50, source=CHOICE,
        doc="officials besides the police who deal with residents: permits, registers, inspections, health")
    contacts: float = param(
        1.8, unit="per year", low=0, high=52, source="UNODC (2011, 2017): 1-3 contacts a year per adult, order of size",
        doc="ordinary contacts of an adult with an official")
    adult: int = param(16, unit="years", low=0, high=30, source=CHOICE,
                       doc="age from which residents deal with officials by themselves")
    moral: float = param(
        60.0, unit=WAGES, low=0, high=1e5, calibrated=True,
        source="UNODC (2011): bribes paid by 6-21 % of those with contact in the western Balkans; order of size",
        doc="median moral cost of taking a bribe")
    moral_spread: float = param(2.0, unit="log sd", low=0, high=5, source=CHOICE,
                                doc="how much officers differ in it: some never, some always")
    company: float = param(0.5, unit="share", low=0, high=1, source="modelling choice after Hammond (2000)",
                           doc="share of the moral cost that goes when all close colleagues take bribes")
    memory_days: float = param(90.0, unit="days", low=1, high=3_650, source=CHOICE,
                               doc="half-life of what colleagues know of an officer's bribes")
    wage: float = param(1.3, unit=WAGES, low=0.1, high=10, source=CHOICE, doc="an officer's wage")
    outside: float = param(0.9, unit=WAGES, low=0, high=10, source=CHOICE,
                           doc="what an officer earns who is dismissed")
    horizon: float = param(200.0, unit="weeks", low=1, high=2_000, source="Becker & Stigler (1974): form",
                           doc="present value of a weekly loss for the rest of the career")
    found: float = param(0.0003, unit="probability per bribe", low=0, high=1, source=CHOICE,
                         doc="bribes found by superiors and complaints where the state is as present as it gets")
    audited: float = param(0.04, unit="probability per year", low=0, high=1, source="Olken (2007): 4 % before",
                           doc="probability that an officer's conduct is audited in a year")
    found_by_audit: float = param(
        0.002, unit="probability per bribe", low=0, high=1,
        source="modelling choice; controls that lead to a sanction are rare (Olken, 2007)",
        doc="chance that an audited officer's bribe is found and sanctioned")
    hidden: float = param(0.25, unit="ratio", low=0, high=1, source=CHOICE,
                          doc="chance of being found when a bribe takes a hidden form, relative to an open one")
    hidden_cost: float = param(0.03, unit=WAGES, low=0, high=10, source=CHOICE,
                               doc="what the hidden form costs: a go-between, a favour in kind")
    belief_days: float = param(120.0, unit="days", low=1, high=3_650, source=CHOICE,
                               doc="mean time in which officers learn how close the controls are")
    example: float = param(0.002, unit="probability per bribe", low=0, high=1, source=CHOICE,
                           doc="rise of the perceived risk when a close colleague is sanctioned")
    service_value: float = param(
        2.5, unit=WAGES, low=0, high=100, calibrated=True,
        source="UNODC (2017): a bribe in Nigeria is 28 % of a monthly salary; order of size",
        doc="what a favourable, quick decision is worth where public services do not work at all (median)")
    stop_value: float = param(0.3, unit=WAGES, low=0, high=100, source=CHOICE,
                              doc="fine, time and trouble at a stop that gives grounds for a sanction (median)")
    stop_grounds: float = param(0.3, unit="share", low=0, high=1, source=CHOICE,
                                doc="stops that give grounds for a sanction")
    value_spread: float = param(1.2, unit="log sd", low=0, high=4, source=CHOICE,
                                doc="how much what is at stake differs between contacts")
    stake_horizon: float = param(365.0, unit="days", low=1, high=10_000, source=CHOICE,
                                 doc="time in custody beyond which a longer term hardly weighs more with an offender")
    means: float = param(4.0, unit="weeks of income", low=0, high=520, source=CHOICE,
                         doc="what a resident can raise at once, beside money in hand")
    means_floor: float = param(0.3, unit=WAGES, low=0, high=10, source=CHOICE,
                               doc="weekly income that everybody can draw on, own or of the family")
    qualms: float = param(0.6, unit=WAGES, low=0, high=100, source=CHOICE,
                          doc="what paying a bribe costs the conscience of a resident of full trust (median)")
    qualms_spread: float = param(1.5, unit="log sd", low=0, high=5, source=CHOICE,
                                 doc="how much residents differ in it")
    gravity_days: float = param(15.0, unit="days", low=1, high=10_000, source=CHOICE,
                                doc="expected custody that doubles the moral cost of letting an offender go")
    rudeness: float = param(0.15, unit="share", low=0, high=1, source="modelling choice; Tyler & Huo (2002): direction",
                            doc="stops and arrests in which those concerned are treated unfairly or roughly")
    looked_at: float = param(
        0.25, unit="log ratio", low=0, high=5, calibrated=True, source="Lum et al. (2020): complaints fall by 17 %",
        doc="fall of misconduct when every contact can be looked at later")
    complain: float = param(0.10, unit="share", low=0, high=1, source=CHOICE,
                            doc="unfair contacts that lead to a complaint")
    trust_bribe: float = param(0.20, unit="0-1", low=0, high=1, source=CHOICE, doc="trust lost by paying a bribe")
    trust_asked: float = param(0.10, unit="0-1", low=0, high=1, source=CHOICE,
                               doc="trust lost by being asked for one and not paying")
    trust_told: float = param(0.02, unit="0-1", low=0, high=1, source=CHOICE,
                              doc="trust lost by hearing of a friend's bribe")
    trust_rude: float = param(0.06, unit="0-1", low=0, high=1, source="Tyler, Fagan & Geller (2014): direction",
                              doc="trust lost by being treated unfairly")
