"""Parameters of the drug market."""

from __future__ import annotations

from dataclasses import dataclass

from sim.errors import SpecError
from sim.mechanism import MechanismParams
from sim.parameters import param


@dataclass(frozen=True)
class DrugParams(MechanismParams):
    """Parameters of supply, sellers, users and treatment.

    Money is given for a city where the median income is 400 a week and scales with the city's own median.
    """

    substances: tuple[str, ...] = param(("opiates and crack", "cocaine"), unit="names", source="modelling choice",
                                        doc="substances; each has its own importers, sellers and users")
    shares: tuple[float, ...] = param((0.45, 0.55), unit="share", low=0, high=1, source="modelling choice; EMCDDA "
                                      "2023 (powder is used by more people)",
                                      doc="share of the occasional users by substance")
    dependence: tuple[float, ...] = param((1.0, 0.3), unit="ratio", low=0, high=20,
                                          source="Lopez-Quintero et al. 2011 (order)",
                                          doc="hazard of dependence of those who use, relative between substances")
    external_price: tuple[float, ...] = param((3.0, 4.0), unit="per dose", low=0.01, high=10_000,
                                              source="Caulkins and Reuter 2010",
                                              doc="price at the edge of the city by substance")
    reference_price: tuple[float, ...] = param((10.0, 12.0), unit="per dose", low=0.02, high=10_000, calibrated=True,
                                               source="Hough et al. bag prices, rounded",
                                               doc="retail price at the start; fixed without interactions")
    substitution: float = param(0.10, unit="per week", low=0, high=2,
                                source="modelling choice; Petry and Bickel 1998 (cross price)",
                                doc="hazard of changing to another substance per unit of the logarithm of the relative "
                                    "price, less a tenth; and of going back when it is gone")
    dependent: float = param(0.013, unit="share of residents 16-64", low=0, high=0.2, calibrated=True,
                             source="Hay et al. 2013, problem drug use about 1 %", doc="dependent users at the start")
    occasional: float = param(0.04, unit="share of residents 16-64", low=0, high=0.4, calibrated=True,
                              source="modelling choice", doc="occasional users at the start")
    # beyond the city
    lead: int = param(14, unit="days", low=1, high=50, source="modelling choice", doc="from order to arrival")
    cover: float = param(7.0, unit="days", low=1, high=90, source="Dobkin and Nicosia 2009 (thin stocks)",
                         doc="days of sales an importer keeps in stock")
    orders_follow: float = param(1.0, unit="share", low=0, high=1, source="modelling choice",
                                 doc="how far orders follow the margin; 0 is a null world for the recovery of prices")
    flow_cap: float = param(4.0, unit="ratio", low=0, high=100, source="modelling choice",
                            doc="most that can come in a day, relative to the sales of day 0")
    stretch: float = param(0.3, unit="share per log", low=0, high=2,
                           source="modelling choice; Cole et al. 2010 (cutting)",
                           doc="fall of purity per unit of the logarithm by which importers' margin is above usual")
    weakest: float = param(0.5, unit="ratio", low=0.1, high=1, source="modelling choice; EMCDDA purity series",
                           doc="purity, relative to the usual one, below which nobody would buy")
    # sellers
    dispute: float = param(0.02, unit="per day", low=0, high=1, source="modelling choice; Reuter 2009",
                           doc="hazard of a violent dispute at a place where a newcomer stands beside others")
    capacity: float = param(14.0, unit="doses a day", low=1, high=500, source="modelling choice",
                            doc="most a seller can serve")
    price_step: float = param(0.06, unit="per day", low=0, high=0.5, source="modelling choice",
                              doc="daily change of the logarithm of a price at full over-demand")
    utilisation: float = param(0.7, unit="share", low=0.1, high=0.95, source="modelling choice",
                               doc="share of capacity at which sellers leave their price alone")
    entry: float = param(0.004, unit="per week", low=0, high=0.5, source="modelling choice",
                         doc="hazard of starting to sell when the gain expected equals the least one would do it for")
    quit: float = param(0.010, unit="per week", low=0, high=0.5, source="Reuter et al. 1990, short careers",
                        doc="hazard of stopping to sell when the gain equals the least one would do it for")
    moral_cost: float = param(120.0, unit="per week", low=0, high=5_000, source="modelling choice",
                              doc="gain that outweighs reluctance at average self-control")
    wage_weight: float = param(0.75, unit="ratio", low=0, high=2, source="Reuter et al. 1990",
                               doc="share of legal income a seller's gain has to replace (0.55 of it for users)")
    presence_weight: float = param(2.0, unit="-", low=0, high=20, source="modelling choice",
                                   doc="how sellers and buyers shun places where police are seen")
    travel: float = param(0.03, unit="per 100 m", low=0, high=1, source="modelling choice",
                          doc="cost of distance, as a share of the price")
    # users
    dose_dependent: float = param(6.0, unit="doses a day", low=0.1, high=30,
                                  source="Hough et al. (most of a median income is spent on drugs)",
                                  doc="median wanted by dependent users if it were free")
    dose_occasional: float = param(0.3, unit="doses a day", low=0.01, high=5, source="modelling choice",
                                   doc="median wanted by occasional users if it were free")
    appetite_sd: float = param(0.5, unit="log", low=0, high=1.5, source="modelling choice", doc="spread of appetites")
    support: float = param(0.25, unit="share", low=0, high=1, source="Hough et al.; Bennett and Holloway 2005",
                           doc="share of dependent users' wanted spending met by begging, favours and family")
    legal_share: float = param(0.3, unit="share of income", low=0, high=1, source="Hough et al.",
                               doc="legal income that dependent users spend on drugs (occasional: a fifth of it)")
    onset: float = param(1.0, unit="ratio", low=0, high=10, source="modelling choice",
                         doc="hazard of dependence, relative to what keeps dependence stationary")
    initiation: float = param(1.0, unit="ratio", low=0, high=10, source="modelling choice",
                              doc="hazard of starting through a using friend, relative to what keeps use stationary")
    strangers: float = param(0.35, unit="share", low=0, high=1,
                             source="modelling choice: most first use is with friends",
                             doc="share of first use, at the start, that comes about without a friend who uses")
    departures: float = param(0.03, unit="per year", low=0, high=0.5, calibrated=True,
                              source="calibrated to stationary numbers of users over twenty years",
                              doc="users lost to death, moving away and lost friends whom first use has to replace too")
    stop: float = param(0.20, unit="per year", low=0, high=5, source="modelling choice",
                        doc="occasional users who stop")
    remission: float = param(0.04, unit="per year", low=0, high=2, source="Hser et al. 2001",
                             doc="dependent users who stop without treatment")
    overdose: float = param(0.0004, unit="per day of use", low=0, high=0.1,
                            source="Martins et al. 2015, about a sixth a year",
                            doc="hazard of overdose, raised by a dose above what the body is used to")
    fatal: float = param(0.03, unit="share", low=0, high=1, source="Darke et al. 2003, 2-4 %",
                         doc="overdoses that kill")
    abstinence: float = param(0.004, unit="per day", low=0, high=0.5, source="modelling choice; Robins 1993 (return "
                              "to places without supply)",
                              doc="hazard of coming off for the dependent who have had next to nothing for months")
    # treatment
    slots: float = param(2.0, unit="per 1,000 residents", low=0, high=50, source="modelling choice",
                         doc="places in treatment before any intervention")
    seek: float = param(0.006, unit="per day", low=0, high=0.5, source="modelling choice",
                        doc="dependent users who ask for treatment")
    give_up: float = param(0.01, unit="per day", low=0, high=0.5, source="modelling choice",
                           doc="leaving the waiting list")
    drop_out: float = param(0.006, unit="per day", low=0, high=0.5, source="Hubbard et al. (TOPS), retention",
                            doc="leaving treatment early, at average self-control")
    completion: float = param(0.0035, unit="per day", low=0, high=0.5, source="Hubbard et al. (TOPS)",
                              doc="finishing treatment, after the first 120 days")
    demand_cut: float = param(0.55, unit="share", low=0, high=1, source="Marsch 1998",
                              doc="fall of the wish for the drug while in treatment")
    relapse: float = param(0.0012, unit="per day", low=0, high=0.1, source="Hser et al. 2001",
                           doc="return to dependence at first; the hazard fades over 500 days")

    def check(self, where: str) -> None:
        """Substances need a share and two prices each."""
        n = len(self.substances)
        if not 1 <= n <= 8:
            raise SpecError(f"{where}.substances: expected 1 to 8 names, found {n}")
        for name in ("shares", "dependence", "external_price", "reference_price"):
            if len(getattr(self, name)) != n:
                found = len(getattr(self, name))
                raise SpecError(f"{where}.{name}: expected {n} values, one per substance, found {found}")
        if abs(sum(self.shares) - 1.0) > 1e-6:
            raise SpecError(f"{where}.shares: expected values that add up to 1, found {sum(self.shares):g}")
