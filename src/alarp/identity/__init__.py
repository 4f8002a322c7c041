"""Who is in this object, and how do they leave it and come back? De- and re-identification, pure."""

from alarp.identity.deidentify import Deidentified, deidentify
from alarp.identity.header import Header, is_nhs_number, read_header
from alarp.identity.profile import Profile
from alarp.identity.pseudonyms import Pseudonyms

__all__ = [
    "Deidentified",
    "Header",
    "Profile",
    "Pseudonyms",
    "deidentify",
    "is_nhs_number",
    "read_header",
]
