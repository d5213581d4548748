"""Parameters of groups. Money is in weekly median wages of the city."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mechanism import MechanismParams
from sim.parameters import param

_FORM = "modelling choice; form after Tullock 1980"


@dataclass(frozen=True)
class GroupsParams(MechanismParams):
    """Settings of groups."""

    # at the start
    size: float = param(8.0, unit="members", low=3, high=60, source="modelling choice",
                        doc="mean size of a group at the start")
    pay: float = param(0.2, unit="weekly median wages", low=0.02, high=5,
                       source="Levitt and Venkatesh 2000 (foot soldiers earn less than a legal wage)",
                       doc="weekly pay per head at the start: with the income of the groups it gives their members")
    most_members: float = param(0.006, unit="share of residents", low=0, high=0.05,
                                source="National Gang Center 2012 (0.27 % of residents of the United States)",
                                doc="most residents who are members at the start")
    # money
    rent: float = param(0.2, unit="share of turnover", low=0, high=0.9, source="modelling choice",
                        doc="share of the turnover of drug sales that whoever holds the place takes")
    fee: float = param(0.08, unit="weekly median wages", low=0, high=5, source="modelling choice",
                       doc="weekly demand on an extorted business")
    courage: float = param(3.2, unit="logit", low=-5, high=10, source="modelling choice; Transcrime 2008 (a few per "
                           "cent of businesses outside the strongholds)",
                           doc="how firmly businesses refuse a group of ten where efficacy is average")
    visit: int = param(4, unit="weeks", low=1, high=52, source="modelling choice",
                       doc="weeks from one collection to the next by a group that is sure of its places")
    haste: float = param(0.3, unit="per attack", low=0, high=3, source="Magaloni et al. 2020 (direction); modelling "
                         "choice", doc="how much each unanswered attack shortens the time to the next collection")
    refusal: float = param(0.6, unit="logit per sd", low=0, high=4, source="modelling choice",
                           doc="how much collective efficacy helps a business to refuse")
    wages: float = param(0.7, unit="share", low=0, high=1, source="Levitt and Venkatesh 2000 (order of magnitude)",
                         doc="share of the income of a group that is paid to its members")
    # turf
    attack: float = param(0.008, unit="per week", low=0, high=1, calibrated=True,
                          source="calibrated to about one fight of groups a year and 1,000 residents",
                          doc="hazard of a contest for a place within reach that pays for sure")
    cost: float = param(2.6, unit="weekly median wages", low=0, high=50, source=_FORM,
                        doc="what a contest costs, a third less for who wins")
    horizon: float = param(12.0, unit="weeks", low=1, high=200, source="modelling choice",
                           doc="weeks of rent that a group looks ahead")
    doubt: float = param(0.35, unit="share of cost", low=0.05, high=3, source="modelling choice",
                         doc="gain at which a contest is likelier than not, as a spread")
    advantage: float = param(0.2, unit="ratio per seller", low=0, high=1, source=_FORM,
                             doc="strength that each established seller at a place adds to its holder")
    reach: float = param(800.0, unit="m", low=100, high=20_000, source="modelling choice; Brantingham et al. 2012",
                         doc="distance from its home at which a group's strength falls to 1/e")
    belief_noise: float = param(0.35, unit="log", low=0, high=2, source="modelling choice",
                                doc="error of what a group sees of another's strength")
    belief_step: float = param(0.25, unit="per week", low=0, high=1, source="modelling choice",
                               doc="how fast beliefs about rivals follow what is seen")
    sanction: float = param(0.8, unit="share of cost", low=0, high=20, source="Braga, Weisburd and Turchan 2018 "
                            "(direction)", doc="cost of a contest that the members' perceived risk of arrest adds")
    more_fights: float = param(1.0, unit="fights", low=0, high=4, source="modelling choice",
                               doc="further fights of a contest within a week, on average")
    # feuds
    retaliation: float = param(0.03, unit="per day", low=0, high=0.045, source="modelling choice; Jacobs and Wright "
                               "2006; keeps the offspring of a fight below 0.6",
                               doc="hazard of a revenge for one unanswered attack")
    forgetting: float = param(0.08, unit="per day", low=0.01, high=1, source="modelling choice",
                              doc="fading of what is owed in revenge")
    discipline: float = param(0.0004, unit="per member and week", low=0, high=0.1, source="modelling choice",
                              doc="hazard of a punishment within a group without cohesion")
    lethal_firearm: float = param(0.16, unit="share", low=0, high=1, calibrated=True,
                                  source="calibrated to homicide rates; Zimring 1968",
                                  doc="fights with a firearm that kill")
    lethal_other: float = param(0.004, unit="share", low=0, high=1, calibrated=True,
                                source="calibrated to homicide rates", doc="fights without a firearm that kill")
    # members
    age: float = param(12.0, unit="years", low=8, high=18, source="Howell and Egley 2005",
                       doc="age from which one may join")
    leave: float = param(0.010, unit="per week", low=0, high=0.2, source="Pyrooz, Sweeten and Piquero 2013 (about two "
                         "years)", doc="hazard of leaving at the usual pay")
    jobless: float = param(0.7, unit="log hazard", low=0, high=3, source="Howell and Egley 2005 (direction)",
                           doc="how much being out of work and school adds to the hazard of joining")
    family: float = param(0.5, unit="log hazard", low=0, high=3, source="Howell and Egley 2005 (direction)",
                          doc="how much a home with at most one adult adds for a minor")
    efficacy: float = param(0.3, unit="log hazard per sd", low=0, high=2, source="Sampson, Raudenbush and Earls 1997 "
                            "(direction)", doc="how much collective efficacy around the home takes off")
    bond: float = param(0.5, unit="log hazard per tie", low=0, high=3, source="modelling choice",
                        doc="how much a tie to somebody who would mind takes off")
    neighbour: float = param(0.05, unit="ties", low=0, high=1, source="modelling choice",
                             doc="exposure by a member who lives within two cells, relative to a member among friends")
    prison: float = param(0.01, unit="per week", low=0, high=0.5, source="Skarbek 2014 (direction); modelling choice",
                          doc="hazard of joining in custody where every inmate is a member")
    # leaders
    split: float = param(0.7, unit="share", low=0, high=1, source="Lindo and Padilla-Romo 2018 (direction); modelling "
                         "choice", doc="chance that a group without leader splits when two heirs are equal")
    quarrel: float = param(3.0, unit="attacks", low=0, high=10, source="modelling choice",
                           doc="what the two halves of a split group owe one another")
    secession: float = param(0.05, unit="per week", low=0, high=1, source="modelling choice",
                             doc="hazard that part of a very large group goes its own way")
    large: float = param(16.0, unit="members", low=5, high=500, source="modelling choice",
                         doc="size at which that hazard is half")
    founding: float = param(0.02, unit="per week", low=0, high=1, source="modelling choice",
                            doc="hazard that sellers at a place nobody holds form a group")
    small: int = param(5, unit="members", low=2, high=20, source="modelling choice",
                       doc="groups below this size are absorbed")
    absorbed: float = param(0.06, unit="per week", low=0, high=1, source="modelling choice",
                            doc="hazard of a small group to be absorbed")

    def check(self, where: str) -> None:
        """A feud must not feed itself: the mean number of revenges that an attack brings stays below 0.6."""
        from sim.errors import SpecError

        offspring = 1.2 * self.retaliation / (self.retaliation + self.forgetting)
        if offspring >= 0.6:
            raise SpecError(f"{where}.retaliation: expected fewer than 0.6 revenges an attack with forgetting "
                            f"{self.forgetting:g}, found {offspring:.2f}")
