"""Displacement and diffusion: what an evaluator measures, and what the paired counterfactual shows.

The quotient and the weighted displacement difference use counts before and after in a target area, its buffer and
controls. The true displacement share needs both worlds with and without the measure, which only a model has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NAN = float("nan")
NOT_DEFINED = "not defined"


@dataclass(frozen=True)
class Quotient:
    """Result of :func:`displacement_quotient`.

    Attributes
    ----------
    success : float
        S: change of target / control; negative is a fall. NaN without a control.
    buffer : float
        B: change of buffer / control.
    wdq : float
        Weighted displacement quotient B / S; NaN when not defined.
    gross, net : float
        Gross effect R_b - R_a and net effect R_b / C_b - R_a / C_a.
    total_net : float
        Total net effect in events: prevented in the target plus prevented in the buffer, against the control's trend.
    reading : str
        What the quotient means, in words; starts with "not defined" when there is none.
    """

    success: float
    buffer: float
    wdq: float
    gross: float
    net: float
    total_net: float
    reading: str


def displacement_quotient(target, buffer, control) -> Quotient:
    """Weighted displacement quotient (Bowers and Johnson 2003) with its guard.

    Parameters
    ----------
    target, buffer, control : (before, after)
        Counts. The quotient exists only where the target fell relative to the control: dividing by a rise would
        print diffusion where there was none.
    """
    (rb, ra), (db, da), (cb, ca) = (map(float, pair) for pair in (target, buffer, control))
    gross = rb - ra
    if cb == 0 or ca == 0:
        return Quotient(NAN, NAN, NAN, gross, NAN, NAN, f"{NOT_DEFINED}: no events in the control")
    success = ra / ca - rb / cb
    spill = da / ca - db / cb
    net = rb / cb - ra / ca
    total = (rb * ca / cb - ra) + (db * ca / cb - da)
    if not success < 0:
        return Quotient(success, spill, NAN, gross, net, total, f"{NOT_DEFINED}: no fall in target")
    wdq = spill / success + 0.0
    return Quotient(success, spill, wdq, gross, net, total, _read(wdq))


def _read(wdq: float) -> str:
    if wdq > 1:
        return "diffusion of benefit larger than the direct effect"
    if wdq > 0:
        return "diffusion of benefit"
    if wdq == 0:
        return "neither displacement nor diffusion"
    if wdq > -1:
        return "displacement smaller than the direct effect"
    if wdq == -1:
        return "displacement as large as the direct effect"
    return "displacement erased the direct effect"


@dataclass(frozen=True)
class Difference:
    """A weighted displacement difference with its standard error (Poisson counts) and z."""

    estimate: float
    se: float

    @property
    def z(self) -> float:
        return self.estimate / self.se if self.se > 0 else NAN

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        from scipy.special import ndtri

        half = float(ndtri(0.5 + level / 2)) * self.se
        return self.estimate - half, self.estimate + half


@dataclass(frozen=True)
class DisplacementDifference:
    """Result of :func:`weighted_displacement_difference`; `warning` is empty when the counts are large enough."""

    local: Difference
    displacement: Difference
    total: Difference
    warning: str


def weighted_displacement_difference(target, control, buffer=(0, 0), buffer_control=(0, 0)) -> DisplacementDifference:
    """Weighted displacement difference (Wheeler and Ratcliffe 2018).

    (T1 - T0) - (C1 - C0) + (D1 - D0) - (Cd1 - Cd0), with the sum of the eight counts as its variance.

    Parameters
    ----------
    target, control, buffer, buffer_control : (before, after)
        Counts in the treated area, its control, the displacement area and its control. Works with zeros.
    """
    groups = [tuple(map(float, g)) for g in (target, control, buffer, buffer_control)]
    change = [after - before for before, after in groups]
    total = [before + after for before, after in groups]
    local = Difference(change[0] - change[1], math.sqrt(total[0] + total[1]))
    moved = Difference(change[2] - change[3], math.sqrt(total[2] + total[3]))
    both = Difference(local.estimate + moved.estimate, math.sqrt(sum(total)))
    small = min(min(g) for g in groups[:2]) < 5
    return DisplacementDifference(
        local, moved, both, "fewer than 5 events in a cell: the normal interval is rough" if small else ""
    )


def harm_weighted_difference(parts, weights) -> Difference:
    """Sum of w_k WDD_k over crime types with variance sum w_k^2 Var_k.

    Parameters
    ----------
    parts : list of DisplacementDifference
    weights : list of float
        Harm of one crime of each type.
    """
    estimate = sum(w * p.total.estimate for p, w in zip(parts, weights, strict=True))
    return Difference(estimate, math.sqrt(sum((w * p.total.se) ** 2 for p, w in zip(parts, weights, strict=True))))


def true_displacement_share(baseline, arm, target, buffer) -> float:
    """Share of the crime prevented in the target that reappears in the buffer, from the paired counterfactual.

    DS = sum over buffer cells of max(0, Y_a - Y_0) / sum over target cells of max(0, Y_0 - Y_a).

    Parameters
    ----------
    baseline, arm : array of float, shape (cells,)
        Crimes by cell, means over paired replications (the more replications, the smaller the upward bias that
        keeping only one sign of a noisy difference brings).
    target, buffer : bool array or array of indices

    Returns
    -------
    float
        NaN when nothing was prevented in the target.
    """
    change = np.asarray(arm, float) - np.asarray(baseline, float)
    prevented = np.maximum(0, -change[target]).sum()
    return float(np.maximum(0, change[buffer]).sum() / prevented) if prevented > 0 else NAN


def net_displacement_share(baseline, arm, target, buffer) -> float:
    """Net change in the buffer over the net fall in the target; NaN when the target did not fall.

    Positive: crime moved next door; negative: the benefit spread. Unlike :func:`true_displacement_share` it is not
    pushed upward by noise.
    """
    change = np.asarray(arm, float) - np.asarray(baseline, float)
    fall = -float(change[target].sum())
    return float(change[buffer].sum()) / fall if fall > 0 else NAN


def ring(treated: np.ndarray, width: int, height: int, inner: float = 0.0, outer: float = 3.0) -> np.ndarray:
    """Cells whose distance to the nearest treated cell is more than `inner` and at most `outer` (in cells).

    Parameters
    ----------
    treated : bool array, shape (width * height,)

    Returns
    -------
    bool array of the same shape, without the treated cells.
    """
    from scipy.ndimage import distance_transform_edt

    treated = np.asarray(treated, bool)
    if not treated.any():
        return np.zeros_like(treated)
    far = distance_transform_edt(~treated.reshape(height, width)).ravel()
    return (far > inner) & (far <= outer) & ~treated
