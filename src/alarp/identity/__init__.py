"""Who is in this object, and how do they leave it and come back? De- and re-identification, pure."""

from alarp.identity.deidentify import Deidentified, deidentify
from alarp.identity.header import Header, is_nhs_number, read_header
from alarp.identity.identifiers import Identifiers, identifiers_of
from alarp.identity.match import Disagreement, SentStudy, disagreements
from alarp.identity.profile import Profile
from alarp.identity.pseudonyms import Pseudonyms
from alarp.identity.reidentify import Crosswalk, reidentify
from alarp.identity.scan import Leak, scan

__all__ = [
    "Crosswalk",
    "Deidentified",
    "Disagreement",
    "Header",
    "Identifiers",
    "Leak",
    "Profile",
    "Pseudonyms",
    "SentStudy",
    "deidentify",
    "disagreements",
    "identifiers_of",
    "is_nhs_number",
    "read_header",
    "reidentify",
    "scan",
]
