"""What does the database refuse about products, whoever asks?"""

from alarp.records.guards import UPDATE, Guard, never_deleted

GUARDS = (
    never_deleted("products_version", "A product version"),
    Guard(
        "products_version",
        UPDATE,
        "A product version is never renamed; add a new version.",
        "OLD.number <> NEW.number OR OLD.product_id <> NEW.product_id",
    ),
)
