"""What does the database refuse about products, whoever asks?"""

from alarp.records.guards import UPDATE, Guard, never_deleted, written_once

_STATEMENTS = ("indication", "body_part", "population", "user", "environment", "principle")

GUARDS = (
    never_deleted("products_version", "A product version"),
    Guard(
        "products_version",
        UPDATE,
        "A product version is never renamed; add a new version.",
        "OLD.number <> NEW.number OR OLD.product_id <> NEW.product_id",
    ),
    Guard(
        "products_intendeduse",
        UPDATE,
        "A statement of intended use is never reworded; add a new version.",
        " OR ".join(f"""(OLD."{name}" <> '' AND OLD."{name}" <> NEW."{name}")""" for name in _STATEMENTS),
    ),
    *written_once("products_device", "A statement of device status"),
    *written_once("products_supplierdocument", "A supplier document"),
    *written_once("products_claim", "A claim"),
    *written_once("products_claimlink", "A link between claim and evidence"),
    *written_once("products_unsupportedmark", "A mark on a claim"),
    *written_once("products_duediligenceanswer", "A due diligence answer"),
    *written_once("products_declineacceptance", "An acceptance of a declined answer"),
)
