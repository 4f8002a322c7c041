"""The national content as versioned data, read and checked. See README.md."""

from alarp.standards.pathway import load_pathway
from alarp.standards.roles import load_roles

__all__ = ["load_pathway", "load_roles"]
