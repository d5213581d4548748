"""The scoreboard: facts of criminology, measured on stored runs and set against published intervals and null worlds.

`facts.csv` says what is expected, the modules of this folder how it is measured (:func:`analysis.facts.base.measure`),
:mod:`analysis.facts.nulls` what it is measured against and :mod:`analysis.facts.scoring` when it counts.
"""
