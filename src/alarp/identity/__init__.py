"""Who is in this object, and how do they leave it and come back? De- and re-identification, pure."""

from alarp.identity.burned_in import suspicion
from alarp.identity.deidentify import Deidentified, deidentify
from alarp.identity.explicit import Range, Source
from alarp.identity.header import Header, is_nhs_number, read_header
from alarp.identity.identifiers import Identifiers, identifiers_known, identifiers_of
from alarp.identity.match import Disagreement, SentStudy, disagreements
from alarp.identity.mentions import Mentions, mentions_in, others_named, unknown_uids
from alarp.identity.profile import OPTIONS, Profile, SafePrivate
from alarp.identity.pseudonyms import Pseudonyms
from alarp.identity.reidentify import Crosswalk, reidentify
from alarp.identity.returning import ReturnCheck, Shortcoming, shortcomings
from alarp.identity.scan import Leak, scan
from alarp.identity.slices import Gaps, Plane, gaps, planes

__all__ = [
    "OPTIONS",
    "Crosswalk",
    "Deidentified",
    "Disagreement",
    "Gaps",
    "Header",
    "Identifiers",
    "Leak",
    "Mentions",
    "Plane",
    "Profile",
    "Pseudonyms",
    "Range",
    "ReturnCheck",
    "SafePrivate",
    "SentStudy",
    "Shortcoming",
    "Source",
    "deidentify",
    "disagreements",
    "gaps",
    "identifiers_known",
    "identifiers_of",
    "is_nhs_number",
    "mentions_in",
    "others_named",
    "planes",
    "read_header",
    "reidentify",
    "scan",
    "shortcomings",
    "suspicion",
    "unknown_uids",
]
