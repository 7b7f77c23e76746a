"""All figures of a network's inside with their alternative texts, by one name to import."""

from rnnlab.report.inside.alt_texts import (
    dependence_alt,
    film_alt,
    growth_alts,
    loop_alt,
    reach_alt,
    saturation_alt,
)
from rnnlab.report.inside.dependence import dependence
from rnnlab.report.inside.film import film
from rnnlab.report.inside.growth import growth_of_dependence, growth_of_predictions
from rnnlab.report.inside.loop import loop
from rnnlab.report.inside.reach import reach
from rnnlab.report.inside.saturation import saturation

__all__ = [
    "dependence",
    "dependence_alt",
    "film",
    "film_alt",
    "growth_alts",
    "growth_of_dependence",
    "growth_of_predictions",
    "loop",
    "loop_alt",
    "reach",
    "reach_alt",
    "saturation",
    "saturation_alt",
]
