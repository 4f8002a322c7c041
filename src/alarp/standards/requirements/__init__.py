"""Which needs does Alarp serve, and what must it do before one counts as served?"""

from alarp.standards.requirements.needs import Need, load_needs, load_sources

__all__ = ["Need", "load_needs", "load_sources"]
