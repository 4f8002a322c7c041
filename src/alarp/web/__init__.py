"""The rooms where people meet the facts: pages, forms, sign-in. See README.md."""

__all__: list[str] = []
