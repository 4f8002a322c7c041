"""Which standard names do organs have? AAPM TG-263, as data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from alarp.evaluation.contouring.naming import Nomenclature, nomenclature

TG263 = "tg263-2018.1"


@cache
def load_tg263() -> Nomenclature:
    """Which names does TG-263 give to the organs of our templates, with their usual synonyms?"""
    text = files("alarp.standards.evaluation").joinpath(f"{TG263}.yaml").read_text("utf-8")
    return nomenclature(yaml.safe_load(text))
