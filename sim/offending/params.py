"""Parameters of offending: motivation, choice and outcome."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mechanism import MechanismParams
from sim.parameters import param

_CHOICE = "modelling choice; form after Bernasco and Nieuwbeerta 2005"


def _theta(default: float, what: str) -> float:
    return param(
        default,
        unit="utility",
        low=-10,
        high=20,
        calibrated=True,
        source="calibrated to city-wide rates by type",
        doc=f"what makes {what} harder than it pays, on average",
    )


def _weight(default: float, doc: str, source: str = _CHOICE) -> float:
    return param(default, unit="utility", low=-5, high=5, source=source, doc=doc)


@dataclass(frozen=True)
class OffendingParams(MechanismParams):
    # Motivation
    min_age: int = param(
        10,
        unit="years",
        low=6,
        high=18,
        source="UN Committee on the Rights of the Child 2007 (lowest ages)",
        doc="younger children never act",
    )
    property_threshold: float = param(
        7.6,
        unit="utility",
        low=0,
        high=15,
        calibrated=True,
        source="calibrated to city-wide rates",
        doc="motivation at which every other outing is spent looking for something to take",
    )
    violence_threshold: float = param(
        7.0,
        unit="utility",
        low=0,
        high=15,
        calibrated=True,
        source="calibrated to city-wide rates",
        doc="motivation at which every other outing brings a provocation taken up",
    )
    readiness_scale: float = param(
        0.95, unit="utility", low=0.3, high=3, source=_CHOICE, doc="spread of readiness around the threshold"
    )
    self_control: float = _weight(1.0, "how much low self-control motivates (Gottfredson and Hirschi 1990)")
    need: float = _weight(0.9, "how much hardship motivates property crime (Agnew 1992)")
    drug_need: float = param(
        3.0,
        unit="utility",
        low=0,
        high=6,
        source="Hough 2004; modelling choice",
        doc="how much unmet need for drug money motivates at a weekly gap of drug_gap",
    )
    drug_gap: float = param(
        120.0,
        unit="per week",
        low=20,
        high=2000,
        source="Hough 2004; modelling choice",
        doc="weekly gap at which drug need is fully felt",
    )
    peers: float = _weight(1.0, "how much friends who offend motivate (Warr 2002)")
    capital: float = _weight(0.25, "how much own criminal capital motivates property crime")
    partner: float = _weight(
        0.9,
        "what a partner holds back (Laub, Nagin and Sampson 1998)",
        "Laub, Nagin and Sampson 1998; modelling choice",
    )
    job: float = _weight(0.6, "what a job holds back (Uggen 2000)", "Uggen 2000; modelling choice")
    bond: float = _weight(
        0.3,
        "what one more tie to somebody who would mind holds back",
        "modelling choice: half as much as a job; Laub and Sampson 2003",
    )
    group: float = _weight(
        0.8,
        "what belonging to a group adds to the readiness for violence, beyond offending friends",
        "Thornberry et al. 1993 (facilitation: more violence while a member); modelling choice",
    )
    legitimacy: float = _weight(
        0.3,
        "what full trust in the police holds back",
        "Tyler 1990; Nagin and Telep 2017 find the evidence mixed: kept small",
    )
    strength: float = _weight(
        0.7,
        "what a standard deviation less of bodily strength than young adults have holds back: running, climbing, blows",
        "modelling choice; fall of grip strength from Dodds et al. 2014",
    )
    family: float = param(
        0.3,
        unit="share",
        low=0,
        high=1,
        source="modelling choice; Dishion and McMahon 1998 on monitoring",
        doc="outings of a minor that a fully supported family oversees besides",
    )
    satiation: float = _weight(1.5, "how much fresh proceeds calm")
    satiation_days: float = param(
        3.0, unit="days", low=0.5, high=60, source="modelling choice", doc="days that proceeds last"
    )
    pull_days: int = param(
        60,
        unit="days",
        low=1,
        high=365,
        source="modelling choice",
        doc="days after which a good place no longer brings one out",
    )
    memory_pull: float = _weight(1.3, "how much a fresh good place to steal brings one out again")
    male: float = param(
        1.2,
        unit="utility",
        low=0,
        high=4,
        calibrated=True,
        source="calibrated to the sex ratio of offenders (FBI UCR 2019, table 42)",
        doc="difference between the sexes in motivation that routines and ties do not explain",
    )
    supervision: float = param(
        0.95,
        unit="share",
        low=0,
        high=1,
        source="Osgood et al. 1996; modelling choice",
        doc="outings of a child of ten that an adult accompanies; falls to none at supervised_until",
    )
    supervised_until: int = param(
        17, unit="years", low=11, high=25, source="modelling choice", doc="age from which nobody is accompanied"
    )
    # Choice
    choice_scale: float = param(
        0.55, unit="utility", low=0.1, high=3, source=_CHOICE, doc="randomness of the choice among options"
    )
    theta_burglary: float = _theta(1.15, "burglary")
    theta_shop: float = _theta(0.5, "theft from shops")
    theta_person: float = _theta(1.85, "theft from persons")
    theta_vehicle: float = _theta(2.24, "vehicle theft")
    theta_robbery: float = _theta(2.02, "robbery of persons")
    theta_till: float = _theta(2.35, "robbery of shops")
    theta_quarrel: float = _theta(1.55, "coming to blows")
    theta_domestic: float = _theta(2.05, "violence at home")
    value: float = _weight(0.40, "goods that a home promises, per sd")
    security: float = _weight(0.45, "locks, alarms and immobilisers, per sd")
    cover: float = _weight(0.17, "entry hidden from view, per sd")
    occupied: float = _weight(0.33, "each of up to two people at home")
    neighbours: float = _weight(
        0.35,
        "people at home near by, times collective efficacy",
        "Sampson, Raudenbush and Earls 1997; modelling choice",
    )
    passers: float = _weight(0.20, "people passing by")
    alert: float = _weight(0.5, "neighbours alerted by recent burglaries")
    management: float = _weight(0.8, "how well a place is looked after", "Eck and Guerette 2012; modelling choice")
    camera: float = _weight(
        0.25,
        "being filmed at a place wholly in view, as whoever plans an offence out of doors sees it",
        "modelling choice; direction: Piza, Welsh, Farrington and Thomas 2019",
    )
    told: float = _weight(
        1.0,
        "a risk of arrest one is credibly told of, when certain",
        "modelling choice; Braga, Weisburd and Turchan 2018",
    )
    vacant: float = _weight(
        0.25,
        "hidden corners of a vacant lot, for robbery and blows",
        "modelling choice; direction: Branas et al. 2018",
    )
    dark: float = _weight(0.9, "darkness, for street crime")
    patrons: float = _weight(0.8, "bar patrons at night, for robbery")
    crowd: float = _weight(0.35, "people to steal from")
    drink: float = _weight(1.6, "drink, for quarrels at night")
    drink_elsewhere: float = param(
        0.35,
        unit="ratio",
        low=0,
        high=1,
        source="modelling choice; most drinking is outside bars",
        doc="drink at night on the street, in shops and on visits, relative to bars",
    )
    company: float = _weight(0.1, "people around to quarrel with")
    influence: float = _weight(
        0.4,
        "being under the influence of a drug, for blows",
        "Goldstein 1985 (psychopharmacological); modelling choice",
    )
    influenced_occasional: float = param(
        0.03, unit="share", low=0, high=1, source="modelling choice", doc="time under the influence, occasional users"
    )
    influenced_dependent: float = param(
        0.30, unit="share", low=0, high=1, source="modelling choice", doc="time under the influence, dependent users"
    )
    home_hardship: float = _weight(
        0.5, "a household's hardship, for violence at home", "Capaldi et al. 2012 (direction); modelling choice"
    )
    home_dependence: float = _weight(
        0.4, "dependence on drugs, for violence at home", "Capaldi et al. 2012 (direction); modelling choice"
    )
    home_conflict: float = _weight(
        0.4, "each of up to two fresh violent events in the same household", "Capaldi et al. 2012; modelling choice"
    )
    home_neighbours: float = _weight(
        0.4,
        "neighbours who are told and do not put up with violence at home: collective efficacy above or below the mean",
        "Browning 2002 (direction); modelling choice",
    )
    conflict_days: float = param(
        60.0, unit="days", low=1, high=1000, source="modelling choice", doc="fading of conflict after violence at home"
    )
    step_in: float = _weight(
        0.2,
        "neighbours at home who step in when blows are near, times collective efficacy above or below the mean",
        "Sampson, Raudenbush and Earls 1997; modelling choice",
    )
    step_in_bars: float = param(
        0.0,
        unit="ratio",
        low=0,
        high=2,
        source="Pridemore and Grubesic 2012 (outlets do less harm in organised neighbourhoods); modelling choice",
        doc="the same for what happens in bars: neighbours who complain and managers who answer to them",
    )
    step_in_robbery: float = _weight(
        0.0,
        "the same against robbery of persons, in the eyes of whoever looks for a victim",
        "Sampson, Raudenbush and Earls 1997; modelling choice",
    )
    self_help: float = param(
        0.0,
        unit="utility per unit of trust",
        low=0,
        high=10,
        source="Black 1983; Anderson 1999; Kirk and Papachristos 2011 (direction); modelling choice",
        doc="blows in public where those who live around expect nothing of the police, so that whoever is insulted "
        "answers himself; per unit of their mean trust below the usual 0.6",
    )
    outlet_robbery: float = _weight(
        0.0,
        "a shop that sells alcohol to take away: customers with cash, some of them drunk, for robbery of persons",
        "direction: Bernasco and Block 2011 (liquor stores and robbery in Chicago); modelling choice",
    )
    outlet_blows: float = _weight(
        0.0,
        "the same for blows in public: drink in and around the place",
        "direction: Gorman, Speer, Gruenewald and Labouvie 2001; modelling choice",
    )
    bystanders: float = param(
        0.06,
        unit="utility per person",
        low=0,
        high=1,
        source="modelling choice",
        doc="each of up to sixty people around who would see a robbery of a person",
    )
    supervised: float = _weight(3.0, "work and school as places under supervision, for quarrels")
    called_early: float = param(
        0.0,
        unit="share",
        low=0,
        high=1,
        source="Klein 2009 (disputes and disturbances are the commonest calls); modelling choice",
        doc="quarrels near blows about which somebody calls the police; there are no blows if a unit comes in time",
    )
    escalation_minutes: float = param(
        10.0,
        unit="minutes",
        low=0,
        high=240,
        source="modelling choice; Collins 2008 (most quarrels stay words for long)",
        doc="mean time from that call to the blows (exponential)",
    )
    home_recognition: float = _weight(1.7, "being known near home, times collective efficacy")
    risk: float = _weight(1.0, "learned general risk of arrest (Nagin 2013)")
    police_now: float = _weight(2.5, "police seen at the place")
    police_before: float = _weight(1.6, "police seen there in the last half hour", "Koper 1995; modelling choice")
    notice: float = param(
        0.10,
        unit="per minute",
        low=0,
        high=1,
        source="Koper 1995; modelling choice",
        doc="rate at which a stay of the police is noticed by somebody around",
    )
    good_place: float = _weight(2.3, "a place remembered as rewarding (Johnson and Bowers 2004)")
    good_days: float = param(
        12.0, unit="days", low=1, high=120, source="Johnson et al. 2007; modelling choice", doc="fading of that memory"
    )
    good_other: float = param(
        0.5, unit="ratio", low=0, high=1, source="modelling choice", doc="the same for theft, relative to burglary"
    )
    good_robbery: float = param(
        0.5, unit="ratio", low=0, high=3, source="modelling choice", doc="the same for robbery, relative to burglary"
    )
    next_door: float = param(
        0.7,
        unit="share",
        low=0,
        high=1,
        source="Bowers and Johnson 2005; modelling choice",
        doc="returns that try a cell next door",
    )
    same_home: float = param(
        0.4,
        unit="share",
        low=0,
        high=1,
        source="modelling choice; direction: Everson and Pease 2001 (repeats are mostly by the same burglar)",
        doc="returns to a cell that are to the very home broken into before",
    )
    skill: float = _weight(0.3, "skill learned by success, per unit (capped at 3)")
    skill_burglary: float = param(
        0.3, unit="units", low=0, high=3, source="modelling choice", doc="skill gained by a burglary"
    )
    skill_theft: float = param(
        0.08, unit="units", low=0, high=3, source="modelling choice", doc="skill gained by a theft: it teaches little"
    )
    skill_robbery: float = param(
        0.2, unit="units", low=0, high=3, source="modelling choice", doc="skill gained by a robbery"
    )
    skill_days: float = param(
        0.0,
        unit="days",
        low=0,
        high=5000,
        source="modelling choice; direction: Sullivan et al. 2006 (specialisation is of short term)",
        doc="fading of skill; 0: it is kept for life",
    )
    # Act
    joint: float = param(
        6.6,
        unit="utility",
        low=0,
        high=15,
        calibrated=True,
        source="calibrated to the share of co-offending",
        doc="how much more easily a friend who is out joins than looks for himself",
    )
    mates: float = _weight(1.0, "how much more easily somebody joins a member of his own group")
    grudge_days: int = param(
        21, unit="days", low=0, high=365, source="modelling choice", doc="days a victim of assault may strike back"
    )
    grudge: float = param(
        0.04,
        unit="per tick",
        low=0,
        high=1,
        source="modelling choice",
        doc="chance to strike back when the other is near, at average temper",
    )
    grudge_settled: float = param(
        0.0,
        unit="share",
        low=0,
        high=1,
        source="Black 1983; Kirk and Papachristos 2011 (direction); modelling choice",
        doc="victims of assault who told the police and leave the answer to them",
    )
    weapon: float = param(
        0.10,
        unit="share",
        low=0,
        high=1,
        source="Planty and Truman 2013 (order of magnitude)",
        doc="assaults and robberies with a weapon, at average capital",
    )
    carry: float = param(
        0.35,
        unit="share",
        low=0,
        high=1,
        source="modelling choice; Rowhani-Rahbar et al. 2022 (three in ten US handgun owners carry in a month)",
        doc="days on which somebody who holds a firearm has it with him out of doors",
    )
    gun_used: float = param(
        0.5,
        unit="share",
        low=0,
        high=1,
        source="modelling choice",
        doc="robberies and assaults in which a firearm at hand is shown or fired",
    )
    lethal_weapon: float = param(
        0.0008,
        unit="share",
        low=0,
        high=1,
        calibrated=True,
        source="calibrated to the homicide rate",
        doc="assaults with a weapon other than a firearm that kill",
    )
    lethal_firearm: float = param(
        0.03,
        unit="share",
        low=0,
        high=1,
        calibrated=True,
        source="calibrated to the homicide rate; Zimring 1968 on weapons and deaths",
        doc="assaults with a firearm, shown or fired, that kill",
    )
    lethal_unarmed: float = param(
        0.00008,
        unit="share",
        low=0,
        high=1,
        calibrated=True,
        source="calibrated to the homicide rate",
        doc="unarmed assaults that kill",
    )
    fence: float = param(
        0.3,
        unit="share",
        low=0.05,
        high=1,
        source="Sutton 1995 (a quarter to a third)",
        doc="part of the value that a thief gets",
    )
    capital_step: float = param(
        0.25, unit="units", low=0, high=2, source="modelling choice", doc="criminal capital gained by an offence"
    )
    capital_most: float = param(
        6.0,
        unit="units",
        low=0.5,
        high=6,
        source="modelling choice",
        doc="criminal capital beyond which another offence adds none",
    )
    capital_days: float = param(
        240.0, unit="days", low=10, high=5000, source="modelling choice", doc="fading of criminal capital"
    )
